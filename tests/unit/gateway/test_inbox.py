"""A connection's calls: one after the other, few at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chatserver.gateway.inbox import Inbox
from chatserver.gateway.packets import Event
from chatserver.tasks import Tasks

pytestmark = pytest.mark.asyncio


class Desk:
    """Handles one event when told to, and remembers the order."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.go = asyncio.Semaphore(0)

    async def handle(self, event: Event) -> None:
        self.begun.append(event.name)
        await self.go.acquire()
        self.done.append(event.name)


def event(name: object) -> Event:
    return Event(str(name), None, None)


@pytest_asyncio.fixture
async def desk() -> Desk:
    return Desk()


@pytest_asyncio.fixture
async def inbox(desk: Desk) -> AsyncIterator[Inbox]:
    died: list[BaseException] = []
    tasks = Tasks(died.append)
    yield Inbox(tasks, desk.handle, limit=5)
    await tasks.stop()
    assert not died


def release(desk: Desk, times: int) -> None:
    for _ in range(times):
        desk.go.release()


async def test_calls_are_handled_in_order_one_at_a_time(inbox: Inbox, desk: Desk) -> None:
    assert all(inbox.put(event(n)) for n in range(4))
    await asyncio.sleep(0)
    assert desk.begun == ["0"]
    release(desk, 4)
    await inbox.finish()
    assert desk.done == ["0", "1", "2", "3"]


async def test_a_slow_call_does_not_stop_the_next_from_being_taken_in(
    inbox: Inbox, desk: Desk
) -> None:
    inbox.put(event("slow"))
    await asyncio.sleep(0)
    assert inbox.put(event("next"))
    release(desk, 2)
    await inbox.finish()
    assert desk.done == ["slow", "next"]


async def test_beyond_the_limit_it_is_a_flood(inbox: Inbox, desk: Desk) -> None:
    assert [inbox.put(event(n)) for n in range(6)] == [True] * 5 + [False]
    await asyncio.sleep(0)  # one is being handled and waits no longer
    assert [inbox.put(event(n)) for n in (6, 7)] == [True, False]
    release(desk, 6)
    await inbox.finish()
    assert desk.done == ["0", "1", "2", "3", "4", "6"]


async def test_it_goes_on_after_it_was_empty(inbox: Inbox, desk: Desk) -> None:
    release(desk, 2)
    inbox.put(event(1))
    await inbox.finish()
    await inbox.finish()
    inbox.put(event(2))
    await inbox.finish()
    assert desk.done == ["1", "2"]


async def test_what_nobody_began_is_forgotten_and_what_was_begun_is_finished(
    inbox: Inbox, desk: Desk
) -> None:
    for n in range(3):
        inbox.put(event(n))
    await asyncio.sleep(0)
    inbox.clear()
    release(desk, 3)
    await inbox.finish()
    assert desk.done == ["0"]
