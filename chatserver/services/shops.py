"""What a customer may see of a shop: whether somebody is there, and how soon answers come."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable
from typing import TypeVar

from msgspec import Struct

from chatserver.domain.answers import Answer, answers_in_ms
from chatserver.domain.person import SERVING, Caller
from chatserver.services.presence import Board, Known
from chatserver.store.gather import Gather
from chatserver.store.response_times import ResponseTimes

T = TypeVar("T")

FRESH_MS = 3000  # a node goes by what it knows of a shop for so long
REMEMBERED = 100_000  # people who serve somewhere, and shops that somebody asked about


class Status(Struct, frozen=True):
    """A shop as customers see it."""

    online: bool
    answers_in_ms: int | None


class Shops:
    """Keeps each shop on the board of people: it is there while somebody who serves in it is.

    It stands between `Presence` and the board, so a shop costs the same one look-up as a person,
    whatever the number of its staff, and a node that dies takes its shops off the board too.
    """

    def __init__(self, board: Board, times: ResponseTimes) -> None:
        self._board = board
        self._times = times
        self._shop_of: OrderedDict[str, str] = OrderedDict()
        self._at_work: dict[str, str] = {}  # who is in the foreground on this node, and for whom
        self._staff: Counter[str] = Counter()  # how many of them each shop has
        self._gather = Gather(self._load)
        self._known: OrderedDict[str, tuple[int, Status]] = OrderedDict()

    def meet(self, caller: Caller) -> None:
        """Somebody connected here; who serves in a shop is remembered with it."""
        if caller.role in SERVING and caller.shop:
            _remember(self._shop_of, caller.user, caller.shop)

    async def status(self, shop: str, now_ms: int) -> Status:
        """Whether somebody serves in the shop now, and how soon answers come.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        until, status = self._known.get(shop, (0, None))
        if status is None or not now_ms < until <= now_ms + FRESH_MS:
            status = await self._ask(shop, now_ms)
            _remember(self._known, shop, (now_ms + FRESH_MS, status))
        return status

    async def arrived(self, *users: str) -> None:
        """These people are on this node, with an app in the foreground on a handheld."""
        opened = self._begin(users)
        await self._board.arrived(*users, *opened)

    async def at_desk(self, *users: str) -> None:
        """These people are on this node, with an app in the foreground on no handheld."""
        opened = self._begin(users)
        await self._board.at_desk(*users)
        if opened:
            await self._board.arrived(*opened)

    async def away(self, *users: str) -> None:
        """These people are on this node, with all apps in the background: they serve nobody."""
        await self._board.away(*users)
        await self._end(users, at_ms=0)

    async def left(self, *users: str, at_ms: int) -> None:
        """These people's last connections on this node are gone."""
        await self._board.left(*users, at_ms=at_ms)
        await self._end(users, at_ms=at_ms)

    async def refresh(
        self, users: Iterable[str], away: Iterable[str], at_desk: Iterable[str]
    ) -> None:
        """These people are on this node as before, some of them away, some at a desk.

        Who began to serve without leaving, by another token, is at work from here on.
        """
        users, at_desk = tuple(users), tuple(at_desk)
        self._begin((*users, *at_desk))
        await self._board.refresh([*users, *map(_place, self._staff)], away, at_desk)

    async def states(self, users: Collection[str]) -> dict[str, Known]:
        """How these people are, seen over all nodes."""
        return await self._board.states(users)

    def _begin(self, users: Iterable[str]) -> list[str]:
        """These people are at work; the places of shops where nobody was before."""
        opened = []
        for user in users:
            shop = self._shop_of.get(user)
            if shop is not None and user not in self._at_work:
                self._at_work[user] = shop
                self._staff[shop] += 1
                if self._staff[shop] == 1:
                    opened.append(_place(shop))
        return opened

    async def _end(self, users: Iterable[str], *, at_ms: int) -> None:
        closed = []
        for user in users:
            shop = self._at_work.pop(user, None)
            if shop is None:
                continue
            self._staff[shop] -= 1
            if not self._staff[shop]:
                del self._staff[shop]
                closed.append(_place(shop))
        if closed:
            await self._board.left(*closed, at_ms=at_ms)

    async def _ask(self, shop: str, now_ms: int) -> Status:
        online, answers = (await self._gather.get_all((shop,)))[shop]
        return Status(online, answers_in_ms(answers, now_ms))

    async def _load(self, shops: list[str]) -> dict[str, tuple[bool, tuple[Answer, ...]]]:
        places = {_place(shop): shop for shop in shops}
        states, times = await asyncio.gather(self._board.states(places), self._times.of(shops))
        online = {places[place] for place, (state, _) in states.items() if state == "online"}
        return {shop: (shop in online, times.get(shop, ())) for shop in shops}


def _place(shop: str) -> str:
    """A shop's name on the board of people: no person has a blank in theirs."""
    return f"shop {shop}"


def _remember(known: OrderedDict[str, T], name: str, thing: T) -> None:
    known[name] = thing
    known.move_to_end(name)
    if len(known) > REMEMBERED:
        known.popitem(last=False)
