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


class Node:
    """A bus, running, with a record of everything it was told."""

    def __init__(self, url: str, name: str, space: str, **options: Any) -> None:
        self.name = name
        self.space = space
        self.bus = Bus(url, name, space=space, **options)
        self.heard: list[tuple[str, bytes]] = []
        self.heals = 0
        self.bus.listen(self._on_message, self._on_healed)

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


async def until(condition: Callable[[], bool | Awaitable[bool]], timeout_s: float = 10.0) -> None:
    """Wait for a condition, and fail when it does not come true in time."""
    async with asyncio.timeout(timeout_s):
        while not await _holds(condition):  # noqa: ASYNC110 - what happens in Redis sets no event
            await asyncio.sleep(0.005)


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
