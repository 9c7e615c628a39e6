"""What clients did and saw, one JSON record a line: the evidence the checker judges by.

A call is an `invoke` and later one of `ok` (acknowledged), `fail` (refused for certain) or `info`
(unknown: a time-out, a lost connection, a store that did not confirm). A record is written in one
system call when it happens, so a process killed at any moment leaves a readable file; a call
without an outcome counts as unknown.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import msgspec
from msgspec import Struct

Reason = Literal["lost", "timeout", "unavailable"]
UNKNOWN_CODES = frozenset({"unavailable", "internal"})  # answers that do not say what happened


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
    """What a device shows of a conversation once everything has calmed down."""

    above: int = 0
    messages: tuple[Shown, ...]
    mod: int
    reads: dict[str, int]
    unread: int


class StoredConversation(Entry, frozen=True, kw_only=True, tag="stored_conversation"):
    """What the database holds about a conversation at the end."""

    members: tuple[str, ...]
    seq: int
    mod: int
    reads: dict[str, int] = {}


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


class Recorder:
    """Appends records to a file, each in one unbuffered write."""

    def __init__(self, path: Path) -> None:
        """Continue the history at `path` after its last whole line, or begin it."""
        _cut_torn_line(path)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._encode = msgspec.json.Encoder().encode

    def write(self, record: Record) -> None:
        """Add one record; it is with the operating system when this returns."""
        os.write(self._file, self._encode(record) + b"\n")

    def close(self) -> None:
        """No more records."""
        os.close(self._file)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class DeviceRecorder:
    """The history of one device: knows who it is, names its calls and connections."""

    def __init__(self, recorder: Recorder, user: str, device: str) -> None:
        """Write what `device` of `user` does to `recorder`."""
        self._recorder = recorder
        self._user = user
        self._device = device
        self._calls = 0
        self._connections = 0

    def connected(self) -> None:
        """A new connection: what is sent from now on is sent through it."""
        self._connections += 1

    def invoke(self, name: str, payload: Mapping[str, Any]) -> str:
        """A call goes out; gives the id under which its outcome is told."""
        self._calls += 1
        call = f"{self._user}/{self._device}/{os.getpid()}/{self._calls}"
        body = payload.get("body")
        self._add(
            Invoke,
            payload.get("conversation", ""),
            id=call,
            name=name,
            client_id=payload.get("client_id", ""),
            body="" if body is None else digest(body),
            seq=payload.get("seq", 0),
            reaction=payload.get("reaction", ""),
            on=payload.get("on", True),
        )
        return call

    def outcome(self, call: str, ack: Mapping[str, Any]) -> None:
        """The call was answered."""
        if ack.get("ok") is True:
            fields = {
                name: ack[name] for name in ("seq", "mod", "duplicate", "read") if name in ack
            }
            if not isinstance(fields.get("read", 0), int):  # `read.who` lists people there
                del fields["read"]
            self._add(Ok, "", id=call, time=ack.get("at", 0), **fields)
        elif ack.get("code") in UNKNOWN_CODES:
            self.unknown(call, "unavailable")
        else:
            self._add(Fail, "", id=call, code=str(ack.get("code")))

    def unknown(self, call: str, reason: Reason) -> None:
        """The call was not answered, or by an answer that leaves it open."""
        self._add(Info, "", id=call, reason=reason)

    def event(self, name: str, payload: Mapping[str, Any]) -> None:
        """The server told this device something; what the checker has no use for is passed over."""
        conversation = payload.get("conversation", "")
        if name == "message":
            self._add(Saw, conversation, message=shown(payload))
        elif name == "change":
            change, mod, seq = payload["type"], payload["mod"], payload["seq"]
            self._add(SawChange, conversation, mod=mod, change=change, seq=seq, by=payload["by"])
        elif name == "read":
            self._add(SawRead, conversation, member=payload["user"], seq=payload["seq"])

    def page(self, via: str, began: int, asked: Mapping[str, Any], ack: Mapping[str, Any]) -> None:
        """A page of `history.get` came, asked for with `asked` at `began` (from `now()`)."""
        messages = tuple(shown(message) for message in ack["messages"])
        above, upto = claimed(asked, messages, more=ack["more"])
        self._add(
            Page,
            asked["conversation"],
            via=via,
            began=began,
            above=above,
            upto=upto,
            messages=messages,
        )

    def final(self, conversation: str, view: Mapping[str, Any]) -> None:
        """What this device shows at the end: `messages`, `mod`, `reads`, `unread`, `above`."""
        messages = tuple(shown(message) for message in view["messages"])
        self._add(Final, conversation, **{**view, "messages": messages})

    def _add(self, kind: Callable[..., Record], conversation: str, **fields: Any) -> None:
        self._recorder.write(
            kind(
                at=now(),
                user=self._user,
                device=self._device,
                connection=f"{self._user}/{self._device}/{os.getpid()}/{self._connections}",
                conversation=conversation,
                **fields,
            )
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


def claimed(
    asked: Mapping[str, Any], messages: tuple[Shown, ...], *, more: bool
) -> tuple[int, int | None]:
    """The range that an answer to `history.get` claims to hold: above which, up to which number."""
    if asked.get("around") is not None:
        return (messages[0].seq - 1, messages[-1].seq) if messages else (0, 0)
    if asked.get("after") is not None:
        return asked["after"], messages[-1].seq if more and messages else None
    upto = asked["before"] - 1 if asked.get("before") else None
    return (messages[0].seq - 1 if more and messages else 0), upto


def _cut_torn_line(path: Path) -> None:
    if path.exists():
        content = path.read_bytes()
        os.truncate(path, content.rfind(b"\n") + 1)


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
