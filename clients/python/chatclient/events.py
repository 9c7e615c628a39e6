"""What this client tells its application: frozen types, each with the name for `chat.on`."""

from __future__ import annotations

from typing import ClassVar, Literal

from msgspec import Struct

from chatclient.model import Change, Message

Phase = Literal["connecting", "syncing", "connected", "waiting", "stopped"]


class ChatEvent(Struct, frozen=True):
    """Something the application may want to show."""

    name: ClassVar[str] = ""


class MessageAdded(ChatEvent, frozen=True):
    """A new message stands at the end of a conversation, in order and without a gap before it."""

    name = "message"

    message: Message


class MessageChanged(ChatEvent, frozen=True):
    """A message was edited, recalled or reacted to; `message` is how it now stands."""

    name = "change"

    message: Message
    change: Change


class HistoryChanged(ChatEvent, frozen=True):
    """Older messages were loaded, or after a long absence the conversation starts afresh."""

    name = "history"

    conversation: str


class ConversationUpdated(ChatEvent, frozen=True):
    """Something about a conversation moved: counts, members, settings; or it is new, or gone."""

    name = "conversation"

    conversation: str


class ReadMoved(ChatEvent, frozen=True):
    """A member, perhaps I on another device, has read everything up to `seq`."""

    name = "read"

    conversation: str
    user: str
    seq: int


class DeliveredMoved(ChatEvent, frozen=True):
    """A device of a member has everything up to `seq`."""

    name = "delivered"

    conversation: str
    user: str
    seq: int


class TypingChanged(ChatEvent, frozen=True):
    """A member is typing, or has stopped."""

    name = "typing"

    conversation: str
    user: str
    on: bool


class PresenceChanged(ChatEvent, frozen=True):
    """A watched person came or went."""

    name = "presence"

    user: str
    state: str
    last_seen: int | None = None


class BadgeChanged(ChatEvent, frozen=True):
    """My unread messages and mentions over all conversations that are not muted."""

    name = "badge"

    unread: int
    mentions: int


class PendingChanged(ChatEvent, frozen=True):
    """A message of mine on its way changed its state: sending, sent, failed or discarded."""

    name = "pending"

    conversation: str
    client_id: str
    state: str


class ConnectionChanged(ChatEvent, frozen=True):
    """The connection; `retry_in_ms` while waiting, `code` and `message` say why it is down."""

    name = "connection"

    phase: Phase
    retry_in_ms: int | None = None
    code: str | None = None
    message: str | None = None


class Lagged(ChatEvent, frozen=True):
    """The application was slow and `missed` events were left out: read the state instead."""

    name = "lagged"

    missed: int
