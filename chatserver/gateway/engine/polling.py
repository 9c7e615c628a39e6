"""Long polling: the client asks, and the answer waits until there is something to say.

Source: Engine.IO protocol 4, HTTP long-polling.
"""

from __future__ import annotations

import asyncio

from chatserver.gateway.engine.errors import ProtocolError
from chatserver.gateway.engine.frames import CLOSE, NOOP, SEPARATOR, Frame
from chatserver.gateway.engine.sockets import Socket, State
from chatserver.gateway.engine.websocket import NORMAL


class Polling:
    """The polls of one client, one at a time."""

    __slots__ = ("_closing", "_gone", "_poll", "_socket", "broken", "posting")

    name = "polling"
    at_once = 16  # python-engineio's client gives up where an answer has more packets

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._poll: asyncio.Future[str] | None = None
        self._closing = False
        self._gone = False
        self.broken = False
        self.posting = False

    @property
    def full(self) -> bool:
        """Whether no poll waits for an answer."""
        return self._poll is None or self._poll.done()

    def send(self, frames: list[Frame]) -> None:
        """Answer the poll."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(SEPARATOR.join([each.text for each in frames]))

    def close(self, code: int = NORMAL) -> None:
        """Say goodbye to the poll that waits, or to the next one; not to who broke off itself."""
        self._closing = True
        self.broken = code != NORMAL
        if self._socket.state is State.CLOSED:
            self.send([CLOSE if self.broken else NOOP])
            self._end()
        elif not self.full:
            self.send([CLOSE])
            self._end()

    def abort(self) -> None:
        """Let go of everything."""
        self.release()
        self._end()

    def release(self) -> None:
        """End a poll that waits, with nothing to say."""
        self.send([NOOP])

    async def poll(self) -> str:
        """The body of the answer, once there is one.

        Raises:
            ProtocolError: another poll waits already; the session ends.
        """
        if not self.full:
            self._socket.fail("protocol error: two polls at once")
            raise ProtocolError
        if frames := self._frames():
            return SEPARATOR.join([each.text for each in frames])
        self._poll = asyncio.get_running_loop().create_future()
        return await self._poll

    def _frames(self) -> list[Frame]:
        frames = self._socket.take()
        if self._closing or self._socket.state is State.CLOSING:
            self._end()
            return [*frames, CLOSE]
        if not frames and self._socket.upgrading:
            return [NOOP]
        return frames

    def _end(self) -> None:
        if not self._gone:
            self._gone = True
            self._socket.lost("transport close")
