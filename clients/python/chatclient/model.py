"""What the server tells, as frozen types. Fields this client does not know are passed over.

Times are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct, structs

from chatclient.room import Me, Room

UNCOUNTED = frozenset({"void", "system"})  # kinds that are never unread
MUTED = frozenset({"silent", "none"})  # modes that are counted, but not on the badge


class Device(Struct, frozen=True):
    """What this installation says of itself; `id` stays the same as long as it is installed."""

    id: str
    platform: str = "desktop"
    name: str = ""


class Person(Struct, frozen=True, kw_only=True):
    """A person as others see them."""

    user: str
    name: str = ""
    role: str = ""
    shop: str | None = None


class Head(Struct, frozen=True):
    """The last numbers of a conversation's two logs."""

    seq: int = 0
    mod: int = 0


class Prefs(Struct, frozen=True):
    """My own settings of a conversation.

    `hidden` are the messages I deleted for myself, as is everything up to `cleared`.
    """

    mode: str = "all"
    pinned: bool = False
    archived: bool = False
    cleared: int = 0
    hidden: tuple[int, ...] = ()

    def deleted(self, seq: int) -> bool:
        """Whether I deleted this message for myself."""
        return seq <= self.cleared or seq in self.hidden


class Member(Struct, frozen=True, kw_only=True):
    """A member, and how far this person has come."""

    user: str
    name: str = ""
    role: str = ""
    read: int = 0
    delivered: int = 0


class Forwarded(Struct, frozen=True, kw_only=True):
    """Whose message it was first, and when it was said."""

    sender: str
    name: str = ""
    at: int = 0


class Message(Struct, frozen=True, kw_only=True, rename={"message_class": "class"}):
    """A stored message; `mod` is the number of the last change applied to it.

    A `system` message has no sender: its body says what happened in the room. `deleted`: I deleted
    it for myself. `message_class` says how people are notified of it.
    """

    conversation: str
    seq: int
    client_id: str
    sender: str
    kind: str
    body: dict[str, Any]
    at: int
    reply_to: int | None = None
    mentions: tuple[str, ...] = ()
    edited_at: int | None = None
    edits: int = 0
    recalled: bool = False
    reactions: dict[str, tuple[str, ...]] = {}
    mod: int = 0
    mention_all: bool = False
    forwarded: Forwarded | None = None
    pinned: bool = False
    deleted: bool = False
    message_class: str = "chat"

    @property
    def text(self) -> str:
        """The text of a text message, else nothing."""
        text = self.body.get("text", "")
        return text if isinstance(text, str) else ""

    def counts_for(self, user: str) -> bool:
        """Whether this message is unread for a person who has not come this far."""
        gone = self.recalled or self.deleted
        return self.sender != user and not gone and self.kind not in UNCOUNTED

    def mentioned(self, user: str) -> bool:
        """Whether it mentions this person, or everybody."""
        return self.mention_all or user in self.mentions


class Draft(Struct, frozen=True, kw_only=True):
    """A message that this device made and nobody has numbered yet."""

    conversation: str
    client_id: str
    body: dict[str, Any]
    at: int
    kind: str = "text"
    reply_to: int | None = None
    mentions: tuple[str, ...] = ()
    mention_all: bool = False
    message_class: str = "chat"


class Change(Struct, frozen=True, kw_only=True):
    """What `by` did to message `seq`, as number `mod` of the conversation's second log.

    A `void` one is about a message that I do not see.
    """

    conversation: str
    mod: int
    type: str
    seq: int
    by: str
    at: int
    body: dict[str, Any] | None = None
    reaction: str | None = None
    on: bool | None = None


class ConversationView(Struct, frozen=True, kw_only=True):
    """A conversation as the server describes it to me; `members` are those of a direct one."""

    id: str
    kind: str = "direct"
    created_at: int = 0
    members: tuple[Member, ...] = ()
    room: Room | None = None
    me: Me = Me()
    head: Head = Head()
    read: int = 0
    unread: int = 0
    mentions: int = 0
    last: Message | None = None
    my: Prefs = Prefs()


class SyncedConversation(ConversationView, frozen=True, kw_only=True):
    """A conversation with the first page of what this device is missing."""

    messages: tuple[Message, ...] = ()
    changes: tuple[Change, ...] = ()
    more: bool = False
    reset: bool = False


class Ready(Struct, frozen=True, kw_only=True):
    """The connection is accepted."""

    me: Person
    device: str
    time: int
    limits: dict[str, int] = {}
    protocol: int = 1


class Sent(Struct, frozen=True):
    """A message is stored for good, under this number; `body` where it is not what was sent."""

    seq: int
    at: int
    duplicate: bool = False
    body: dict[str, Any] | None = None


class HistoryPage(Struct, frozen=True):
    """Messages, ascending, and whether there are more in that direction."""

    messages: tuple[Message, ...]
    more: bool = False


class ChangesPage(Struct, frozen=True):
    """Changes, ascending, and whether there are more."""

    changes: tuple[Change, ...]
    more: bool = False


class Counts(Struct, frozen=True):
    """Unread messages and mentions."""

    unread: int = 0
    mentions: int = 0


class SyncPage(Struct, frozen=True, kw_only=True):
    """One page of what moved since this device was last here."""

    conversations: tuple[SyncedConversation, ...] = ()
    badge: Counts = Counts()
    token: str | None = None
    more: bool = False


class ConversationPage(Struct, frozen=True, kw_only=True):
    """My conversations, the one with the latest message first."""

    conversations: tuple[ConversationView, ...]
    more: bool = False


class ReadMarked(Struct, frozen=True):
    """How far I have read, and what is left."""

    read: int
    unread: int = 0


class WhoRead(Struct, frozen=True, kw_only=True):
    """Who of the other members has read a message and who has not."""

    read: tuple[Any, ...] = ()
    unread: tuple[Any, ...] = ()
    read_count: int = 0
    unread_count: int = 0


class Presence(Struct, frozen=True):
    """Whether somebody is `online`, `away` (connected, but not looking) or `offline`, and since
    when the latter, in ms; None where that is not known."""

    state: str
    last_seen: int | None = None


class ShopStatus(Struct, frozen=True):
    """Whether somebody serves in a shop now, and in how many ms half of its answers came; None
    while there are too few."""

    online: bool
    answers_in_ms: int | None = None


def apply(message: Message, change: Change) -> Message:
    """The message after the change; changes that it already holds leave it as it is."""
    if change.mod <= message.mod:
        return message
    if change.type == "edit":
        return _edited(message, change)
    if change.type == "recall":
        bare = _bare(message)
        return structs.replace(bare, recalled=True, pinned=False, mod=change.mod)
    if change.type == "react":
        return _reacted(message, change)
    if change.type == "pin":
        return structs.replace(message, pinned=bool(change.on), mod=change.mod)
    return structs.replace(message, mod=change.mod)


def deleted(message: Message) -> Message:
    """The message as it is shown to who deleted it."""
    return structs.replace(_bare(message), deleted=True)


def _bare(message: Message) -> Message:
    return structs.replace(
        message, body={}, mentions=(), mention_all=False, reactions={}, forwarded=None
    )


def _edited(message: Message, change: Change) -> Message:
    return structs.replace(
        message,
        body=change.body or {},
        edited_at=change.at,
        edits=message.edits + 1,
        mod=change.mod,
    )


def _reacted(message: Message, change: Change) -> Message:
    reaction = change.reaction or ""
    people = tuple(user for user in message.reactions.get(reaction, ()) if user != change.by)
    if change.on:
        people = (*people, change.by)
    reactions = {**message.reactions, reaction: people}
    kept = {name: users for name, users in reactions.items() if users}
    return structs.replace(message, reactions=kept, mod=change.mod)


def plain(value: object) -> Any:
    """A value as plain data for the wire, its empty fields left out."""
    data = msgspec.to_builtins(value)
    return {k: v for k, v in data.items() if v is not None} if isinstance(data, dict) else data
