"""Sending hints to the other nodes: gathered, bounded, in order, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections import deque

from redis.asyncio import Redis

from chatserver import metrics
from chatserver.bus.connections import BROKEN

WAITING_MAX = 20_000
WAITING_BYTES_MAX = 16 * 1024 * 1024
BATCH_MAX = 500  # Redis does nothing else while it works through a batch
RETRY_S = 0.2

# one answer for a whole batch instead of one for each publication
_PUBLISH = "for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end"

Publication = tuple[str, bytes]


class Publisher:
    """Publishes in batches: while one is on its way, the next one gathers.

    When a publication is dropped, the nodes that did not get it cannot know. So the first batch
    that succeeds afterwards begins with `notice`, which tells them that something was lost.
    """

    def __init__(self, client: Redis, notice: Publication) -> None:
        self._client = client
        self._notice = notice
        self._waiting: deque[Publication] = deque()
        self._bytes = 0
        self._owes_notice = False
        self._work = asyncio.Event()
        self._put = self._sent = self._lost_count = 0

    def put(self, channel: str, payload: bytes) -> None:
        """Publish soon; dropped when too much is waiting."""
        if len(self._waiting) >= WAITING_MAX or self._bytes + len(payload) > WAITING_BYTES_MAX:
            self._lost(1)
        else:
            self._waiting.append((channel, payload))
            self._bytes += len(payload)
            self._put += 1
        self._work.set()

    async def run(self) -> None:
        """Publish what gathers, until cancelled."""
        while True:
            await self._work.wait()
            if not await self._flush():
                await asyncio.sleep(RETRY_S)

    async def flushed(self, timeout_s: float) -> bool:
        """Wait until Redis has everything published so far; False when it does not take it."""
        target, lost = self._put, self._lost_count
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._sent < target and self._lost_count == lost:
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.001)
        return self._lost_count == lost

    async def finish(self) -> None:
        """Publish what still waits; gives up at the first failure."""
        while self._work.is_set() and await self._flush():
            pass

    async def _flush(self) -> bool:
        batch = self._take()
        try:
            await self._send(batch)
        except BROKEN:
            self._lost(len(batch))
            return False
        except asyncio.CancelledError:
            self._put_back(batch)
            raise
        self._owes_notice = False
        self._sent += len(batch)
        if not self._waiting:
            self._work.clear()
        return True

    def _take(self) -> list[Publication]:
        batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
        self._bytes -= sum(len(payload) for _, payload in batch)
        return batch

    def _put_back(self, batch: list[Publication]) -> None:
        self._waiting.extendleft(reversed(batch))
        self._bytes += sum(len(payload) for _, payload in batch)

    async def _send(self, batch: list[Publication]) -> None:
        publications = [self._notice, *batch] if self._owes_notice else batch
        arguments: list[str | bytes] = []
        for publication in publications:
            arguments.extend(publication)
        await self._client.eval(_PUBLISH, 0, *arguments)

    def _lost(self, count: int) -> None:
        metrics.bus_dropped.inc(count)
        self._lost_count += count
        self._owes_notice = True
