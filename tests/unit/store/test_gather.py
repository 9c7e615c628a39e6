"""Look-ups of one moment are one query, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

import pytest

from chatserver.errors import Unavailable
from chatserver.store.gather import LOADS_MAX, Gather

pytestmark = pytest.mark.asyncio


class Loads:
    """Doubles numbers, and knows nothing of odd ones; answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def __call__(self, keys: list[int]) -> Mapping[int, int]:
        self.asked.append(sorted(keys))
        self.begun.set()
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return {key: 2 * key for key in keys if key % 2 == 0}


@pytest.fixture
def loads() -> Loads:
    return Loads()


@pytest.fixture
def gather(loads: Loads) -> Gather[int, int]:
    return Gather(loads)


async def test_many_callers_are_one_query(loads: Loads, gather: Gather[int, int]) -> None:
    found = await asyncio.gather(*(gather.get(key % 5) for key in range(50)))
    assert found == [{0: 0, 2: 4, 4: 8}.get(key % 5) for key in range(50)]
    assert loads.asked == [[0, 1, 2, 3, 4]]


async def test_what_does_not_exist_is_left_out(loads: Loads, gather: Gather[int, int]) -> None:
    assert await gather.get_all([1, 2, 3, 4]) == {2: 4, 4: 8}
    assert await gather.get(3) is None
    assert await gather.get_all([]) == {}
    assert len(loads.asked) == 2


async def test_the_next_tick_loads_anew(loads: Loads, gather: Gather[int, int]) -> None:
    await gather.get(2)
    await gather.get(2)
    assert loads.asked == [[2], [2]]


async def test_who_comes_during_a_query_gets_another_one(
    loads: Loads, gather: Gather[int, int]
) -> None:
    """What is being read may be older than what this caller already knows."""
    loads.go.clear()
    first = asyncio.create_task(gather.get(2))
    await loads.begun.wait()
    second = asyncio.create_task(gather.get(2))
    await asyncio.sleep(0)
    loads.go.set()
    assert (await first, await second) == (4, 4)
    assert loads.asked == [[2], [2]]


async def test_a_failing_query_reaches_all_who_asked(
    loads: Loads, gather: Gather[int, int]
) -> None:
    loads.error = Unavailable()
    told = await asyncio.gather(*(gather.get(key) for key in range(4)), return_exceptions=True)
    assert all(isinstance(each, Unavailable) for each in told)
    loads.error = None
    assert await gather.get(2) == 4


@pytest.mark.parametrize("when", ["before the query", "during the query"])
async def test_the_first_to_ask_may_leave_and_the_others_get_their_answer(
    loads: Loads, gather: Gather[int, int], when: str
) -> None:
    loads.go.clear()
    first = asyncio.create_task(gather.get(2))
    other = asyncio.create_task(gather.get(4))
    await asyncio.sleep(0)
    if when == "during the query":
        await loads.begun.wait()
    first.cancel()
    loads.go.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await other == 8


async def test_beyond_some_queries_on_their_way_all_wait_for_one(
    loads: Loads, gather: Gather[int, int]
) -> None:
    loads.go.clear()
    callers = []
    for number in range(LOADS_MAX + 20):
        callers.append(asyncio.create_task(gather.get(2 * number)))
        await ticks(3)
    loads.go.set()
    assert await asyncio.gather(*callers) == [4 * number for number in range(LOADS_MAX + 20)]
    assert [len(each) for each in loads.asked] == [1] * LOADS_MAX + [20]


async def test_nobody_is_forgotten_whenever_they_come() -> None:
    chance = random.Random(7)

    async def load(keys: list[int]) -> dict[int, int]:
        await ticks(chance.randrange(4))
        return {key: key for key in keys}

    gather: Gather[int, int] = Gather(load)

    async def ask(number: int) -> int | None:
        await ticks(chance.randrange(300))
        return await gather.get(number)

    async with asyncio.timeout(60):
        assert await asyncio.gather(*map(ask, range(1000))) == list(range(1000))


async def test_more_than_one_query_may_hold_are_several(loads: Loads) -> None:
    gather: Gather[int, int] = Gather(loads, at_once=10)
    assert len(await gather.get_all(range(0, 50, 2))) == 25
    assert [len(each) for each in loads.asked] == [10, 10, 5]


async def test_a_follower_that_leaves_takes_nothing_from_the_others(
    loads: Loads, gather: Gather[int, int]
) -> None:
    loads.go.clear()
    callers = [asyncio.create_task(gather.get(2)) for _ in range(3)]
    await loads.begun.wait()
    callers[1].cancel()
    await asyncio.sleep(0)
    loads.go.set()
    assert (await callers[0], await callers[2]) == (4, 4)


async def ticks(count: int) -> None:
    """Let the event loop go round so many times."""
    for _ in range(count):
        await asyncio.sleep(0)
