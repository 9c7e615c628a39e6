"""Lanes: the ways through Redis. One server is one lane; a cluster is sixteen.

A cluster spreads keys and channels over its nodes by slot, and each command may touch one slot
only. So everything of a lane begins with the same hash tag and lies in the same slot: a batch of
publications is still one script, many subscriptions one command, and a lane is a connection to
wherever its slot lives. The slots of the lanes lie evenly among all, so that up to sixteen shards
share the work. All nodes must agree on this table.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar, cast
from zlib import crc32

from msgspec import Struct
from redis.asyncio import Connection, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import ResponseError

from chatserver.bus.address import Address, Shape, parse
from chatserver.bus.finding import (
    BROKEN,
    ClusterMap,
    FoundConnection,
    FoundSSLConnection,
    Sentinels,
)
from chatserver.config import SettingsError

__all__ = ["BROKEN", "SHARDED", "Lane", "Lanes", "Publication", "Words"]

# numbers whose hash tags have slots in each sixteenth of all slots, in order
_TAGS = (10, 3, 61, 43, 11, 2, 60, 42, 12, 1, 63, 41, 13, 0, 62, 40)

_CONNECT_TIMEOUT_S = 0.8
CONNECT_WITHIN_S = 1.5  # the master found and the log-in included

# one answer for a whole batch instead of one for each publication
_PUBLISH = "for i = 1, #ARGV, 2 do redis.call('%s', ARGV[i], ARGV[i + 1]) end"

Publication = tuple[str, bytes]
T = TypeVar("T")


class Words(Struct, frozen=True):
    """What publishing and subscribing are called."""

    publish: str
    subscribe: str
    unsubscribe: str
    message: bytes


CLASSIC = Words("PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE", b"message")
SHARDED = Words("SPUBLISH", "SSUBSCRIBE", "SUNSUBSCRIBE", b"smessage")


class Lane:
    """One way through Redis. What is published on it keeps its order."""

    def __init__(
        self, prefix: str, words: Words, options: dict[str, Any], timeout_s: float
    ) -> None:
        """`prefix` begins every key and channel; `options` say where to connect, and how."""
        self.prefix = prefix
        self.words = words
        self.wanders = "find" in options  # another server may take its place at any time
        self._publish = _PUBLISH % words.publish
        self._options = {
            **options,
            "socket_connect_timeout": _CONNECT_TIMEOUT_S,
            "socket_keepalive": True,
            "protocol": 2,
        }
        self.client = self._make_client(timeout_s)

    async def run(
        self, script: str, keys: Sequence[str] = (), *arguments: str | int | bytes
    ) -> Any:
        """Run a script; an answer that is late fails, a connection that broke is made anew.

        Raises:
            RedisError, OSError: see `BROKEN`.
        """
        return await _heeding(self._eval(script, len(keys), *keys, *arguments))

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Publish in this order; all of them or, failing, perhaps none.

        Raises:
            RedisError, OSError: see `BROKEN`.
        """
        arguments: list[str | bytes] = []
        for publication in publications:
            arguments.extend(publication)
        # Without keys: with one a cluster would send us about while it moves the slot.
        await self.run(self._publish, (), *arguments)

    async def listening_connection(self) -> Connection:
        """A connection that waits for ever for messages and never reconnects by itself.

        The library's own subscriber reconnects silently, and what was published meanwhile is lost
        without anybody noticing.

        Raises:
            RedisError, OSError: it cannot be made in time; see `BROKEN`.
        """
        connection = self._listening()
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await _heeding(connection.connect())  # type: ignore[no-untyped-call]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def aclose(self) -> None:
        """Close the connections for commands."""
        await self.client.aclose()

    async def _eval(self, *arguments: str | int | bytes) -> Any:
        try:
            return await self.client.execute_command("EVAL", *arguments)  # type: ignore[no-untyped-call]
        except ResponseError:
            if self.words is CLASSIC:
                raise
        # the slot may have moved: look again where it lives
        await self.client.connection_pool.disconnect(inuse_connections=False)
        return await self.client.execute_command("EVAL", *arguments)  # type: ignore[no-untyped-call]

    def _make_client(self, timeout_s: float) -> Redis:
        # The library retries ten times, timeouts too, which would stretch an outage to a minute.
        # One retry on a lost connection covers one of the pool that died unnoticed.
        retry = Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,))
        pool = ConnectionPool(
            **self._options, socket_timeout=timeout_s, health_check_interval=15, retry=retry
        )
        client: Redis = Redis.from_pool(pool)
        return client

    def _listening(self) -> Connection:
        pool = ConnectionPool(
            **self._options,
            socket_timeout=None,
            health_check_interval=0,
            retry=Retry(NoBackoff(), 0),
        )
        return cast("Connection", pool.connection_class(**pool.connection_kwargs))


class Lanes:
    """All ways through the Redis behind a URL."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        """`timeout_s` bounds how long a command waits for its answer; nothing is opened yet.

        Raises:
            SettingsError: the URL is none of Redis, or has an option that is unknown.
        """
        address = parse(url)
        self.shape: Shape = address.shape
        self.cluster: ClusterMap | None = None
        self._sentinels: Sentinels | None = None
        try:
            self._lanes = self._make(address, timeout_s)
            for lane in self._lanes:
                lane.client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        except TypeError as error:
            option = str(error).rpartition(" ")[2]
            raise SettingsError(
                f"CHAT_REDIS_URL cannot be used: there is no option {option}"
            ) from None

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes)

    def __len__(self) -> int:
        return len(self._lanes)

    def __getitem__(self, number: int) -> Lane:
        return self._lanes[number]

    def index(self, name: str) -> int:
        """The number of the lane that something of this name lies on, the same on every node."""
        return crc32(name.encode()) % len(self._lanes) if len(self._lanes) > 1 else 0

    async def aclose(self) -> None:
        """Close the connections for commands."""
        for lane in self._lanes:
            await lane.aclose()
        if self._sentinels is not None:
            await self._sentinels.aclose()

    def _make(self, address: Address, timeout_s: float) -> list[Lane]:
        options = address.options
        if address.shape == "server":
            return [Lane("", CLASSIC, options, timeout_s)]
        secure = "connection_class" in options
        options = {**options, "connection_class": FoundSSLConnection if secure else FoundConnection}
        if address.shape == "sentinel":
            self._sentinels = Sentinels(address.places, address.service, address.sentinel_options)
            options |= {"find": self._sentinels.master, "master": True}
            return [Lane("", CLASSIC, options, timeout_s)]
        self.cluster = ClusterMap(address.places, address.options)
        return [
            Lane(tag, SHARDED, {**options, "find": partial(self.cluster.owner, slot)}, timeout_s)
            for tag, slot in _tags()
        ]


async def _heeding(work: Awaitable[T]) -> T:
    """Wait for what the library does; a cancellation meanwhile is never lost.

    `asyncio.wait_for`, which the library uses, may lose one before Python 3.12.
    """
    task = asyncio.current_task()
    cancelled = task.cancelling() if task else 0
    try:
        return await work
    finally:
        if task and task.cancelling() > cancelled:
            raise asyncio.CancelledError


def _tags() -> Iterator[tuple[str, int]]:
    for number in _TAGS:
        yield f"{{{number}}}", key_slot(str(number).encode())
