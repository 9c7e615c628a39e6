"""What stands around a socket or an engine, noting what it is told."""

from __future__ import annotations

import asyncio
from typing import Any

from chatserver.gateway.engine.errors import ProtocolError
from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.request import Request
from chatserver.gateway.engine.sockets import Socket
from chatserver.gateway.engine.websocket import NORMAL

REQUEST = Request("/socket.io/?EIO=4&transport=websocket", b"", "127.0.0.1")


class Carrier:
    """A way out that a test can fill."""

    name = "fake"
    at_once = 16

    def __init__(self) -> None:
        self.full = False
        self.sent: list[list[str]] = []
        self.ends: list[object] = []

    def send(self, frames: list[Frame]) -> None:
        self.sent.append([frame.text for frame in frames])

    def close(self, code: int = NORMAL) -> None:
        self.ends.append(code)

    def abort(self) -> None:
        self.ends.append("aborted")

    @property
    def packets(self) -> list[str]:
        return [packet for packets in self.sent for packet in packets]


class Keeper:
    """An engine for one socket; a turn ends when the test says so."""

    def __init__(self, shed_bytes: int = 10_000, outbox_bytes: int = 20_000) -> None:
        self.shed_bytes = shed_bytes
        self.outbox_bytes = outbox_bytes
        self.carrier = Carrier()
        self.told: list[str] = []
        self.shedded = 0
        self._unflushed: list[Socket] = []
        self.socket = Socket("s", REQUEST, self)
        self.socket.carrier = self.carrier

    def end_turn(self) -> None:
        unflushed, self._unflushed = self._unflushed, []
        for socket in unflushed:
            socket.flush()

    def flush_soon(self, *sockets: Socket) -> None:
        self._unflushed.extend(sockets)

    def shed(self) -> None:
        self.shedded += 1

    def received(self, socket: Socket, packet: str | bytes) -> None:
        self.told.append(f"received {packet!r}")

    def hung_up(self, socket: Socket) -> None:
        self.told.append("hung up")

    def closing(self, socket: Socket, reason: str) -> None:
        self.told.append(reason)

    def gone(self, socket: Socket) -> None:
        self.told.append("gone")


class Listener:
    """An application that notes, and fails where a client asks for it."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.heard: list[str] = []
        self.ended: list[str] = []
        self.shedded = 0
        self.refusal: Exception | None = None

    def opened(self, socket: Socket) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.sockets.append(socket)

    def received(self, socket: Socket, data: str) -> None:
        self.heard.append(data)
        if data == "break the protocol":
            raise ProtocolError("as asked")
        if data == "fail":
            raise ValueError("as asked")

    def closed(self, socket: Socket, reason: str) -> None:
        self.ended.append(reason)

    def shed(self) -> None:
        self.shedded += 1


class Pipe(asyncio.Transport):
    """A transport that notes what is written; nobody is at its other end."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.ends: list[str] = []

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.ends.append("closed")

    def abort(self) -> None:
        self.ends.append("aborted")
