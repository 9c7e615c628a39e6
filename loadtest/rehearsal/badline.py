"""A client on a bad line: what it sends and gets comes late, in order, some of it later still."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from loadtest.rehearsal.scenario import Phones
from loadtest.swarm.client import Client


class Lane:
    """One direction: pieces come out after a delay, none before the one in front of it."""

    def __init__(self, out: Callable[[bytes], None], phones: Phones, chance: random.Random) -> None:
        self._out = out
        self._phones = phones
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._last = 0.0
        self._inside: deque[bytes] = deque()

    def put(self, data: bytes) -> None:
        """Something goes in; what is lost on the way comes a second time."""
        delay_s = self._phones.delay_s.draw(self._chance)
        if self._chance.random() < self._phones.loss:
            delay_s += self._phones.again_s
        self._last = max(self._last, self._loop.time() + delay_s)
        self._inside.append(data)
        self._loop.call_at(self._last, self._next)  # timers of one time come in any order

    def _next(self) -> None:
        self._out(self._inside.popleft())


class LateTransport:
    """A transport whose writes go out late; everything else is the real one's."""

    def __init__(self, transport: asyncio.Transport, lane: Lane) -> None:
        self.write = lane.put
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BadLineClient(Client):
    """A client whose bytes take their time in both directions."""

    def __init__(self, like: Client, phones: Phones, chance: random.Random) -> None:
        """It says what `like` would say, who never connects."""
        super().__init__(*like.script)
        self._phones = phones
        self._chance = chance
        self._comes = Lane(super().data_received, phones, chance)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Put a slow lane before the transport."""
        real = cast(asyncio.Transport, transport)
        goes = Lane(lambda data: None if real.is_closing() else real.write(data),
                    self._phones, self._chance)  # fmt: skip
        super().connection_made(cast(asyncio.Transport, LateTransport(real, goes)))

    def data_received(self, data: bytes) -> None:
        """What came is known later."""
        self._comes.put(data)
