"""Every call a client can make: its name, its fields, and what its acknowledgement carries.

PROTOCOL.md is generated from this list, and the gateway takes no event that is not in it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from chatserver.domain.conversation import Mode
from chatserver.domain.message import ClientId, ConversationId, Reaction, Seq
from chatserver.domain.person import DeviceId, UserId
from chatserver.domain.profile import (
    ATTRIBUTES_MAX,
    CHILDREN_MAX,
    AttributeKey,
    AttributeValue,
    ChildKey,
    ConsentVersion,
    Note,
    Purpose,
)

Limit = Annotated[int, Meta(ge=1)]
Number = Annotated[int, Meta(ge=0, le=2**53)]


class Call(Struct, frozen=True, kw_only=True):
    """Something a client asks for; `name` is the Socket.IO event."""

    name: ClassVar[str]
    ack: ClassVar[str]  # the acknowledgement's fields beside `ok`


class OpenConversation(Call, frozen=True, kw_only=True, rename={"with_": "with"}):
    """Find or begin the direct conversation with somebody: the same one for ever."""

    name = "conversation.open"
    ack = "conversation"

    kind: Literal["direct"]
    with_: UserId


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


class GetHistory(Call, frozen=True, kw_only=True):
    """A page of messages, ascending: before, after or around a number; the latest without any."""

    name = "history.get"
    ack = "messages, more"

    conversation: ConversationId
    before: Seq | None = None
    after: Number | None = None
    around: Seq | None = None
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
    """Who of the other members has read message `seq` and who has not."""

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


class UpdateDevice(Call, frozen=True, kw_only=True, rename={"device_name": "name"}):
    """Tell about this device: whether the app is in the foreground, its name."""

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


class GetProfile(Call, frozen=True, kw_only=True):
    """My profile, or as staff that of a customer of my shop: children by their age only."""

    name = "profile.get"
    ack = "profile"

    user: UserId | None = None


class UpdateProfile(Call, frozen=True, kw_only=True):
    """Set attributes and children's birth dates by key, or with null take them away; what is left
    out stays. Staff may do so for a customer of their shop.

    Keys are yours to choose: of an attribute a small letter, then small letters, digits or `_`, 32
    at most; of a child small letters or digits, 16 at most. A profile holds up to 20 attributes
    and, only after `consent.give`, 5 children."""

    name = "profile.update"
    ack = "profile"

    user: UserId | None = None
    attributes: Annotated[
        dict[AttributeKey, AttributeValue | None], Meta(max_length=ATTRIBUTES_MAX)
    ] = {}
    children: Annotated[dict[ChildKey, date | None], Meta(max_length=CHILDREN_MAX)] = {}


class GiveConsent(Call, frozen=True, kw_only=True):
    """Record that I agreed to the text of this version, shown to me apart from everything else.

    Staff may do so on behalf of a customer of their shop, and say in `note` how they know."""

    name = "consent.give"
    ack = "profile"

    purpose: Purpose
    version: ConsentVersion
    user: UserId | None = None
    note: Note | None = None


class WithdrawConsent(Call, frozen=True, kw_only=True):
    """Take my consent back: what was kept under it is deleted. Staff may as with `consent.give`."""

    name = "consent.withdraw"
    ack = "profile"

    purpose: Purpose
    user: UserId | None = None
    note: Note | None = None


CALLS: dict[str, type[Call]] = {
    call.name: call
    for call in (
        OpenConversation, ListConversations, GetConversation, SetPrefs, SendMessage, EditMessage,
        RecallMessage, ReactToMessage, GetHistory, GetChanges, Sync, MarkRead, WhoRead, SetTyping,
        WatchPresence, UnwatchPresence, UpdateDevice, ListDevices, LogoutDevice, RenewToken,
        GetProfile, UpdateProfile, GiveConsent, WithdrawConsent,
    )
}  # fmt: skip
