"""Turns: so many at a time, and nobody waits in vain."""

from __future__ import annotations

import asyncio

import pytest

from chatserver.errors import Busy
from chatserver.services import turns as rules
from chatserver.services.turns import Turns

pytestmark = pytest.mark.asyncio


class Work:
    """Pieces of work that end when told; how many are under way, and what was refused."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.under_way = 0
        self.done = 0
        self.refused_ms: list[int] = []
        self.end = asyncio.Event()

    async def piece(self) -> None:
        try:
            async with self.turns.one():
                self.under_way += 1
                await self.end.wait()
                self.under_way -= 1
                self.done += 1
        except Busy as busy:
            self.refused_ms.append(busy.retry_after_ms or 0)


async def begin(work: Work, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(work.piece()) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_so_many_at_a_time_and_the_others_in_turn() -> None:
    work = Work(Turns(2, each_s=0.1))
    tasks = await begin(work, 5)
    assert work.under_way == 2
    work.end.set()
    await asyncio.gather(*tasks)
    assert (work.done, work.refused_ms) == (5, [])


async def test_who_would_wait_too_long_is_told_their_turn_one_after_the_other() -> None:
    work = Work(Turns(2, each_s=1.0, chance=lambda: 0.0))  # a turn each half second
    tasks = await begin(work, 2 + 7 + 3)
    first = int(rules.WAIT_MAX_S * 1000) + 500
    assert work.refused_ms == pytest.approx([first, first + 500, first + 1000], abs=100)
    work.end.set()
    await asyncio.gather(*tasks)
    assert work.done == 2 + 7


async def test_turns_are_promised_for_so_long_and_then_a_crowd_is_spread() -> None:
    chances = iter([0.0] * 54 + [0.25, 0.75])
    work = Work(Turns(1, each_s=0.5, chance=lambda: next(chances)))
    tasks = await begin(work, 1 + 7 + 56)
    assert max(work.refused_ms[:54]) <= rules.AHEAD_MAX_S * 1000
    assert work.refused_ms[-2:] == [37_500, 52_500]
    work.end.set()
    await asyncio.gather(*tasks)


async def test_who_waited_in_vain_is_told_when_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """It went slower than it seemed."""
    monkeypatch.setattr(rules, "WAIT_MAX_S", 0.02)
    work = Work(Turns(1, each_s=0.001))
    held, waiting = await begin(work, 2)
    await waiting
    assert len(work.refused_ms) == 1
    work.end.set()
    await held
    assert work.done == 1


async def test_how_long_they_take_is_learnt() -> None:
    work = Work(Turns(1, each_s=100.0))
    work.end.set()
    for _ in range(200):
        await work.piece()
    work.end.clear()
    tasks = await begin(work, 50)
    assert work.refused_ms == []
    work.end.set()
    await asyncio.gather(*tasks)


async def test_work_that_fails_gives_its_turn_back() -> None:
    turns = Turns(1, each_s=0.1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            async with turns.one():
                raise ValueError("broken")
