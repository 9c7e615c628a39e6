"""Connections that ask where to go each time they connect, so that they follow a failover."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from typing import Any

from redis.asyncio import Connection, Sentinel, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError

from chatserver.bus.address import Place

ASK_TIMEOUT_S = 0.4
FRESH_S = 0.1  # connections that break together ask once

# What any use of a connection may raise. uvloop's way to say that one has just been closed, as
# happens between the library's check and its write, is a RuntimeError.
BROKEN = (RedisError, OSError, RuntimeError)

Find = Callable[[], Awaitable[Place]]


class FoundConnection(Connection):
    """A connection to wherever `find` says at the moment."""

    def __init__(self, *, find: Find, master: bool = False, **options: Any) -> None:
        """With `master` a server that says of itself that it is none is refused."""
        self._find = find
        self._master = master
        super().__init__(**options)

    async def connect_check_health(
        self, check_health: bool = True, retry_socket_connect: bool = True
    ) -> None:
        """Every way to connect, for the first time or again, comes through here."""
        if not self.is_connected:
            self.host, self.port = await self._find()
        await super().connect_check_health(check_health, retry_socket_connect)

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Log in, then see who answers: what is published on a replica reaches nobody else."""
        await super().on_connect_check_health(check_health)
        if self._master:
            await self.send_command("ROLE", check_health=False)
            role = await self.read_response()
            if role[0] not in (b"master", "master"):
                raise ConnectionLost("the master has changed")


class FoundSSLConnection(FoundConnection, SSLConnection):
    """The same with TLS."""


class Sentinels:
    """Asks Sentinels for the master of a service."""

    def __init__(self, places: Sequence[Place], service: str, options: Mapping[str, Any]) -> None:
        """`options` are those of connections to the Sentinels."""
        self._service = service
        asking = {**_asking(), **options}
        self._sentinel = Sentinel(list(places), sentinel_kwargs=asking)  # type: ignore[no-untyped-call]

    async def master(self) -> Place:
        """Where the master is.

        Raises:
            RedisError: no Sentinel answers, or none knows a master that is up.
        """
        # by a list of its own: the library puts first who answered, and two at once would lose one
        asking = copy(self._sentinel)
        asking.sentinels = list(self._sentinel.sentinels)
        host, port = await asking.discover_master(self._service)
        self._sentinel.sentinels = asking.sentinels
        return host, port

    async def aclose(self) -> None:
        """Close the connections to the Sentinels."""
        await self._sentinel.aclose()


class ClusterMap:
    """Asks the nodes of a cluster which of them has a slot."""

    def __init__(self, places: Sequence[Place], options: Mapping[str, Any]) -> None:
        """`places` are some nodes; the others are learnt from them."""
        self._seeds = tuple(places)
        self._options = {**options, **_asking()}
        self._kind: type[Connection] = self._options.pop("connection_class", Connection)
        self._owners: list[tuple[range, Place]] = []
        self._asked_at = -FRESH_S
        self._asking = asyncio.Lock()

    async def owner(self, slot: int) -> Place:
        """Where the slot lives.

        Raises:
            RedisError: no node answers, or nobody has the slot.
        """
        loop = asyncio.get_running_loop()
        async with self._asking:
            if loop.time() - self._asked_at > FRESH_S:
                self._owners = await self._ask_any()
                self._asked_at = loop.time()
        for slots, place in self._owners:
            if slot in slots:
                return place
        raise ConnectionLost(f"no node has slot {slot}")

    async def shards(self) -> int:
        """How many masters have slots.

        Raises:
            RedisError: no node answers.
        """
        return len({place for _, place in await self._ask_any()})

    async def _ask_any(self) -> list[tuple[range, Place]]:
        known = list({place for _, place in self._owners}.union(self._seeds))
        random.shuffle(known)  # one that is cut off or behind is not asked every time
        for place in known:
            try:
                return await self._ask(place)
            except BROKEN:
                continue
        raise ConnectionLost("no node of the cluster answers")

    async def _ask(self, asked: Place) -> list[tuple[range, Place]]:
        host, port = asked
        connection: Connection = self._kind(host=host, port=port, **self._options)
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            await connection.send_command("CLUSTER", "SLOTS")
            rows = await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)
        return [
            # a node that does not know its own name leaves it out
            (range(first, last + 1), ((master[0] or host.encode()).decode(), master[1]))
            for first, last, master, *_ in rows
        ]


def _asking() -> dict[str, Any]:
    return {
        "socket_timeout": ASK_TIMEOUT_S,
        "socket_connect_timeout": ASK_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
