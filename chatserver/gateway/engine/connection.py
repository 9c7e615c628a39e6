"""A WebSocket on a transport: no task, no queue, no timer."""

from __future__ import annotations

import asyncio
import sys
from typing import Protocol

from chatserver.gateway.engine.frames import Frame, close_frame, pong_frame
from chatserver.gateway.engine.websocket import (
    CLOSE,
    NORMAL,
    PING,
    Control,
    FrameReader,
    WebSocketError,
    close_code,
)


class Receiver(Protocol):
    """Who hears of what happens on a WebSocket."""

    def received(self, packet: str | bytes) -> None:
        """A message arrived."""
        ...

    def flush(self) -> None:
        """The WebSocket takes frames again."""
        ...

    def hung_up(self) -> None:
        """The client says no more; the receiver ends the WebSocket."""
        ...

    def lost(self, reason: str) -> None:
        """It is gone; called once."""
        ...


class WebSocket(asyncio.Protocol):
    """An open WebSocket; its receiver can change."""

    __slots__ = ("_closing", "_reader", "_transport", "_why", "full", "receiver")

    name = "websocket"
    at_once = sys.maxsize

    def __init__(self, transport: asyncio.Transport, receiver: Receiver, limit: int) -> None:
        """`limit` is the largest message a client may send, in bytes."""
        self.receiver = receiver
        self._transport = transport
        self._reader = FrameReader(limit)
        self.full = False
        self._closing = False
        self._why = "transport close"

    # --- the carrier of a socket ----------------------------------------------------------------

    def send(self, frames: list[Frame]) -> None:
        """Send frames with one call of the system."""
        if self._closing:
            return
        if len(frames) == 1:
            self._transport.write(frames[0].wire)
        else:
            self._transport.write(b"".join([each.wire for each in frames]))

    def close(self, code: int = NORMAL) -> None:
        """Begin the closing handshake; whoever waits for the answer calls `abort` in time."""
        if not self._closing:
            self._closing = True
            self._transport.write(close_frame(code))

    def abort(self) -> None:
        """Cut the connection."""
        self._closing = True
        self._transport.abort()

    # --- the protocol of a transport ------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        try:
            for message in self._reader.feed(data):
                if isinstance(message, Control):
                    self._control(message)
                elif not self._closing:
                    self.receiver.received(message)
        except WebSocketError as error:
            self._fail(error)

    def pause_writing(self) -> None:
        """The network is full."""
        self.full = True

    def resume_writing(self) -> None:
        """The network takes more."""
        self.full = False
        self.receiver.flush()

    def eof_received(self) -> bool:
        """The client hung up; the transport stays open until the receiver ends it."""
        self.receiver.hung_up()
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        """The connection is gone."""
        self._closing = True
        self.receiver.lost(self._why)

    def _control(self, message: Control) -> None:
        if message.opcode == CLOSE:
            self.close(close_code(message.payload))
            self._transport.close()
        elif message.opcode == PING and not self.full and not self._closing:
            self._transport.write(pong_frame(message.payload))

    def _fail(self, error: WebSocketError) -> None:
        self._why = f"protocol error: {error}"
        self.close(error.code)
        self._transport.close()
