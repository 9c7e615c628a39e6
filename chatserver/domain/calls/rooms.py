"""Rooms: come and go, look after one and its members."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from chatserver.domain.calls.base import Call, Limit, Time, Users
from chatserver.domain.calls.conversations import SettingsChange
from chatserver.domain.conversation import (
    Avatar,
    Title,
)
from chatserver.domain.membership import RoomRole
from chatserver.domain.message import ConversationId
from chatserver.domain.person import UserId


class JoinConversation(Call, frozen=True, kw_only=True):
    """Come into a room, accept an invitation, or ask to be let in, as the room's settings say;
    `me.state` in the answer tells which."""

    name = "conversation.join"
    ack = "conversation"

    conversation: ConversationId


class LeaveConversation(Call, frozen=True, kw_only=True):
    """Leave a room, or decline an invitation; I keep what I could see until then."""

    name = "conversation.leave"
    ack = "conversation"

    conversation: ConversationId


class UpdateConversation(Call, frozen=True, kw_only=True):
    """Change what a room shows of itself, and its settings; what is left out stays."""

    name = "conversation.update"
    ack = "conversation"

    conversation: ConversationId
    title: Title | UnsetType = UNSET
    avatar: Avatar | UnsetType | None = UNSET
    announcement: Annotated[str, Meta(max_length=2000)] | UnsetType | None = UNSET
    settings: SettingsChange | UnsetType = UNSET


class ListMembers(Call, frozen=True, kw_only=True):
    """A page of a room's members by user id; `state` also finds who is `invited` or has `asked` to
    come in, and who is `banned`. Those only admins see.

    With `users` certain people: members, and who was one and `left`. In a channel members find
    its admins so.
    """

    name = "conversation.members"
    ack = "members, more"

    conversation: ConversationId
    state: Literal["in", "invited", "asked", "banned"] = "in"
    users: Users = ()
    after: UserId | None = None
    limit: Limit = 100


class AddMembers(Call, frozen=True, kw_only=True):
    """Bring people into a room: staff at once, others by an invitation; or let in who asked."""

    name = "conversation.add"
    ack = "conversation"

    conversation: ConversationId
    users: Annotated[tuple[UserId, ...], Meta(min_length=1, max_length=100)]


class RemoveMember(Call, frozen=True, kw_only=True):
    """Send a member away, take back an invitation, or refuse who asked to come in."""

    name = "conversation.remove"
    ack = "conversation"

    conversation: ConversationId
    user: UserId


class BanMember(Call, frozen=True, kw_only=True):
    """Send somebody away and keep them out, `until` a time or for ever; a past time lifts it."""

    name = "conversation.ban"
    ack = "conversation"

    conversation: ConversationId
    user: UserId
    until: Time | None = None


class SetMemberRole(Call, frozen=True, kw_only=True):
    """Make a member admin, or a plain member again; `owner` hands the room over."""

    name = "conversation.role"
    ack = "conversation"

    conversation: ConversationId
    user: UserId
    role: RoomRole


class MuteMembers(Call, frozen=True, kw_only=True, rename={"except_": "except"}):
    """Keep a member, or without `user` everybody but admins and `except`, from writing until a
    time; a past time lifts it."""

    name = "conversation.mute"
    ack = "conversation"

    conversation: ConversationId
    until: Time
    user: UserId | None = None
    except_: Users = ()
