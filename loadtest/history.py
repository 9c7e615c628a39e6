"""What clients did and saw, one JSON record a line: the evidence the checker judges by.

A call is an `invoke` and later one of `ok` (acknowledged), `fail` (refused for certain) or `info`
(unknown: a time-out, a lost connection, a store that did not confirm). A call without an outcome
counts as unknown.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

Reason = Literal["lost", "timeout", "unavailable"]


class Shown(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message as somebody was shown it: a device, a page of history, the database."""

    seq: int
    sender: str
    client_id: str
    body: str
    kind: str = "text"
    at: int = 0
    mod: int = 0
    edits: int = 0
    recalled: bool = False
    reactions: dict[str, tuple[str, ...]] = {}

    @property
    def identity(self) -> tuple[int, str, str, str, int]:
        """What no change ever touches."""
        return (self.seq, self.sender, self.client_id, self.kind, self.at)


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Something that happened at `at` (monotonic nanoseconds, one clock for a machine)."""

    at: int
    user: str = ""
    device: str = ""
    connection: str = ""
    conversation: str = ""


class Invoke(Entry, frozen=True, kw_only=True, tag="invoke"):
    """A device makes a call; `body` is the digest of what it sends."""

    id: str
    name: str
    client_id: str = ""
    body: str = ""
    seq: int = 0
    reaction: str = ""
    on: bool = True


class Ok(Entry, frozen=True, kw_only=True, tag="ok"):
    """The call was acknowledged; `time` is the message's `at` on the server's clock."""

    id: str
    seq: int = 0
    mod: int = 0
    time: int = 0
    duplicate: bool = False
    read: int = 0


class Fail(Entry, frozen=True, kw_only=True, tag="fail"):
    """The call was refused: it must have had no effect."""

    id: str
    code: str


class Info(Entry, frozen=True, kw_only=True, tag="info"):
    """Nobody knows whether the call had an effect."""

    id: str
    reason: Reason


class Saw(Entry, frozen=True, kw_only=True, tag="saw"):
    """A device got a `message` event."""

    message: Shown


class SawChange(Entry, frozen=True, kw_only=True, tag="saw_change"):
    """A device got a `change` event."""

    mod: int
    change: str
    seq: int
    by: str


class SawRead(Entry, frozen=True, kw_only=True, tag="saw_read"):
    """A device got a `read` event about a member."""

    member: str
    seq: int


class Page(Entry, frozen=True, kw_only=True, tag="page"):
    """A piece of history somebody read, asked for at `began`.

    It claims to hold everything above number `above` up to `upto`, or up to the end without it.
    """

    via: str
    began: int
    above: int
    upto: int | None
    messages: tuple[Shown, ...]


class Final(Entry, frozen=True, kw_only=True, tag="final"):
    """What a device shows of a conversation once everything has calmed down.

    None is what the device does not keep.
    """

    above: int = 0
    messages: tuple[Shown, ...]
    mod: int | None
    reads: dict[str, int] | None
    unread: int | None


class StoredConversation(Entry, frozen=True, kw_only=True, tag="stored_conversation"):
    """What the database holds about a conversation at the end; None is what nobody looked up."""

    members: tuple[str, ...]
    seq: int
    mod: int
    reads: dict[str, int] | None = {}


class StoredMessage(Entry, frozen=True, kw_only=True, tag="stored_message"):
    """One message of the database's log at the end."""

    message: Shown


class StoredChange(Entry, frozen=True, kw_only=True, tag="stored_change"):
    """One entry of the database's log of changes at the end."""

    mod: int
    change: str
    seq: int
    by: str
    body: str = ""
    reaction: str = ""
    on: bool = True


Record = (
    Invoke
    | Ok
    | Fail
    | Info
    | Saw
    | SawChange
    | SawRead
    | Page
    | Final
    | StoredConversation
    | StoredMessage
    | StoredChange
)


def now() -> int:
    """The clock of all histories of one machine."""
    return time.monotonic_ns()


def digest(body: object) -> str:
    """A short name for a body, so that histories stay small and carry no text."""
    content = msgspec.json.encode(body, order="sorted")
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def shown(message: Mapping[str, Any]) -> Shown:
    """A message off the wire or out of the database, reduced to what is compared."""
    reactions = message.get("reactions") or {}
    return Shown(  # numbers out of MongoDB are of a class of their own
        seq=int(message["seq"]),
        sender=message["sender"],
        client_id=message["client_id"],
        body=digest(message.get("body") or {}),
        kind=message.get("kind", "text"),
        at=int(message.get("at", 0)),
        mod=int(message.get("mod", 0)),
        edits=int(message.get("edits", 0)),
        recalled=message.get("recalled", False),
        reactions={name: tuple(sorted(users)) for name, users in reactions.items() if users},
    )


def read(paths: Iterable[Path]) -> Iterator[Record]:
    """The records of several files; a line cut short by a kill is left out.

    Raises:
        msgspec.DecodeError: a complete line is no record.
    """
    decode = msgspec.json.Decoder(Record).decode
    for path in paths:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield decode(line)
