"""Sending hints to the other nodes: gathered, bounded, in order, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from chatserver import metrics
from chatserver.bus.lanes import BROKEN, Lane, Publication

WAITING_MAX = 20_000
WAITING_BYTES_MAX = 16 * 1024 * 1024
BATCH_MAX = 500  # Redis does nothing else while it works through a batch
RETRY_S = 0.2
PAUSE_S = 0.002  # between two batches, as a command costs as much as dozens of publications in it


class Publisher:
    """Publishes in batches: while one is on its way and a moment longer, the next one gathers.

    When a publication is dropped, the nodes that did not get it cannot know. So the first batch
    that succeeds afterwards begins with `notice`, which tells them that something was lost.
    """

    def __init__(self, lane: Lane, notice: Publication) -> None:
        self._lane = lane
        self._notice = notice
        self._waiting: deque[Publication] = deque()
        self._bytes = 0
        self._owes_notice = False
        self._work = asyncio.Event()
        self._entered = 0  # publications that ever waited
        self._left = 0  # those of them, the first ones, that were sent or given up
        self._failures = 0
        self._progress = asyncio.Event()

    def put(self, channel: str, payload: bytes) -> None:
        """Publish soon; dropped when too much is waiting."""
        if len(self._waiting) >= WAITING_MAX or self._bytes + len(payload) > WAITING_BYTES_MAX:
            self._lost(1)
        else:
            self._waiting.append((channel, payload))
            self._bytes += len(payload)
            self._entered += 1
        self._work.set()

    def owe_notice(self) -> None:
        """What was sent may have reached a server that nobody else listens to."""
        self._owes_notice = True
        self._work.set()

    async def flushed(self, timeout_s: float) -> bool:
        """Wait until Redis has taken everything put so far; False when it did not, in this time.

        False comes at once while Redis is known to be away, or something was dropped that others
        have not been told of yet.
        """
        if self._owes_notice:
            return False
        target, failures = self._entered, self._failures
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._left < target and self._failures == failures:
                    await self._progress.wait()
        return self._left >= target and self._failures == failures

    async def run(self) -> None:
        """Publish what gathers, until cancelled."""
        while True:
            await self._work.wait()
            if not await self._flush():
                await asyncio.sleep(RETRY_S)
            elif len(self._waiting) < BATCH_MAX:
                await asyncio.sleep(PAUSE_S)

    async def finish(self) -> None:
        """Publish what still waits; gives up at the first failure."""
        while self._work.is_set() and await self._flush():
            pass

    async def _flush(self) -> bool:
        batch = self._take()
        try:
            await self._lane.publish([self._notice, *batch] if self._owes_notice else batch)
        except BROKEN:
            self._lost(len(batch))
            self._failures += 1
            self._leave(batch)
            return False
        except asyncio.CancelledError:
            self._put_back(batch)
            raise
        self._owes_notice = False
        self._leave(batch)
        if not self._waiting:
            self._work.clear()
        return True

    def _leave(self, batch: list[Publication]) -> None:
        self._left += len(batch)
        self._progress.set()
        self._progress = asyncio.Event()

    def _take(self) -> list[Publication]:
        batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
        self._bytes -= sum(len(payload) for _, payload in batch)
        return batch

    def _put_back(self, batch: list[Publication]) -> None:
        self._waiting.extendleft(reversed(batch))
        self._bytes += sum(len(payload) for _, payload in batch)

    def _lost(self, count: int) -> None:
        metrics.bus_dropped.inc(count)
        self._owes_notice = True
