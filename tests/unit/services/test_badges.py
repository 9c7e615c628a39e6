"""Badges: counted once for all that happens within a moment, and nobody's is forgotten."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from chatserver.domain.events import Badge
from chatserver.errors import Unavailable
from chatserver.services import badges as rules
from chatserver.services.badges import Badges

pytestmark = pytest.mark.asyncio


class People:
    """How much everybody has not read; who was counted and told."""

    def __init__(self) -> None:
        self.badges = Badges(self._count, self._tell)
        self.unread: dict[str, int] = {}
        self.counted: list[str] = []
        self.told: list[tuple[str, int]] = []
        self.is_away = False

    async def _count(self, user: str) -> Badge:
        self.counted.append(user)
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable
        return Badge(unread=self.unread.get(user, 0), mentions=0)

    def _tell(self, users: list[str], badge: Badge) -> None:
        self.told += [(user, badge.unread) for user in users]


async def test_what_moves_within_a_moment_is_counted_once() -> None:
    people = People()
    for unread in (3, 2, 1):
        people.unread["mei"] = unread
        people.badges.put("mei")
    people.badges.put("lin")
    await people.badges.flush()
    await people.badges.flush()
    assert people.told == [("mei", 1), ("lin", 0)]


async def test_what_moves_while_it_is_counted_is_counted_again() -> None:
    people = People()
    people.badges.put("mei")
    flushing = asyncio.create_task(people.badges.flush())
    await asyncio.sleep(0)
    people.unread["mei"] = 5
    people.badges.put("mei")
    await flushing
    assert people.told[-1] == ("mei", 5)


async def test_a_crowd_is_counted_some_at_a_time_in_order() -> None:
    people = People()
    crowd = [f"n{number}" for number in range(2 * rules.AT_ONCE + 1)]
    for user in crowd:
        people.badges.put(user)
    await people.badges.flush()
    assert [user for user, _unread in people.told] == crowd


async def test_nobody_is_forgotten_while_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "TOGETHER_S", 0.001)
    monkeypatch.setattr(rules, "AGAIN_S", 0.001)
    people = People()
    people.is_away = True
    people.badges.put("mei")
    with pytest.raises(Unavailable):
        await people.badges.flush()
    running = asyncio.create_task(people.badges.run())
    async with asyncio.timeout(30):
        while len(people.counted) < 3:  # noqa: ASYNC110 - it tries again by its own clock
            await asyncio.sleep(0.001)
        people.is_away = False
        while not people.told:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert people.told == [("mei", 0)]
