"""One client: opens a connection, answers pings, counts messages, keeps what else it must."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import msgspec

from loadtest.swarm import frames
from loadtest.swarm.failed import Failed, Refused

MESSAGE = b'42["message"'
PONG = frames.masked("3")
Heard = Callable[["Client", int], None]
Told = Callable[[bytes], None]
Gone = Callable[["Client"], None]


def nobody(_client: Client, _count: int) -> None:
    """Whom to tell of messages when nobody asks."""


def unmissed(_client: Client) -> None:
    """Whom to tell of a connection's end when nobody asks."""


class Client(asyncio.Protocol):
    """A Socket.IO client over WebSocket, for one namespace, without reconnecting.

    `heard` is told how many messages came. With `told` set, it gets the packet of every event as it
    is and messages are not counted; `gone` is told when the connection has ended.
    """

    __slots__ = (
        "_acks", "_greeting", "_opened", "_ready", "_request", "_rest", "bytes", "came",
        "closed", "gone", "heard", "messages", "pings", "told", "transport",
    )  # fmt: skip

    def __init__(self, request: bytes, greeting: bytes, ready: bytes) -> None:
        """`request` opens the WebSocket, `greeting` is the frame that connects to the namespace;
        the client has come when a packet begins with `ready`."""
        self._request = request
        self._greeting = greeting
        self._ready = ready
        self._opened = False
        self._rest = b""
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self.came: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self.messages = 0
        self.pings = 0
        self.bytes = 0  # of message frames, with their headers
        self.heard: Heard = nobody
        self.told: Told | None = None
        self.gone: Gone = unmissed
        self.transport = cast(asyncio.Transport, None)

    @property
    def script(self) -> tuple[bytes, bytes, bytes]:
        """What another client needs to say the same: request, greeting, beginning of `ready`."""
        return self._request, self._greeting, self._ready

    # --- what the event loop calls ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come; who waits is told."""
        self.closed = True
        self._fail(Failed(f"the server closed the connection: {exc or 'without a reason'}"))
        self.gone(self)

    def data_received(self, data: bytes) -> None:
        """Walk over the frames; messages are counted and never decoded."""
        if self._rest:
            data = self._rest + data
        if not self._opened and not (data := self._open(data)):
            return
        at, size, before = 0, len(data), self.messages
        while at + 2 <= size:
            length, body = data[at + 1], at + 2
            if length >= frames.LONG:
                body = at + (4 if length == frames.LONG else 10)
                if body > size:
                    break
                length = frames.length_at(data, at)
            end = body + length
            if end > size:
                break
            if self.told is None and data.startswith(MESSAGE, body):
                count = 1 if end == size else frames.alike(data, at, body, end, MESSAGE)
                self.messages += count
                end = at + count * (end - at)
                self.bytes += end - at
            else:
                self._take(data[at], data[body:end])
            at = end
        self._rest = data[at:]
        if self.messages > before:
            self.heard(self, self.messages - before)

    # --- what a rehearsal calls ---------------------------------------------------------------

    def send(self, frame: bytes) -> None:
        """Put a ready frame on the wire."""
        self.transport.write(frame)

    def expect(self, number: int) -> asyncio.Future[Any]:
        """What will hold the acknowledgement of this number."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._acks[number] = answer
        return answer

    async def call(self, event: str, payload: Any, *, within_s: float = 30.0) -> dict[str, Any]:
        """Emit and wait for the acknowledgement.

        Raises:
            Failed: it says no, or does not come.
        """
        number = max(self._acks, default=0) + 1
        answer = self.expect(number)
        packet = f"42{number}{msgspec.json.encode([event, payload]).decode()}"
        self.send(frames.masked(packet))
        try:
            answered: dict[str, Any] = await asyncio.wait_for(answer, within_s)
        except TimeoutError:
            raise Failed(f"{event} was not answered within {within_s:.0f} s") from None
        if not answered.get("ok"):
            raise Failed(f"{event} was refused: {answered}")
        return answered

    # --- packets ------------------------------------------------------------------------------

    def _open(self, data: bytes) -> bytes:
        """The frames that came behind the answer to the upgrade."""
        try:
            frames_behind = frames.skip_head(data)
        except frames.Malformed as malformed:
            self._fail(Failed(str(malformed)))
            self.transport.abort()
            return b""
        self._opened = frames_behind is not None
        self._rest = b"" if self._opened else data
        return frames_behind or b""

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == frames.CLOSE:
            self.transport.close()
        elif payload == b"2":
            self.pings += 1
            self.transport.write(PONG)
        elif payload.startswith(b"43"):
            self._acknowledged(payload)
        elif payload.startswith(b"0{"):
            self.transport.write(self._greeting)
        elif payload.startswith(b"44"):
            self._fail(Refused.by(payload))
        if payload.startswith(self._ready) and not self.came.done():
            self.came.set_result(None)
        elif self.told is not None and payload.startswith(b"42"):
            self.told(payload)

    def _acknowledged(self, payload: bytes) -> None:
        bracket = payload.index(b"[")
        answer = self._acks.pop(int(payload[2:bracket]), None)
        if answer is not None and not answer.done():
            answer.set_result(msgspec.json.decode(payload[bracket:])[0])

    def _fail(self, why: Failed) -> None:
        for waiting in (self.came, *self._acks.values()):
            if not waiting.done():
                waiting.set_exception(why)
                waiting.exception()  # whoever waits sees it; nobody has to
        self._acks.clear()
