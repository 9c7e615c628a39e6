"""Deadlines of one length: each is told once, in order, from a single timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from chatserver.gateway.engine.deadlines import AT_ONCE, Deadlines

pytestmark = pytest.mark.asyncio

SOON_S = 0.001
NEVER_S = 3600.0


@pytest.fixture
def late() -> asyncio.Queue[str]:
    return asyncio.Queue()


async def take(late: asyncio.Queue[str], count: int) -> list[str]:
    async with asyncio.timeout(60):
        return [await late.get() for _ in range(count)]


def count_timers(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times that timers of this loop are set to from now on."""
    loop, times = asyncio.get_running_loop(), []
    call_at: Callable[..., Any] = loop.call_at

    def note(when: float, *arguments: Any, **options: Any) -> Any:
        times.append(when)
        return call_at(when, *arguments, **options)

    monkeypatch.setattr(loop, "call_at", note)
    return times


async def test_whoever_is_late_is_told_once_and_in_order(late: asyncio.Queue[str]) -> None:
    deadlines = Deadlines(SOON_S, late.put_nowait)
    for item in "abc":
        deadlines.add(item)
    assert await take(late, 3) == ["a", "b", "c"]
    assert len(deadlines) == 0
    deadlines.add("d")
    assert await take(late, 1) == ["d"]


async def test_nobody_is_told_too_early(late: asyncio.Queue[str]) -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(0.05, late.put_nowait)
    added = loop.time()
    deadlines.add("a")
    await take(late, 1)
    assert loop.time() - added >= 0.05


async def test_what_is_discarded_in_time_is_not_told(late: asyncio.Queue[str]) -> None:
    deadlines = Deadlines(SOON_S, late.put_nowait)
    for item in "abcd":
        deadlines.add(item)
    for item in ("a", "c", "a", "never added"):
        deadlines.discard(item)
    assert len(deadlines) == 2
    assert await take(late, 2) == ["b", "d"]
    assert late.empty()


async def test_what_is_added_again_begins_anew(late: asyncio.Queue[str]) -> None:
    deadlines = Deadlines(SOON_S, late.put_nowait)
    for item in "aba":
        deadlines.add(item)
    assert await take(late, 2) == ["b", "a"]
    assert late.empty()


async def test_an_error_about_one_is_reported_and_keeps_none_of_the_others(
    late: asyncio.Queue[str],
) -> None:
    def on_due(item: str) -> None:
        if item == "bad":
            raise ValueError(item)
        late.put_nowait(item)

    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: reported.append(told))
    deadlines = Deadlines(SOON_S, on_due)
    for item in ("bad", "good"):
        deadlines.add(item)
    assert await take(late, 1) == ["good"]
    assert [str(told["exception"]) for told in reported] == ["bad"]


async def test_who_is_told_may_add_and_discard(late: asyncio.Queue[str]) -> None:
    def on_due(item: str) -> None:
        late.put_nowait(item)
        deadlines.discard("not told any more")
        if item == "a":
            deadlines.add("b")

    deadlines = Deadlines(SOON_S, on_due)
    for item in ("a", "not told any more"):
        deadlines.add(item)
    assert await take(late, 2) == ["a", "b"]


async def test_once_closed_nothing_is_due(late: asyncio.Queue[str]) -> None:
    deadlines = Deadlines(SOON_S, late.put_nowait)
    deadlines.add("a")
    deadlines.close()
    other = Deadlines(2 * SOON_S, late.put_nowait)
    other.add("b")
    assert await take(late, 1) == ["b"]
    assert late.empty()
    deadlines.close()


async def test_ten_thousand_need_one_timer(
    late: asyncio.Queue[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    timers = count_timers(monkeypatch)
    deadlines = Deadlines(NEVER_S, late.put_nowait)
    for item in range(10_000):
        deadlines.add(item)
    for item in range(10_000):
        deadlines.discard(item)
    assert len(deadlines) == 0
    assert len(timers) == 1
    deadlines.close()


async def test_many_who_are_late_together_leave_room_for_others(late: asyncio.Queue[int]) -> None:
    deadlines = Deadlines(SOON_S, late.put_nowait)
    for item in range(3 * AT_ONCE):
        deadlines.add(item)
    told = [0]
    while told[-1] < 3 * AT_ONCE:
        await asyncio.sleep(0)
        told.append(late.qsize())
    assert max(after - before for before, after in pairwise(told)) <= AT_ONCE
