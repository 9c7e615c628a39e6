"""What gathers while a batch is on its way goes together, and each gets its own outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from chatserver.errors import Unavailable
from chatserver.store.gather import BATCH_MAX, Batches

pytestmark = pytest.mark.asyncio

WAIT_S = 60


class Work:
    """Doubles numbers when the test says so; 13 cannot be sent, and 7 fails alone."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def __call__(self, items: list[int]) -> Sequence[int | Exception]:
        self.batches.append(items)
        self.begun.set()
        await self.go.wait()
        if self.error is not None:
            raise self.error
        if 13 in items:
            raise ValueError(13)
        return [Unavailable() if item == 7 else 2 * item for item in items]


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def batches(work: Work) -> Batches[int, int]:
    return Batches("doubling", work, pause_s=0)


async def test_items_of_one_tick_go_together(work: Work, batches: Batches[int, int]) -> None:
    assert await asyncio.gather(*map(batches.put, range(5))) == [0, 2, 4, 6, 8]
    assert work.batches == [[0, 1, 2, 3, 4]]


async def test_while_one_is_on_its_way_the_next_gathers(
    work: Work, batches: Batches[int, int]
) -> None:
    work.go.clear()
    first = batches.put(1)
    await work.begun.wait()
    later = []
    for item in (2, 3, 3):
        later.append(batches.put(item))
        await asyncio.sleep(0)
    work.go.set()
    assert await first == 2
    assert await asyncio.gather(*later) == [4, 6, 6]
    assert work.batches == [[1], [2, 3, 3]]


async def test_a_batch_is_bounded_and_full_ones_do_not_wait(work: Work) -> None:
    batches = Batches("doubling", work, pause_s=3600)
    async with asyncio.timeout(WAIT_S):
        await asyncio.gather(*map(batches.put, range(100, 100 + 2 * BATCH_MAX)))
    assert [len(batch) for batch in work.batches] == [BATCH_MAX, BATCH_MAX]


async def test_between_two_batches_lies_a_pause(work: Work) -> None:
    loop = asyncio.get_running_loop()
    batches = Batches("doubling", work, pause_s=0.05)
    await batches.put(1)
    answered = loop.time()
    assert await asyncio.gather(batches.put(2), batches.put(3)) == [4, 6]
    assert loop.time() - answered >= 0.04
    assert work.batches == [[1], [2, 3]]


async def test_who_alone_fails_fails_alone(batches: Batches[int, int]) -> None:
    told = await asyncio.gather(*map(batches.put, (6, 7, 8)), return_exceptions=True)
    assert told[::2] == [12, 16]
    assert isinstance(told[1], Unavailable)


async def test_what_cannot_be_sent_takes_nobody_along(
    work: Work, batches: Batches[int, int]
) -> None:
    told = await asyncio.gather(*map(batches.put, range(10, 18)), return_exceptions=True)
    assert [each for each in told if not isinstance(each, ValueError)] == [
        2 * item for item in range(10, 18) if item != 13
    ]
    assert len(work.batches) <= 7


async def test_without_the_store_those_who_wait_hear_it_at_once(
    work: Work, batches: Batches[int, int]
) -> None:
    work.go.clear()
    first = batches.put(1)
    await work.begun.wait()
    behind = [batches.put(item) for item in (2, 3)]
    work.error = Unavailable()
    work.go.set()
    told = await asyncio.gather(first, *behind, return_exceptions=True)
    assert all(isinstance(each, Unavailable) for each in told)
    assert work.batches == [[1]]

    work.error = None
    assert await batches.put(4) == 8


async def test_who_leaves_takes_nothing_from_the_others(
    work: Work, batches: Batches[int, int]
) -> None:
    async def ask(item: int) -> int:
        return await batches.put(item)

    work.go.clear()
    callers = [asyncio.create_task(ask(item)) for item in (1, 2, 3)]
    await work.begun.wait()
    callers[0].cancel()
    work.go.set()
    assert await asyncio.gather(*callers[1:]) == [4, 6]
    with pytest.raises(asyncio.CancelledError):
        await callers[0]


async def test_nobody_need_wait(work: Work, batches: Batches[int, int]) -> None:
    """Not even for a failure: unseen exceptions would be warnings, and these are errors here."""
    for item in (1, 7, 13):
        batches.put(item)
    assert await batches.put(2) == 4


async def test_when_it_is_stopped_nobody_is_left_waiting(
    work: Work, batches: Batches[int, int]
) -> None:
    work.go.clear()
    first = batches.put(1)
    await work.begun.wait()
    behind = batches.put(2)
    [running] = [task for task in asyncio.all_tasks() if task.get_name() == "doubling"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    for each in (first, behind):
        with pytest.raises(Unavailable):
            await each
    work.go.set()
    assert await batches.put(3) == 6
