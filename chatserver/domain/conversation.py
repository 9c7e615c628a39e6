"""A conversation, its members, and how one person sees it."""

from __future__ import annotations

import hashlib
from typing import Literal

from msgspec import Struct

from chatserver.domain.message import Change, Message
from chatserver.domain.person import Role
from chatserver.errors import Invalid

ConversationKind = Literal["direct"]
Mode = Literal["all", "mentions", "silent", "none"]

MUTED: frozenset[Mode] = frozenset({"silent", "none"})  # counted, but not on the badge


class Conversation(Struct, frozen=True, kw_only=True):
    """What never changes about a direct conversation."""

    id: str
    kind: ConversationKind
    members: tuple[str, ...]
    created_at: int

    def others(self, user: str) -> tuple[str, ...]:
        """The members but this one."""
        return tuple(member for member in self.members if member != user)


class Head(Struct, frozen=True):
    """The last numbers of a conversation's two logs."""

    seq: int = 0
    mod: int = 0


class Prefs(Struct, frozen=True):
    """One member's own settings of a conversation."""

    mode: Mode = "all"
    pinned: bool = False
    archived: bool = False


class Cursor(Struct, frozen=True, kw_only=True):
    """How far one member has come in a conversation."""

    conversation: str
    user: str
    read: int = 0
    delivered: int = 0
    prefs: Prefs = Prefs()
    touched_at: int = 0


class Member(Struct, frozen=True, kw_only=True):
    """A member as the other members see them."""

    user: str
    name: str
    role: Role
    read: int
    delivered: int


class ConversationView(Struct, frozen=True, kw_only=True):
    """A conversation as one person sees it: the form in which clients get it."""

    id: str
    kind: ConversationKind
    created_at: int
    members: tuple[Member, ...]
    head: Head
    read: int
    unread: int
    mentions: int
    last: Message | None
    my: Prefs


class Unread(Struct, frozen=True):
    """What a person has not read: messages that count, and those that mention the person."""

    unread: int = 0
    mentions: int = 0


class SyncedConversation(ConversationView, frozen=True, kw_only=True):
    """A conversation with the first page of what a device is missing.

    `more` says that further messages or changes are to be fetched by range; `reset` that the
    device was away too long: it forgets what it has of this conversation and starts afresh from
    `messages`.
    """

    messages: tuple[Message, ...] = ()
    changes: tuple[Change, ...] = ()
    more: bool = False
    reset: bool = False


def direct_id(one: str, other: str) -> str:
    """The id of the conversation of two people: the same whoever asks, and for ever.

    Raises:
        Invalid: somebody wants to talk to themselves.
    """
    if one == other:
        raise Invalid("A conversation needs somebody else", path="with")
    pair = "\0".join(sorted((one, other)))
    return "d" + hashlib.blake2b(pair.encode(), digest_size=15).hexdigest()
