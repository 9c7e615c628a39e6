"""An Engine.IO session, whatever carries it: what waits to go out, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Protocol

from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.request import Request
from chatserver.gateway.engine.websocket import NORMAL, POLICY


class State(IntEnum):
    """The life of a socket, in this order."""

    OPEN = 0
    CLOSING = 1
    """The application is done with it; what waits still goes out."""
    CLOSED = 2


_OPEN, _CLOSING = State.OPEN, State.CLOSING


class Carrier(Protocol):
    """A way out: a WebSocket, or the polls of a client."""

    name: str
    at_once: int
    """How many frames it takes at most in one `send`."""

    @property
    def full(self) -> bool:
        """Whether it takes nothing now; when it does again, it calls `Socket.flush`."""
        ...

    def send(self, frames: list[Frame]) -> None:
        """Send frames now."""
        ...

    def close(self, code: int = NORMAL) -> None:
        """Say goodbye properly, and end; harmless when repeated."""
        ...

    def abort(self) -> None:
        """End at once; harmless when repeated."""
        ...


class Keeper(Protocol):
    """What a socket needs of its engine."""

    shed_bytes: int
    outbox_bytes: int

    def flush_soon(self, *sockets: Socket) -> None:
        """Call each socket's `flush` when this turn of the event loop is over."""
        ...

    def shed(self) -> None:
        """A droppable frame was dropped."""
        ...

    def received(self, socket: Socket, packet: str | bytes) -> None:
        """The client sent a packet."""
        ...

    def hung_up(self, socket: Socket) -> None:
        """Call the socket's `abort` soon: its client says no more."""
        ...

    def closing(self, socket: Socket, reason: str) -> None:
        """The socket takes no more part in anything; called once."""
        ...

    def gone(self, socket: Socket) -> None:
        """Nothing is left of the socket; called once, after `closing`."""
        ...


class Socket:
    """One client's session. Its methods never wait and never fail.

    `data` is the application's own.
    """

    __slots__ = (
        "_bytes",
        "_keeper",
        "_waiting",
        "bucket",
        "carrier",
        "data",
        "id",
        "pinged",
        "request",
        "state",
        "upgrading",
    )

    def __init__(self, id_: str, request: Request, keeper: Keeper) -> None:
        self.id = id_
        self.request = request
        self.carrier: Carrier
        self.state = State.OPEN
        self.upgrading: Carrier | None = None  # where the session is about to go on
        self.data: Any = None
        self.bucket = self.pinged = 0
        self._keeper = keeper
        self._waiting: list[Frame] | None = None
        self._bytes = 0

    @property
    def upgraded(self) -> bool:
        """Whether a WebSocket carries it."""
        return self.carrier.name == "websocket"

    # --- for the application --------------------------------------------------------------------

    def push(self, frame: Frame) -> None:
        """Put a frame into the output; a reader too slow for it is cut off."""
        if self.state is not _OPEN:
            return
        held = self._bytes + frame.size
        if held > self._keeper.shed_bytes and not self._makes_room(frame, held):
            return
        self._bytes = held
        if self._waiting is None:  # else it will be flushed already
            self._waiting = [frame]
            self._keeper.flush_soon(self)
        else:
            self._waiting.append(frame)

    def close(self, reason: str = "server disconnect") -> None:
        """End after what was pushed; harmless when repeated."""
        if self.state is State.OPEN:
            self.state = State.CLOSING
            self._keeper.closing(self, reason)
            self._keeper.flush_soon(self)

    def abort(self, reason: str = "server disconnect") -> None:
        """End at once, what waits is dropped; harmless when repeated."""
        self._end(reason)
        self.carrier.abort()

    def fail(self, reason: str) -> None:
        """End because the client broke the protocol."""
        self._end(reason)
        self.carrier.close(POLICY)

    def leave(self) -> None:
        """End because the client said so."""
        self._end("client disconnect")
        self.carrier.close()

    # --- for the carrier ------------------------------------------------------------------------

    def received(self, packet: str | bytes) -> None:
        """The client sent a packet."""
        if self.state is State.OPEN:
            self._keeper.received(self, packet)

    def flush(self) -> None:
        """Hand what waits to the carrier, if it takes something now."""
        if self._waiting is not None and not self.carrier.full:
            self.carrier.send(self.take())
        if self.state is _CLOSING and self._waiting is None:
            self.carrier.close()

    def take(self) -> list[Frame]:
        """What waits, as much as the carrier takes at once; it waits no more."""
        frames = self._waiting or []
        if len(frames) <= self.carrier.at_once:
            self._waiting, self._bytes = None, 0
            return frames
        first, self._waiting = frames[: self.carrier.at_once], frames[self.carrier.at_once :]
        self._bytes -= sum(frame.size for frame in first)
        return first

    def hung_up(self) -> None:
        """The client says no more; the carrier is to end."""
        self._keeper.hung_up(self)

    def lost(self, reason: str) -> None:
        """The carrier is no more."""
        self._end(reason)
        self._keeper.gone(self)

    def carried_by(self, carrier: Carrier) -> None:
        """Go on over another carrier."""
        self.carrier = carrier
        self._keeper.flush_soon(self)

    def _end(self, reason: str) -> None:
        was_open, self.state = self.state is State.OPEN, State.CLOSED
        self.drop()
        if was_open:
            self._keeper.closing(self, reason)

    def drop(self) -> None:
        """Nothing waits any more."""
        self._waiting, self._bytes = None, 0

    def _makes_room(self, frame: Frame, held: int) -> bool:
        if frame.droppable:
            self._keeper.shed()
            return False
        if held > self._keeper.outbox_bytes:
            self.abort("slow reader")
            return False
        return True


def push_all(sockets: Sequence[Socket], frame: Frame) -> None:
    """Push one frame to many sockets of one engine.

    The same as `push` for each, but nearly all of them are open and have nothing waiting, and
    those need no call of their own.
    """
    if not sockets:
        return
    keeper = sockets[0]._keeper
    is_small = frame.size <= keeper.shed_bytes
    begun = []
    for socket in sockets:
        if socket._waiting is None and socket.state is _OPEN and is_small:
            socket._waiting = [frame]
            socket._bytes = frame.size
            begun.append(socket)
        else:
            socket.push(frame)
    keeper.flush_soon(*begun)
