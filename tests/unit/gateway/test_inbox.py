"""A connection's calls: one after the other, few at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chatserver.gateway.inbox import Inbox
from chatserver.tasks import Tasks

pytestmark = pytest.mark.asyncio


class Desk:
    """Handles one call when told to, and remembers the order."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.go = asyncio.Semaphore(0)

    async def handle(self, call: object) -> None:
        self.begun.append(str(call))
        await self.go.acquire()
        self.done.append(str(call))


@pytest_asyncio.fixture
async def desk() -> Desk:
    return Desk()


@pytest_asyncio.fixture
async def inbox(desk: Desk) -> AsyncIterator[Inbox[object]]:
    died: list[BaseException] = []
    tasks = Tasks(died.append)
    yield Inbox(tasks, desk.handle, limit=5)
    await tasks.stop()
    assert not died


def release(desk: Desk, times: int) -> None:
    for _ in range(times):
        desk.go.release()


async def test_calls_are_handled_in_order_one_at_a_time(inbox: Inbox[object], desk: Desk) -> None:
    assert all(inbox.put(n) for n in range(4))
    await asyncio.sleep(0)
    assert desk.begun == ["0"]
    release(desk, 4)
    await inbox.finish()
    assert desk.done == ["0", "1", "2", "3"]


async def test_a_slow_call_does_not_stop_the_next_from_being_taken_in(
    inbox: Inbox[object], desk: Desk
) -> None:
    inbox.put("slow")
    await asyncio.sleep(0)
    assert inbox.put("next")
    release(desk, 2)
    await inbox.finish()
    assert desk.done == ["slow", "next"]


async def test_beyond_the_limit_it_is_a_flood(inbox: Inbox[object], desk: Desk) -> None:
    assert [inbox.put(n) for n in range(6)] == [True] * 5 + [False]
    await asyncio.sleep(0)  # one is being handled and waits no longer
    assert [inbox.put(n) for n in (6, 7)] == [True, False]
    release(desk, 6)
    await inbox.finish()
    assert desk.done == ["0", "1", "2", "3", "4", "6"]


async def test_it_goes_on_after_it_was_empty(inbox: Inbox[object], desk: Desk) -> None:
    release(desk, 2)
    inbox.put(1)
    await inbox.finish()
    await inbox.finish()
    inbox.put(2)
    await inbox.finish()
    assert desk.done == ["1", "2"]


async def test_what_nobody_began_is_forgotten_and_what_was_begun_is_finished(
    inbox: Inbox[object], desk: Desk
) -> None:
    for n in range(3):
        inbox.put(n)
    await asyncio.sleep(0)
    inbox.clear()
    release(desk, 3)
    await inbox.finish()
    assert desk.done == ["0"]


async def test_what_comes_after_a_clearing_is_handled(inbox: Inbox[object], desk: Desk) -> None:
    for n in (0, 1):
        inbox.put(n)
    await asyncio.sleep(0)
    inbox.clear()
    assert inbox.put(2)
    release(desk, 3)
    await inbox.finish()
    assert desk.done == ["0", "2"]


async def test_an_idle_client_keeps_no_queue_and_no_task(inbox: Inbox[object], desk: Desk) -> None:
    release(desk, 1)
    inbox.put(0)
    await inbox.finish()
    assert (inbox._waiting, inbox._working) == (None, None)
