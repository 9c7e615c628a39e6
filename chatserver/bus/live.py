"""The way between the nodes: a hint, never a truth.

What is told here finds its way into nothing that lasts: whoever misses it finds the same in the
log. So publishing never fails and never waits, a lost connection is noticed within seconds and
made anew, and everybody who may have missed something is told to look into the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from chatserver.bus.connections import BROKEN, command_client
from chatserver.bus.listening import Listener
from chatserver.bus.publishing import Publisher
from chatserver.errors import Unavailable

PAYLOAD_BYTES_MAX = 256 * 1024  # one huge publication can make every listener deaf for long
COMMAND_TIMEOUT_S = 2.0
FINISH_TIMEOUT_S = 1.0
BEAT_S = 2.0
HEALED_AFTER_S = 0.3  # losses that end together are told once

OnMessage = Callable[[str, bytes], None]
OnHealed = Callable[[], None]

log = structlog.get_logger()


class Bus:
    """Live delivery between the nodes, by topic, over Redis pub/sub."""

    def __init__(self, url: str, node: str, *, space: str = "chat", beat_s: float = BEAT_S) -> None:
        """`node` is unlike that of any other node; nodes hear each other within one `space`."""
        self._prefix = f"{space}:"
        self._all = f"{space}!all"
        self._mine = _envelope(node)
        self._client = command_client(url, timeout_s=COMMAND_TIMEOUT_S)
        self._publisher = Publisher(self._client, notice=(self._all, self._mine))
        always = (f"{space}!node:{node}", self._all)
        self._listener = Listener(url, self._client, always, beat_s)
        self._listener.listen(self._heard, self._heal_soon)
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
        return self._listener.healthy

    def publish(self, topic: str, payload: bytes) -> None:
        """Tell the other nodes that listen to the topic. Never fails, never waits."""
        if len(payload) > PAYLOAD_BYTES_MAX:
            log.error("a message is too large for the bus", bytes=len(payload))
            return
        self._publisher.put(self._prefix + topic, self._mine + payload)

    def subscribe(self, topic: str) -> None:
        """Hear this topic from soon on; `settled` tells when. Once is enough."""
        self._listener.subscribe(self._prefix + topic)

    def unsubscribe(self, topic: str) -> None:
        """No longer hear this topic, however often it was subscribed."""
        self._listener.unsubscribe(self._prefix + topic)

    async def settled(self, timeout_s: float = 1.0) -> bool:
        """Wait until everything subscribed so far is in force; False when Redis is down."""
        return await self._listener.settled(timeout_s)

    async def flushed(self, timeout_s: float = 1.0) -> bool:
        """Wait until Redis has taken everything published so far; False when it did not in time.

        Whatever any node publishes afterwards comes after it on every topic of one Redis; in a
        cluster only on the same topic, as topics lie on different shards. False comes at once
        while Redis is known to be away.
        """
        return await self._publisher.flushed(timeout_s)

    async def run(self) -> None:
        """Send and hear until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._publisher.run(), name="bus publishes")
            group.create_task(self._listener.run(), name="bus listens")

    async def ping(self) -> None:
        """See that Redis answers.

        Raises:
            Unavailable: it does not.
        """
        try:
            await self._client.ping()
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
                await self._publisher.finish()
        except TimeoutError:
            log.warning("the last messages to other nodes were not sent")
        await self._client.aclose()

    def _heard(self, channel: str, data: bytes) -> None:
        if data.startswith(self._mine):
            return
        if channel == self._all:
            self._heal_soon()
        else:
            self._on_message(channel.removeprefix(self._prefix), data[1 + data[0] :])

    def _heal_soon(self) -> None:
        if self._healing is None:
            loop = asyncio.get_running_loop()
            self._healing = loop.call_later(HEALED_AFTER_S, self._healed)

    def _healed(self) -> None:
        self._healing = None
        self._on_healed()


def _envelope(node: str) -> bytes:
    name = node.encode()
    return bytes((len(name),)) + name
