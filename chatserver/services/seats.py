"""Who hears which room: given to each connection, and put right where Redis cannot tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chatserver.domain.membership import Moved
from chatserver.errors import Unavailable
from chatserver.services.delivery import Delivery
from chatserver.store.memberships import Memberships
from chatserver.store.memberships import Seats as Seated

LOOKED_EVERY_S = 1.0
CLOCKS_DIFFER_MS = 60_000


class Seats:
    """The rooms that connections of this node hear."""

    def __init__(self, memberships: Memberships, delivery: Delivery) -> None:
        self._memberships = memberships
        self._delivery = delivery
        self._opened: set[str] = set()
        self._work = asyncio.Event()
        delivery.when_opened(self._open)

    def of(self, user: str) -> asyncio.Future[Seated]:
        """The rooms a person is in, each with the first message to be seen; to be awaited.

        Raises:
            Unavailable: when awaited, MongoDB does not answer.
        """
        return self._memberships.seats(user)

    async def greet(self) -> None:
        """Have who came into a room that this node did not hear before look into its log.

        What was said until Redis took the subscription reached nobody here.
        """
        while True:
            await self._work.wait()
            self._work.clear()
            opened, self._opened = self._opened, set()
            await self._delivery.listening()
            for topic in opened:
                self._delivery.resync_here(topic)

    async def follow(self, clock: Callable[[], int], hears: Callable[[], bool]) -> None:
        """While this node does not hear the others, look for what they would have told.

        So who is removed from a room is cut off from it within about a second, also without Redis.
        `clock` gives ms since 1970 UTC, `hears` whether the node hears the others.
        """
        deaf_since: int | None = None
        while True:
            await asyncio.sleep(LOOKED_EVERY_S)
            if hears() and deaf_since is None:
                continue
            deaf_since = deaf_since or clock() - CLOCKS_DIFFER_MS
            looked = await self._look(deaf_since)
            if hears() and looked:
                deaf_since = None

    def _open(self, topic: str) -> None:
        self._opened.add(topic)
        self._work.set()

    async def _look(self, since_ms: int) -> bool:
        try:
            changed = await self._memberships.changed_since(since_ms)
            for conversation, user in changed:
                if self._delivery.is_here(user):
                    await self._put_right(conversation, user)
        except Unavailable:
            return False
        return True

    async def _put_right(self, conversation: str, user: str) -> None:
        membership = await self._memberships.of(conversation, user)
        if membership is not None:
            first = membership.since if membership.is_in else None
            self._delivery.moved_here(Moved(conversation=conversation, seats={user: first}))
