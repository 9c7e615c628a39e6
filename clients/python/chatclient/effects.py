"""What the state asks its driver to do: fetch something, or (an event) tell the application."""

from __future__ import annotations

from msgspec import Struct

from chatclient.events import ChatEvent


class FetchHistory(Struct, frozen=True):
    """Get a page of messages; `era` tells an answer from before a reset."""

    conversation: str
    era: int
    after: int | None = None
    before: int | None = None


class FetchChanges(Struct, frozen=True):
    """Get a page of changes after number `after`."""

    conversation: str
    era: int
    after: int


class FetchConversation(Struct, frozen=True):
    """Get how the server describes a conversation."""

    conversation: str


class FetchNames(Struct, frozen=True):
    """Find out what these people of a room are called."""

    conversation: str
    users: tuple[str, ...]


class SyncAgain(Struct, frozen=True):
    """Ask the server what moved."""


Command = FetchHistory | FetchChanges | FetchConversation | FetchNames | SyncAgain
Effect = Command | ChatEvent
