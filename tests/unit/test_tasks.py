"""Background tasks: each has an owner, and all of them end."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from chatserver.tasks import Tasks

pytestmark = pytest.mark.asyncio


async def test_a_task_that_dies_is_logged_and_stops_the_process() -> None:
    deaths: list[BaseException] = []
    tasks = Tasks(deaths.append)

    async def dies() -> None:
        raise ValueError("broken")

    with capture_logs() as logs:
        await asyncio.wait([tasks.spawn("worker", dies())])
        await asyncio.sleep(0)
    assert [str(death) for death in deaths] == ["broken"]
    assert logs[0]["task"] == "worker"


async def test_a_task_that_was_cancelled_is_no_death() -> None:
    deaths: list[BaseException] = []
    tasks = Tasks(deaths.append)
    tasks.spawn("worker", asyncio.Event().wait())
    await tasks.stop()
    assert deaths == []


async def test_a_cancellation_that_got_lost_is_repeated() -> None:
    tasks = Tasks(lambda _death: None)
    lost = asyncio.Event()

    async def loses_one() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.set()
        await asyncio.Event().wait()

    task = tasks.spawn("worker", loses_one())
    await asyncio.sleep(0)
    await tasks.stop()
    assert lost.is_set()
    assert task.cancelled()


async def test_a_task_that_will_not_end_is_named_and_left() -> None:
    tasks = Tasks(lambda _death: None)
    free = asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    task = tasks.spawn("stubborn", stubborn())
    await asyncio.sleep(0)
    with capture_logs() as logs:
        await tasks.stop()
    assert logs[-1]["tasks"] == ["stubborn"]
    free.set()
    await asyncio.wait([task])
