"""Who is online: a hint, told only to those who asked and may see it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from chatserver import metrics
from chatserver.domain.conversation import direct_id
from chatserver.domain.events import PresenceChanged
from chatserver.domain.person import Caller, Here, PresenceState
from chatserver.services.delivery import Delivery, of_presence
from chatserver.services.overload import Overload
from chatserver.store.stores import Stores

TOLD_EVERY_S = 0.1
TOLD_AT_ONCE = 500  # people, before others have their turn
UNTOLD_MAX = 100_000  # people whose changes wait for the end of an overload

Known = tuple[PresenceState, int | None]
"""How somebody is, and when the person was last seen, in ms; None unless offline."""


class Board(Protocol):
    """Where the nodes note who is online; it knows nothing when Redis is down."""

    async def arrived(self, *users: str) -> None:
        """These people are on this node, with an app in the foreground on a handheld."""
        ...

    async def at_desk(self, *users: str) -> None:
        """These people are on this node, with an app in the foreground on no handheld."""
        ...

    async def away(self, *users: str) -> None:
        """These people are on this node, with all apps in the background."""
        ...

    async def left(self, *users: str, at_ms: int) -> None:
        """These people's last connections on this node are gone."""
        ...

    async def refresh(
        self, users: Iterable[str], away: Iterable[str], at_desk: Iterable[str]
    ) -> None:
        """These people are on this node as before, some of them away, some at a desk."""
        ...

    async def states(self, users: Collection[str]) -> dict[str, Known]:
        """How these people are, seen over all nodes; who is not known is left out."""
        ...


class Presence:
    """Coming and going of people: noted at once, and told for many together a moment later.

    While the node is overloaded it is noted only; how those are about whom nothing was told is
    told when that is over.
    """

    def __init__(
        self,
        board: Board,
        stores: Stores,
        delivery: Delivery,
        overload: Overload,
        *,
        leaves_after_ms: int,
    ) -> None:
        """A person who comes back within `leaves_after_ms` was never gone."""
        self._board = board
        self._conversations = stores.conversations
        self._memberships = stores.memberships
        self._delivery = delivery
        self._overload = overload
        self._leaves_after_s = leaves_after_ms / 1000
        self._here: dict[str, Here] = {}  # everybody on this node
        self._changed: dict[str, bool] = {}  # whether that is news to those who watch
        # until when each may come back: all have the same time, so the first is due first
        self._leaving: OrderedDict[str, float] = OrderedDict()
        self._untold: dict[str, None] = {}

    def came(self, user: str, here: Here = "handheld") -> None:
        """A person is on this node, in this way; may be said again."""
        self._leaving.pop(user, None)  # nobody heard of the leaving
        before = self._here.get(user)
        if before != here:
            self._here[user] = here
            is_news = before is None or "away" in (before, here)
            self._changed[user] = is_news or self._changed.get(user, False)

    def went(self, user: str) -> None:
        """A person's last connection on this node is gone: so is the person, if it stays so."""
        self._leaving[user] = asyncio.get_running_loop().time() + self._leaves_after_s
        self._leaving.move_to_end(user)

    async def run(self, clock: Callable[[], int]) -> None:
        """Tell of those who came and went until cancelled; `clock` gives ms since 1970 UTC."""
        while True:
            await asyncio.sleep(TOLD_EVERY_S)
            await self.flush(clock())

    async def flush(self, now_ms: int) -> None:
        """Tell of those who came or turned away, and of those who went and stayed so."""
        changed, self._changed = self._changed, {}
        for users in _parts(changed):
            await self._note(users, changed)
        for users in _parts(self._gone()):
            await self._left(users, now_ms)
        if self._untold and not self._overload.is_on:
            await self._make_up()

    async def refresh(self) -> None:
        """Say that everybody on this node is still here; more often than a board forgets."""
        await self._board.refresh(*self._sorted(self._here))

    async def visible(self, caller: Caller, users: Iterable[str]) -> list[str]:
        """Those of these people whose presence the caller may see.

        They share a direct conversation, or a room that is not too large for that.
        """
        others = {direct_id(caller.user, user): user for user in users if user != caller.user}
        found = await self._conversations.get_all(others)
        seen = [others[id_] for id_ in found]
        unseen = set(others.values()).difference(seen)
        return [*seen, *await self._in_rooms_with(caller.user, unseen)]

    async def states(self, users: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What watchers are told at first."""
        users = tuple(users)
        known = await self._board.states(users)
        how = {user: self._state(user, known.get(user, ("offline", None))) for user in users}
        return {user: {"state": state, "last_seen": seen} for user, (state, seen) in how.items()}

    async def _in_rooms_with(self, user: str, others: set[str]) -> set[str]:
        if not others:
            return set()
        mine = [conversation for conversation, _ in await self._memberships.seats(user)]
        rooms = await self._conversations.get_all(mine)
        small = [id_ for id_, conversation in rooms.items() if not conversation.is_large]
        return await self._memberships.sharing(small, others)

    def _gone(self) -> list[str]:
        """Take out those who stayed away."""
        now, gone = asyncio.get_running_loop().time(), []
        while self._leaving and next(iter(self._leaving.values())) <= now:
            gone.append(self._leaving.popitem(last=False)[0])
            self._here.pop(gone[-1], None)
        return gone

    def _sorted(self, users: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
        """Those of these people who have a handheld in the foreground, who are away, at a desk."""
        by_place: dict[Here, list[str]] = {"handheld": [], "away": [], "desktop": []}
        for user in users:
            by_place[self._here[user]].append(user)
        return by_place["handheld"], by_place["away"], by_place["desktop"]

    async def _note(self, users: Sequence[str], news: Mapping[str, bool]) -> None:
        """These people came, or turned to or away from their apps: noted, and told."""
        in_hand, away, at_desk = self._sorted(users)
        if in_hand:
            await self._board.arrived(*in_hand)
        if at_desk:
            await self._board.at_desk(*at_desk)
        come = [user for user in (*in_hand, *at_desk) if news[user]]
        self._tell(dict.fromkeys(come, ("online", None)))
        if away:
            await self._board.away(*away)
            await self._tell_rest(away, ("away", None))

    async def _left(self, users: Sequence[str], now_ms: int) -> None:
        await self._board.left(*users, at_ms=now_ms)
        await self._tell_rest(users, ("offline", now_ms))

    async def _tell_rest(self, users: Sequence[str], otherwise: Known) -> None:
        """Tell how these people are now, but for those who are online elsewhere as before."""
        known = await self._board.states(users)
        states = {user: self._state(user, known.get(user, otherwise)) for user in users}
        self._tell({user: state for user, state in states.items() if state[0] != "online"})

    async def _make_up(self) -> None:
        """Tell how some of those are now about whom nothing was told during an overload."""
        users = list(islice(self._untold, TOLD_AT_ONCE))
        known = await self._board.states(users)
        self._tell({user: self._state(user, known.get(user, ("offline", None))) for user in users})

    def _state(self, user: str, known: Known) -> Known:
        """Nobody knows better than this node who is here."""
        here = self._here.get(user)
        if here in ("handheld", "desktop"):
            return ("online", None)
        return ("away", None) if here == "away" and known[0] == "offline" else known

    def _tell(self, states: dict[str, Known]) -> None:
        for user, (state, last_seen) in states.items():
            if self._overload.is_on:
                self._owe(user)
                continue
            self._untold.pop(user, None)
            event = PresenceChanged(user=user, state=state, last_seen=last_seen)
            self._delivery.tell_topics((of_presence(user),), event)

    def _owe(self, user: str) -> None:
        metrics.spared.labels("presence").inc()
        if len(self._untold) < UNTOLD_MAX:
            self._untold[user] = None


def _parts(users: Iterable[str]) -> Iterator[tuple[str, ...]]:
    left = iter(users)
    while part := tuple(islice(left, TOLD_AT_ONCE)):
        yield part
