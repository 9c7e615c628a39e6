"""What the tests of the bus share: nodes that write down what they hear, and waiting for it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis

from chatserver.bus.lanes import SHARDED
from chatserver.bus.live import Bus

PATIENCE_S = 30.0  # only what fails waits so long
TICK_S = 0.005


class Node:
    """A bus, running, with a record of everything it was told."""

    def __init__(self, url: str, name: str, space: str, **options: Any) -> None:
        self.name = name
        self.space = space
        self.bus = Bus(url, name, space=space, **options)
        self.heard: list[tuple[str, bytes]] = []
        self.heals = 0
        self.bus.listen(self._on_message, self._on_healed)

    async def settled(self) -> None:
        """Wait until Redis knows every subscription; a slow machine may lose a connection first."""
        await until(lambda: self.bus.settled(PATIENCE_S))

    async def subscribers(self, topic: str) -> int:
        """How many nodes listen to a topic, as Redis says."""
        number = self.bus._lanes.index(topic)
        lane = self.bus._lanes[number]
        channel = self.bus._lines[number]._prefix + topic
        kind = "SHARDNUMSUB" if lane.words is SHARDED else "NUMSUB"
        answer = await lane.client.execute_command("PUBSUB", kind, channel)
        return int(answer[1])

    def _on_message(self, topic: str, payload: bytes) -> None:
        self.heard.append((topic, payload))

    def _on_healed(self) -> None:
        self.heals += 1


@asynccontextmanager
async def running(url: str, *names: str, **options: Any) -> AsyncIterator[list[Node]]:
    """Nodes of one deployment that nobody else is in."""
    space = f"test-{secrets.token_hex(8)}"
    nodes = [Node(url, name, space, **options) for name in names]
    tasks = [asyncio.create_task(node.bus.run()) for node in nodes]
    try:
        yield nodes
    finally:
        for node, task in zip(nodes, tasks, strict=True):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await node.bus.close()


async def until(
    condition: Callable[[], bool | Awaitable[bool]], timeout_s: float = PATIENCE_S
) -> None:
    """Wait for a condition, and fail when it does not come true in time.

    Time is counted in ticks of this event loop, which is the nodes' own: one that comes late counts
    as one. So a promised time is that of a machine that has nothing else to do.
    """
    for _ in range(round(timeout_s / TICK_S)):
        if await _holds(condition):
            return
        await asyncio.sleep(TICK_S)
    raise AssertionError(f"it did not come true within {timeout_s} s")


@asynccontextmanager
async def lasting_at_most(within_s: float) -> AsyncIterator[None]:
    """Fail when what is done inside takes longer, in ticks as `until` counts them."""
    ticks = 0

    async def count() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1

    counting = asyncio.create_task(count())
    try:
        yield
    finally:
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
    assert ticks * TICK_S < within_s


async def _holds(condition: Callable[[], bool | Awaitable[bool]]) -> bool:
    answer = condition()
    return answer if isinstance(answer, bool) else await answer


@asynccontextmanager
async def admin(url: str) -> AsyncIterator[Redis]:
    """A plain client, to do to Redis what an operator or a fault would do."""
    client: Redis = Redis.from_url(url)
    try:
        yield client
    finally:
        await client.aclose()
