"""Writes histories: cheap enough for every call, and whole after a kill.

A record is written in one system call when it happens, so a process killed at any moment leaves a
readable file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from loadtest.history import (
    Fail,
    Final,
    Info,
    Invoke,
    Ok,
    Page,
    Reason,
    Record,
    Saw,
    SawChange,
    SawRead,
    Shown,
    digest,
    now,
    shown,
)

GATHERED_BYTES = 1 << 18
UNKNOWN_CODES = frozenset({"unavailable", "internal"})  # answers that do not say what happened


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


class GatheringRecorder(Recorder):
    """Writes many records at once, for a process whose own end nobody rehearses."""

    def __init__(self, path: Path) -> None:
        """As a recorder; `flush` or `close` writes what was gathered."""
        super().__init__(path)
        self._gathered = bytearray()

    def write(self, record: Record) -> None:
        """Add one record; it is with the operating system after the next flush."""
        self._gathered += self._encode(record)
        self._gathered += b"\n"
        if len(self._gathered) >= GATHERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered."""
        os.write(self._file, self._gathered)
        self._gathered.clear()

    def close(self) -> None:
        """No more records."""
        self.flush()
        super().close()


class DeviceRecorder:
    """The history of one device: knows who it is, names its calls and connections."""

    def __init__(self, recorder: Recorder, user: str, device: str) -> None:
        """Write what `device` of `user` does to `recorder`."""
        self._recorder = recorder
        self._user = user
        self._device = device
        self._name = f"{user}/{device}/{os.getpid()}"
        self._calls = 0
        self._connections = 0
        self._connection = f"{self._name}/0"

    def connected(self) -> None:
        """A new connection: what is sent from now on is sent through it."""
        self._connections += 1
        self._connection = f"{self._name}/{self._connections}"

    def invoke(self, name: str, payload: Mapping[str, Any]) -> str:
        """A call goes out; gives the id under which its outcome is told."""
        self._calls += 1
        call = f"{self._name}/{self._calls}"
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
            self.saw(conversation, shown(payload))
        elif name == "change":
            change, mod, seq = payload["type"], payload["mod"], payload["seq"]
            self._add(SawChange, conversation, mod=mod, change=change, seq=seq, by=payload["by"])
        elif name == "read":
            self._add(SawRead, conversation, member=payload["user"], seq=payload["seq"])

    def saw(self, conversation: str, message: Shown) -> None:
        """The server told this device of a message."""
        self._add(Saw, conversation, message=message)

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

    def showed(self, conversation: str, above: int, messages: tuple[Shown, ...], mod: int) -> None:
        """The same of a device that keeps messages and changes alone."""
        view = {"above": above, "messages": messages, "mod": mod}
        self._add(Final, conversation, **view, reads=None, unread=None)

    def _add(self, kind: Callable[..., Record], conversation: str, **fields: Any) -> None:
        self._recorder.write(
            kind(
                at=now(),
                user=self._user,
                device=self._device,
                connection=self._connection,
                conversation=conversation,
                **fields,
            )
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
