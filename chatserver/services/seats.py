"""Who hears which room: given to each connection, and put right where Redis cannot tell."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from chatserver.domain.membership import Moved
from chatserver.errors import Unavailable
from chatserver.services.delivery import Delivery, of_room, of_user
from chatserver.store.memberships import Memberships
from chatserver.store.memberships import Seats as Seated

LOOKED_EVERY_S = 1.0
LOOKED_WHEN_HEARD = 5  # times as rarely
CLOCKS_DIFFER_MS = 60_000
REVISIONS_KEPT = 10_000


class Seats:
    """The rooms that connections of this node hear."""

    def __init__(self, memberships: Memberships, delivery: Delivery) -> None:
        self._memberships = memberships
        self._delivery = delivery
        self._revisions: OrderedDict[str, int] = OrderedDict()
        self._opened: set[str] = set()  # topics that this node did not hear until now
        self._late: set[tuple[str, str]] = set()  # room and person, to be looked up
        self._moved_meanwhile: set[str] = set()  # rooms, since the last look began
        self._work = asyncio.Event()
        delivery.when_moved(self._moved)

    def of(self, user: str) -> asyncio.Future[Seated]:
        """The rooms a person is in, each with the first message to be seen; to be awaited.

        Raises:
            Unavailable: when awaited, MongoDB does not answer.
        """
        return self._memberships.seats(user)

    async def run(self) -> None:
        """See to those whom what was told did not seat rightly."""
        while True:
            await self._work.wait()
            self._work.clear()
            await self._see_to_the_late()
            await self._greet()

    async def follow(self, clock: Callable[[], int], hears: Callable[[], bool]) -> None:
        """Look now and then for what nobody told: the node that should have may be gone.

        While this node does not hear the others it looks each second, so that who is removed from a
        room is cut off from it also without Redis. `clock` gives ms since 1970 UTC, `hears` whether
        the node hears the others.
        """
        since, heard, looks_in = clock(), True, LOOKED_WHEN_HEARD
        while True:
            await asyncio.sleep(LOOKED_EVERY_S)
            heard, looks_in = heard and hears(), looks_in - 1
            if heard and looks_in > 0:
                continue
            now = clock()
            if await self._look(since - CLOCKS_DIFFER_MS):
                since, heard, looks_in = now, hears(), LOOKED_WHEN_HEARD

    def _moved(self, moved: Moved) -> None:
        """A room changed, as this node or another one says."""
        self._moved_meanwhile.add(moved.conversation)
        latest = self._revisions.get(moved.conversation, -1)
        if moved.revision > latest:
            self._note_revision(moved)
            for user, first in moved.seats.items():
                self._seat(user, moved.conversation, first)
        elif moved.revision < latest:
            self._unseat(moved)

    def _unseat(self, moved: Moved) -> None:
        """It comes too late to be true: until it is looked up, nobody hears what they may not."""
        for user in moved.seats:
            if self._delivery.is_here(user):
                self._seat(user, moved.conversation, None)
                self._late.add((moved.conversation, user))
                self._work.set()

    def _seat(self, user: str, conversation: str, first: int | None) -> None:
        topic = of_room(conversation)
        if self._delivery.seat_here(user, topic, first):
            self._opened.add(topic)
            self._work.set()

    def _note_revision(self, moved: Moved) -> None:
        self._revisions[moved.conversation] = moved.revision
        self._revisions.move_to_end(moved.conversation)
        if len(self._revisions) > REVISIONS_KEPT:
            self._revisions.popitem(last=False)

    async def _see_to_the_late(self) -> None:
        while self._late:
            conversation, user = self._late.pop()
            try:
                await self._put_right(conversation, user)
            except Unavailable:
                self._late.add((conversation, user))
                await asyncio.sleep(LOOKED_EVERY_S)
            else:
                self._delivery.resync_here(of_user(user))

    async def _greet(self) -> None:
        """Have who came into a room that this node did not hear before look into its log.

        What was said until Redis took the subscription reached nobody here.
        """
        opened, self._opened = self._opened, set()
        if opened:
            await self._delivery.listening()
        for topic in opened:
            self._delivery.resync_here(topic)

    async def _look(self, since_ms: int) -> bool:
        self._moved_meanwhile.clear()
        try:
            changed = await self._memberships.changed_since(since_ms)
        except Unavailable:
            return False
        for conversation, user, first in changed:
            is_right = self._delivery.is_seated_here(user, of_room(conversation), first)
            if not is_right and conversation not in self._moved_meanwhile:
                self._seat(user, conversation, first)
                self._delivery.resync_here(of_user(user))
        return True

    async def _put_right(self, conversation: str, user: str) -> None:
        """Seat somebody as MongoDB says, asked again where the room moved meanwhile."""
        while True:
            revision = self._revisions.get(conversation)
            membership = await self._memberships.of(conversation, user)
            if revision == self._revisions.get(conversation):
                break
        if membership is not None:
            self._seat(user, conversation, membership.since if membership.is_in else None)
