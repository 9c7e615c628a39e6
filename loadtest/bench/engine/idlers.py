"""A crowd that is just there, as the load process sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from loadtest.swarm.client import Client
from loadtest.swarm.crowd import Door, Place, Who, leave
from loadtest.swarm.failed import Failed
from loadtest.swarm.usage import Stopwatch, Usage

STAFF = ("lin", "wu")  # whom everybody watches
AT_ONCE = 200
PING_INTERVAL_S = 25.0
PINGED = 0.9  # of all clients; some servers are late with pings


class Idlers:
    """Clients in three rooms each that do nothing but answer pings."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._door = Door(place)
        self._clients: list[Client] = []

    async def warm_up(self, count: int) -> None:
        """Come and go, so that what a server needs once is there."""
        greetings = self._door.greetings([somebody(number) for number in range(count)])
        clients = await self._door.come_all(greetings, AT_ONCE)
        await self._watch(clients)
        leave(clients)

    async def come(self, count: int) -> None:
        """Come to stay."""
        people = [somebody(number) for number in range(count)]
        self._clients = await self._door.come_all(self._door.greetings(people), AT_ONCE)
        await self._watch(self._clients)

    async def count(self) -> int:
        """How many are there."""
        return sum(not client.closed for client in self._clients)

    async def idle(self, for_s: float) -> Usage:
        """Be there; what that took.

        Raises:
            Failed: somebody lost the connection, or many were not pinged in a ping interval.
        """
        pings = [client.pings for client in self._clients]
        watch = Stopwatch(self._place)
        await asyncio.sleep(for_s)
        usage = watch.stop()
        gone = sum(client.closed for client in self._clients)
        if gone:
            raise Failed(f"{gone} of {len(self._clients)} idle connections were lost")
        pinged = sum(now.pings > then for now, then in zip(self._clients, pings, strict=True))
        if for_s > PING_INTERVAL_S and pinged < PINGED * len(self._clients):
            raise Failed(
                f"only {pinged} of {len(self._clients)} clients were pinged within {for_s:.0f} s"
            )
        return usage

    async def _watch(self, clients: Sequence[Client]) -> None:
        waiting = iter(clients)

        async def watch() -> None:
            for client in waiting:
                await self._place.dialect.watch(client, STAFF)

        await asyncio.gather(*(watch() for _ in range(AT_ONCE)))


def somebody(number: int) -> Who:
    """One of the crowd."""
    user = f"user-{number}"
    return Who(user, f"device-{number}", (f"u:{user}", *(f"p:{each}" for each in STAFF)))
