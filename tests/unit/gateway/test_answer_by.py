"""A call ends in time, and nobody else's cancellation is taken for that."""

from __future__ import annotations

import asyncio

import pytest

from chatserver.errors import Busy, Unavailable
from chatserver.gateway.alarms import LATE_S, Alarms
from chatserver.gateway.answering import AnswerBy

leaping = pytest.mark.asyncio(loop_factories=["leaping"])


def within(seconds: float) -> AnswerBy:
    alarms: Alarms[AnswerBy] = Alarms(AnswerBy.give_up)
    return AnswerBy(asyncio.get_running_loop().time() + seconds, alarms)


@leaping
async def test_what_takes_too_long_ends_in_time() -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable), within(4.8):
        await asyncio.sleep(60)
    took = asyncio.get_running_loop().time() - began
    assert 4.8 - LATE_S <= took <= 4.8 + 1e-6


@leaping
@pytest.mark.parametrize("left_s", [0.001, 0.1, 0.15])
async def test_what_has_hardly_any_time_left_ends_too(left_s: float) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable), within(left_s):
        await asyncio.sleep(60)
    assert asyncio.get_running_loop().time() - began <= LATE_S + 1e-6


@leaping
async def test_its_task_goes_on_as_if_nobody_had_cancelled_it() -> None:
    for _ in range(2):
        with pytest.raises(Unavailable), within(1):
            await asyncio.sleep(60)
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@leaping
async def test_what_answers_in_time_is_left_alone() -> None:
    with within(1):
        await asyncio.sleep(0.7)
    await asyncio.sleep(5)


@leaping
async def test_what_comes_too_late_is_not_tried() -> None:
    with pytest.raises(Busy), within(0):
        pytest.fail("it was tried")


@leaping
async def test_a_wait_inside_that_ends_by_itself_is_no_answer_either() -> None:
    with pytest.raises(Unavailable), within(5):
        await asyncio.wait_for(asyncio.sleep(60), 1)


@leaping
async def test_a_cancellation_by_somebody_else_goes_on() -> None:
    async def call() -> None:
        with within(5):
            await asyncio.sleep(60)

    task = asyncio.create_task(call())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@leaping
async def test_one_that_comes_with_the_end_of_the_time_goes_on_too() -> None:
    inner: list[AnswerBy] = []

    async def call() -> None:
        inner.append(within(5))
        with inner[0]:
            await asyncio.sleep(60)

    task = asyncio.create_task(call())
    await asyncio.sleep(1)
    inner[0].give_up()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
