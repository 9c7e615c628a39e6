"""Every call a client can make: its name, its fields, and what its acknowledgement carries.

PROTOCOL.md is generated from this list, and the gateway takes no event that is not in it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from chatserver.domain.conversation import (
    SLOW_MODE_MAX_S,
    Avatar,
    History,
    JoinMode,
    RoomSettings,
    Title,
)
from chatserver.domain.membership import Mode, RoomRole
from chatserver.domain.message import ClientId, ConversationId, Reaction, Seq
from chatserver.domain.person import DeviceId, ShopId, UserId

Limit = Annotated[int, Meta(ge=1)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
Users = Annotated[tuple[UserId, ...], Meta(max_length=100)]
Time = Annotated[int, Meta(ge=0, le=2**53)]  # ms since 1970 UTC


class Call(Struct, frozen=True, kw_only=True):
    """Something a client asks for; `name` is the Socket.IO event."""

    name: ClassVar[str]
    ack: ClassVar[str]  # the acknowledgement's fields beside `ok`


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

    A `group` or `channel` has a title and perhaps first members, and is the caller's. A `client_id`
    makes beginning a room again harmless: the same id gives the same room.
    """

    name = "conversation.open"
    ack = "conversation"

    kind: Literal["direct", "group", "channel"]
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
    """One conversation of mine."""

    name = "conversation.get"
    ack = "conversation"

    conversation: ConversationId


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
    """A page of a room's members by user id, of certain people with `users`; `state` also finds
    who is `invited` or has `asked` to come in, and who is `banned`. Those only admins see."""

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


class SetPrefs(Call, frozen=True, kw_only=True):
    """Change my own settings of a conversation; what is left out stays."""

    name = "conversation.prefs"
    ack = "conversation"

    conversation: ConversationId
    mode: Mode | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    archived: bool | UnsetType = UNSET


class SendMessage(Call, frozen=True, kw_only=True):
    """Store a message. The acknowledgement means stored for good; a retry with the same
    `client_id` gets the first one's number again and `duplicate: true`."""

    name = "message.send"
    ack = "seq, at, duplicate?"

    conversation: ConversationId
    client_id: ClientId
    kind: Literal["text"]
    body: dict[str, Any]
    reply_to: Seq | None = None
    mentions: Annotated[tuple[UserId, ...], Meta(max_length=50)] = ()
    mention_all: bool = False
    retry: bool = False


class ForwardMessages(Call, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Send messages of one conversation on to another: one as it is, several as one card."""

    name = "message.forward"
    ack = "seq, at, duplicate?"

    conversation: ConversationId
    client_id: ClientId
    from_: ConversationId
    seqs: Annotated[tuple[Seq, ...], Meta(min_length=1, max_length=50)]
    retry: bool = False


class EditMessage(Call, frozen=True, kw_only=True):
    """Replace the text of my message."""

    name = "message.edit"
    ack = "mod"

    conversation: ConversationId
    seq: Seq
    body: dict[str, Any]


class RecallMessage(Call, frozen=True, kw_only=True):
    """Take my message back; a tombstone keeps its number."""

    name = "message.recall"
    ack = "mod"

    conversation: ConversationId
    seq: Seq


class ReactToMessage(Call, frozen=True, kw_only=True):
    """Add my reaction to a message, or with `on: false` take it away."""

    name = "message.react"
    ack = "mod"

    conversation: ConversationId
    seq: Seq
    reaction: Reaction
    on: bool = True


class PinMessage(Call, frozen=True, kw_only=True):
    """Pin a message for everybody, or with `on: false` take the pin away."""

    name = "message.pin"
    ack = "mod"

    conversation: ConversationId
    seq: Seq
    on: bool = True


class DeleteMessage(Call, frozen=True, kw_only=True):
    """Delete a message for me alone, on all my devices; or with `up_to` everything until there."""

    name = "message.delete"
    ack = "mod"

    conversation: ConversationId
    seq: Seq | None = None
    up_to: Seq | None = None


class GetHistory(Call, frozen=True, kw_only=True):
    """A page of messages, ascending: before, after or around a number; the latest without any.

    With `pinned` the pinned ones alone, the latest 100 of them.
    """

    name = "history.get"
    ack = "messages, more"

    conversation: ConversationId
    before: Seq | None = None
    after: Number | None = None
    around: Seq | None = None
    pinned: bool = False
    limit: Limit | None = None


class GetChanges(Call, frozen=True, kw_only=True):
    """A page of changes after `mod` number `after`, ascending."""

    name = "changes.get"
    ack = "changes, more"

    conversation: ConversationId
    after: Number
    limit: Limit | None = None


class Sync(Call, frozen=True, kw_only=True):
    """What moved since this device was last here.

    `have` names the conversations the device holds with the `[seq, mod]` it has of each. `token`
    is that of the last answer: with `more: true` it fetches the next page of this sync, otherwise
    it spares telling what did not move since. Live events are held back until the answer is out.
    """

    name = "sync"
    ack = "conversations, badge, token, more"

    have: dict[ConversationId, tuple[Number, Number]] = {}
    token: Annotated[str, Meta(max_length=200)] | None = None


class MarkRead(Call, frozen=True, kw_only=True):
    """I have read everything up to `seq`; going back changes nothing."""

    name = "read.mark"
    ack = "read, unread"

    conversation: ConversationId
    seq: Seq


class WhoRead(Call, frozen=True, kw_only=True):
    """Who of the other members has read message `seq` and who has not: those who may see it.

    In a room its sender may ask, and admins. Above 500 members there are counts and no names.
    """

    name = "read.who"
    ack = "read, unread, read_count, unread_count"

    conversation: ConversationId
    seq: Seq
    limit: Limit = 100


class SetTyping(Call, frozen=True, kw_only=True):
    """I am typing, or have stopped."""

    name = "typing"
    ack = ""

    conversation: ConversationId
    on: bool


class WatchPresence(Call, frozen=True, kw_only=True):
    """Be told when these people come and go; people I share no conversation with are left out."""

    name = "presence.watch"
    ack = "presence"

    users: Annotated[tuple[UserId, ...], Meta(max_length=200)]


class UnwatchPresence(Call, frozen=True, kw_only=True):
    """No longer be told about these people."""

    name = "presence.unwatch"
    ack = ""

    users: Annotated[tuple[UserId, ...], Meta(max_length=200)]


class GetShopStatus(Call, frozen=True, kw_only=True):
    """Whether a consultant or manager of a shop is online, and how soon customers get an answer.

    `answers_in_ms` is in whole minutes, the middle one of the latest answers of two weeks; null
    while there are too few. A shop that nobody knows is one where nobody is.
    """

    name = "shop.status"
    ack = "online, answers_in_ms"

    shop: ShopId


class UpdateDevice(Call, frozen=True, kw_only=True, rename={"device_name": "name"}):
    """Tell about this device: whether the app is in the foreground, its name.

    After connecting it counts as in the foreground until it says otherwise.
    """

    name = "device.update"
    ack = ""

    foreground: bool | UnsetType = UNSET
    device_name: Annotated[str, Meta(max_length=100)] | UnsetType = UNSET


class ListDevices(Call, frozen=True, kw_only=True):
    """My devices."""

    name = "device.list"
    ack = "devices"


class LogoutDevice(Call, frozen=True, kw_only=True):
    """Log out one of my devices, this one without `device`, or with `all` every one of them:
    its tokens are revoked and its connections end within two seconds."""

    name = "device.logout"
    ack = ""

    device: DeviceId | None = None
    all: bool = False


class RenewToken(Call, frozen=True, kw_only=True):
    """Go on with a new token of the same person, without reconnecting."""

    name = "auth.renew"
    ack = "exp"

    token: Annotated[str, Meta(max_length=4096)]


CALLS: dict[str, type[Call]] = {
    call.name: call
    for call in (
        OpenConversation, ListConversations, GetConversation, JoinConversation, LeaveConversation,
        UpdateConversation, ListMembers, AddMembers, RemoveMember, BanMember, SetMemberRole,
        MuteMembers, SetPrefs, SendMessage, ForwardMessages, EditMessage, RecallMessage,
        ReactToMessage, PinMessage, DeleteMessage, GetHistory, GetChanges, Sync, MarkRead, WhoRead,
        SetTyping, WatchPresence, UnwatchPresence, GetShopStatus, UpdateDevice, ListDevices,
        LogoutDevice, RenewToken,
    )
}  # fmt: skip
