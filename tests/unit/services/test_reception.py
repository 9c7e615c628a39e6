"""Reception: who is sent away is called as soon as there is room, in order."""

from __future__ import annotations

import asyncio

import pytest

from chatserver.domain.person import Caller
from chatserver.errors import Busy
from chatserver.services import reception, turns
from chatserver.services.reception import Reception
from chatserver.services.turns import Turns

pytestmark = pytest.mark.asyncio


def caller(name: str) -> Caller:
    return Caller(user=name, role="customer", device="phone", connection=name)


class Crowd:
    """People who want a turn; who was called, and who is gone."""

    def __init__(self, *, pace_s: float = 1.0) -> None:
        self.reception = Reception(Turns(1, each_s=pace_s), self._call)
        self.called: list[str] = []
        self.gone: set[str] = set()
        self._ends: dict[str, asyncio.Event] = {}

    def _call(self, who: Caller) -> bool:
        if who.user in self.gone:
            return False
        self.called.append(who.user)
        return True

    async def come(self, name: str) -> bool:
        """Have a turn until `leave`; false when sent away."""
        end = self._ends[name] = asyncio.Event()
        try:
            async with self.reception.turn(caller(name)):
                await end.wait()
        except Busy:
            return False
        return True

    async def begin(self, *names: str) -> list[asyncio.Task[bool]]:
        tasks = [asyncio.create_task(self.come(name)) for name in names]
        for _ in range(3):
            await asyncio.sleep(0)
        return tasks

    async def full(self) -> list[asyncio.Task[bool]]:
        """One has a turn, and as many wait as the line takes."""
        return await self.begin("first", "a", "b", "c", "d")

    def leave(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()


async def test_who_is_sent_away_is_called_when_the_line_is_short() -> None:
    crowd = Crowd()
    tasks = [*await crowd.full(), *await crowd.begin("sent-1", "sent-2", "sent-3")]
    assert [task.done() for task in tasks[-3:]] == [True] * 3
    assert crowd.called == []
    crowd.leave("first", "a", "b", "c", "d")
    assert await asyncio.gather(*tasks) == [True] * 5 + [False] * 3
    assert crowd.called == ["sent-1", "sent-2", "sent-3"]


async def test_nobody_is_called_while_the_line_is_long() -> None:
    crowd = Crowd(pace_s=reception.LINE_S)
    tasks = [*await crowd.full(), *await crowd.begin("sent")]
    crowd.leave("first")
    await tasks[0]
    assert crowd.called == []
    crowd.leave("a", "b", "c", "d")
    await asyncio.gather(*tasks)
    assert crowd.called == ["sent"]


async def test_who_is_gone_takes_nobodys_call() -> None:
    crowd = Crowd()
    tasks = [*await crowd.full(), *await crowd.begin("gone-1", "gone-2", "here")]
    crowd.gone = {"gone-1", "gone-2"}
    crowd.leave("first", "a", "b", "c", "d")
    await asyncio.gather(*tasks)
    assert crowd.called == ["here"]


async def test_so_many_are_remembered_and_of_more_the_latest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reception, "AWAY_MAX", 2)
    crowd = Crowd()
    tasks = [*await crowd.full(), *await crowd.begin("sent-1", "sent-2", "sent-3")]
    crowd.leave("first", "a", "b", "c", "d")
    await asyncio.gather(*tasks)
    assert crowd.called == ["sent-2", "sent-3"]


async def test_who_came_by_themselves_is_not_called() -> None:
    crowd = Crowd()
    tasks = [*await crowd.full(), *await crowd.begin("early", "late")]
    crowd.leave("first", "a")
    await asyncio.gather(*tasks[:2])
    again = await crowd.begin("early")  # before anybody was called
    assert crowd.called == []
    crowd.leave("b", "c", "d", "early")
    await asyncio.gather(*tasks, *again)
    assert crowd.called == ["late"]


async def test_a_crowd_is_served_at_its_pace_whatever_was_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Promised are hours; all are through as soon as they can be."""
    monkeypatch.setattr(turns, "AHEAD_MAX_S", 10_000.0)
    names = [f"n{number}" for number in range(300)]
    calls = {name: asyncio.Event() for name in names}
    served: list[str] = []

    def call(who: Caller) -> bool:
        calls[who.user].set()
        return True

    desk = Reception(Turns(4, each_s=60.0), call)

    async def one(name: str) -> None:
        while True:
            try:
                async with desk.turn(caller(name)):
                    await asyncio.sleep(0)
                    served.append(name)
                    return
            except Busy:
                await calls[name].wait()
                calls[name].clear()

    async with asyncio.timeout(30):
        await asyncio.gather(*map(one, names))
    assert sorted(served) == sorted(names)
