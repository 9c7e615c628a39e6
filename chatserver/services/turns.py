"""Work that would choke the database if everybody began at once: so many at a time, in turn."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from chatserver.errors import Busy

WAIT_MAX_S = 3.0  # of the 4.8 s that a call may take
AHEAD_MAX_S = 30.0  # how far ahead turns are promised
SMOOTHED_OVER = 16  # pieces of work
JITTER = 0.1  # nodes that were stormed at the same moment promise the same times


class Turns:
    """So many at a time. Whoever would wait too long is told at once when it will be their turn."""

    def __init__(
        self, at_once: int, *, each_s: float, chance: Callable[[], float] = random.random
    ) -> None:
        """`each_s` is what one takes, until that is known; `chance` gives numbers from 0 to 1."""
        self._at_once = at_once
        self._free = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._each_s = each_s
        self._promised = 0.0  # the loop's time of the last turn that was promised
        self._chance = chance

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Raises:
            Busy: not soon; `retry_after_ms` is when.
        """
        loop = asyncio.get_running_loop()
        await self._wait(loop)
        begun = loop.time()
        try:
            yield
        finally:
            self._each_s += (loop.time() - begun - self._each_s) / SMOOTHED_OVER
            self._free.release()

    async def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.line_s > WAIT_MAX_S:
            raise self._busy(loop.time())
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_MAX_S):
                await self._free.acquire()
        except TimeoutError:  # it went slower than it seemed
            raise self._busy(loop.time()) from None
        finally:
            self._waiting -= 1

    @property
    def line_s(self) -> float:
        """How long whoever comes now will wait, by the pace so far."""
        return self._waiting * self._pace_s

    @property
    def _pace_s(self) -> float:
        """The time from one turn to the next."""
        return self._each_s / self._at_once

    def _busy(self, now: float) -> Busy:
        """Come back behind those who wait, and those who were sent away before."""
        turn = max(now + WAIT_MAX_S, self._promised) + self._pace_s
        if turn > now + AHEAD_MAX_S:  # when those are through
            wait_s = AHEAD_MAX_S * (1 + self._chance())
        else:
            self._promised = turn
            wait_s = (turn - now) * (1 + JITTER * self._chance())
        return Busy(retry_after_ms=int(1000 * wait_s))
