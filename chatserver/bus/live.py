"""The way between the nodes: a hint, never a truth.

What is told here finds its way into nothing that lasts: whoever misses it finds the same in the
log. So publishing never fails and never waits, a lost connection is noticed within seconds and
made anew, and everybody who may have missed something is told to look into the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from chatserver import metrics
from chatserver.bus.lanes import BROKEN, Lanes
from chatserver.bus.line import Line
from chatserver.errors import Unavailable

PAYLOAD_BYTES_MAX = 256 * 1024  # one huge publication can make every listener deaf for long
COMMAND_TIMEOUT_S = 2.0
FINISH_TIMEOUT_S = 1.0
BEAT_S = 1.5
HEALED_AFTER_S = 0.3  # losses that end together are told once

OnMessage = Callable[[str, bytes], None]
OnHealed = Callable[[], None]

_PING = "return 1"  # unlike PING it is refused by a cluster that cannot serve the lane

log = structlog.get_logger()


class Bus:
    """Live delivery between the nodes, by topic, over Redis pub/sub."""

    def __init__(self, url: str, node: str, *, space: str = "chat", beat_s: float = BEAT_S) -> None:
        """`node` is unlike that of any other node; nodes hear each other within one `space`.

        Raises:
            SettingsError: the URL is none of Redis.
        """
        self._lanes = Lanes(url, timeout_s=COMMAND_TIMEOUT_S)
        self._lines = [Line(lane, node, space, beat_s) for lane in self._lanes]
        for line in self._lines:
            line.listen(self._heard, self._heal_soon, self._show_health)
        self._on_message: OnMessage = lambda _topic, _payload: None
        self._on_healed: OnHealed = lambda: None
        self._healing: asyncio.TimerHandle | None = None

    def listen(self, on_message: OnMessage, on_healed: OnHealed) -> None:
        """Who gets the messages of other nodes, and is told when some may have been lost."""
        self._on_message = on_message
        self._on_healed = on_healed

    @property
    def healthy(self) -> bool:
        """Whether this node hears the others."""
        return all(line.listener.healthy for line in self._lines)

    def publish(self, topic: str, payload: bytes) -> None:
        """Tell the other nodes that listen to the topic. Never fails, never waits."""
        if len(payload) > PAYLOAD_BYTES_MAX:
            log.error("a message is too large for the bus", bytes=len(payload))
            return
        self._line(topic).publish(topic, payload)

    def subscribe(self, topic: str) -> None:
        """Hear this topic from soon on; `settled` tells when. Once is enough."""
        self._line(topic).subscribe(topic)

    def unsubscribe(self, topic: str) -> None:
        """No longer hear this topic, however often it was subscribed."""
        self._line(topic).unsubscribe(topic)

    async def settled(self, timeout_s: float = 1.0) -> bool:
        """Wait until everything subscribed so far is in force; False when Redis is down."""
        return await self._all(timeout_s, lambda line: line.listener.settled)

    async def flushed(self, timeout_s: float = 1.0) -> bool:
        """Wait until Redis has taken everything published so far; False when it did not in time.

        Whatever any node publishes afterwards comes after it on every topic of one Redis; in a
        cluster only on the same topic, as topics lie on different shards. False comes at once
        while Redis is known to be away.
        """
        return await self._all(timeout_s, lambda line: line.publisher.flushed)

    async def run(self) -> None:
        """Send and hear until cancelled."""
        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                group.create_task(line.publisher.run(), name="bus publishes")
                group.create_task(line.listener.run(), name="bus listens")

    async def ping(self) -> None:
        """See that Redis answers.

        Raises:
            Unavailable: it does not.
        """
        try:
            await asyncio.gather(*(lane.run(_PING) for lane in self._lanes))
        except BROKEN as error:
            raise Unavailable("Redis does not answer") from error

    async def close(self) -> None:
        """Send what still waits and close the connections, once `run` has ended or never began.

        A beat that goes out afterwards would open a connection that nobody closes.
        """
        if self._healing is not None:
            self._healing.cancel()
        try:
            async with asyncio.timeout(FINISH_TIMEOUT_S):
                await asyncio.gather(*(line.publisher.finish() for line in self._lines))
        except TimeoutError:
            log.warning("the last messages to other nodes were not sent")
        await self._lanes.aclose()

    def _line(self, topic: str) -> Line:
        return self._lines[self._lanes.index(topic)]

    async def _all(
        self, timeout_s: float, wait: Callable[[Line], Callable[[float], Awaitable[bool]]]
    ) -> bool:
        """Wait for one line after the other: they make progress together."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        for line in self._lines:
            if not await wait(line)(until - loop.time()):
                return False
        return True

    def _heard(self, topic: str, payload: bytes) -> None:
        self._on_message(topic, payload)

    def _show_health(self) -> None:
        metrics.bus_up.set(self.healthy)

    def _heal_soon(self) -> None:
        if self._healing is None:
            loop = asyncio.get_running_loop()
            self._healing = loop.call_later(HEALED_AFTER_S, self._healed)

    def _healed(self) -> None:
        self._healing = None
        self._on_healed()
