"""Conversations: begin and find them, my own settings of one."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from chatserver.domain.calls.base import Call, Limit, Users
from chatserver.domain.conversation import (
    SLOW_MODE_MAX_S,
    Avatar,
    History,
    JoinMode,
    RoomSettings,
    Title,
)
from chatserver.domain.membership import Mode
from chatserver.domain.message import ClientId, ConversationId
from chatserver.domain.person import UserId


class SettingsChange(Struct, frozen=True, kw_only=True):
    """Some of a room's settings; what is left out stays."""

    join: JoinMode | UnsetType = UNSET
    history: History | UnsetType = UNSET
    history_last: Annotated[int, Meta(ge=0, le=1000)] | UnsetType = UNSET
    slow_mode_s: Annotated[int, Meta(ge=0, le=SLOW_MODE_MAX_S)] | UnsetType = UNSET
    mention_all: Literal["admins", "everyone"] | UnsetType = UNSET

    def applied_to(self, settings: RoomSettings) -> RoomSettings:
        """The settings after this change."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        known = {name: value for name, value in given.items() if value is not UNSET}
        return structs.replace(settings, **known)


class OpenConversation(Call, frozen=True, kw_only=True, rename={"with_": "with"}):
    """Find or begin the direct conversation with somebody, the same one for ever; or begin a room.

    With kind `service` a customer finds or begins the one conversation with the own shop.

    A `group` or `channel` has a title and perhaps first members, and is the caller's. A `client_id`
    makes beginning a room again harmless: the same id gives the same room.
    """

    name = "conversation.open"
    ack = "conversation"

    kind: Literal["direct", "group", "channel", "service"]
    with_: UserId | None = None
    title: Title | None = None
    client_id: ClientId | None = None
    avatar: Avatar | None = None
    members: Users = ()
    settings: SettingsChange = SettingsChange()


class ListConversations(Call, frozen=True, kw_only=True):
    """My conversations, the one with the latest message first; `after` is the last id I have."""

    name = "conversation.list"
    ack = "conversations, more"

    after: ConversationId | None = None
    limit: Limit = 50


class GetConversation(Call, frozen=True, kw_only=True):
    """One conversation of mine, or as staff a service conversation that I may look at."""

    name = "conversation.get"
    ack = "conversation"

    conversation: ConversationId


class SetPrefs(Call, frozen=True, kw_only=True):
    """Change my own settings of a conversation; what is left out stays."""

    name = "conversation.prefs"
    ack = "conversation"

    conversation: ConversationId
    mode: Mode | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
