"""Clients that come all at once, as the load process sees them."""

from __future__ import annotations

import itertools

from loadtest.rivals.sizes import ROOM
from loadtest.swarm.crowd import Door, Place, Who, leave
from loadtest.swarm.usage import Stopwatch, Usage


class Newcomers:
    """Clients that come all at once and leave; every second one has been there before."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._door = Door(place)
        self._numbers = itertools.count(1)
        self._known: list[Who] = []

    async def get_known(self, count: int, at_once: int) -> None:
        """Come for the first time."""
        self._known = [self._somebody() for _ in range(count)]
        leave(await self._door.come_all(self._door.greetings(self._known), at_once))

    async def come(self, count: int, at_once: int) -> Usage:
        """Half of them known, half new, in turn; what it took, tokens not counted.

        Raises:
            Failed: one was refused or not answered.
        """
        new = [self._somebody() for _ in range(count - count // 2)]
        people = [
            who
            for pair in itertools.zip_longest(new, self._known[: count // 2])
            for who in pair
            if who is not None
        ]
        greetings = self._door.greetings(people)
        watch = Stopwatch(self._place)
        clients = await self._door.come_all(greetings, at_once)
        usage = watch.stop()
        leave(clients)
        return usage

    def _somebody(self) -> Who:
        number = next(self._numbers)
        return Who(f"user-{number}", f"device-{number}", (ROOM,))
