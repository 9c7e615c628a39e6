"""Sockets that have not said who they are: few, and not for long."""

from __future__ import annotations

import asyncio

import pytest

from chatserver.config import Settings
from chatserver.gateway.admission import Admission

pytestmark = pytest.mark.asyncio


def admission(
    closed: asyncio.Queue[str], *, each: int = 2, total: int = 3, ms: int = 60_000
) -> Admission:
    settings = Settings(
        unauthenticated_per_address=each, unauthenticated_total=total, auth_deadline_ms=ms
    )
    return Admission(settings, closed.put_nowait)


@pytest.fixture
def closed() -> asyncio.Queue[str]:
    return asyncio.Queue()


async def test_an_address_has_few_waiting_sockets(closed: asyncio.Queue[str]) -> None:
    door = admission(closed)
    assert [door.admit(sid, "10.0.0.1") for sid in "abc"] == [True, True, False]
    assert door.admit("d", "10.0.0.2")
    door.release("a")
    assert door.admit("e", "10.0.0.1")
    for sid in "bde":
        door.release(sid)


async def test_there_are_few_in_all(closed: asyncio.Queue[str]) -> None:
    door = admission(closed)
    assert [door.admit(sid, f"10.0.0.{sid}") for sid in "1234"] == [True] * 3 + [False]
    door.release("4")  # was never let in, so nothing is freed
    assert not door.admit("5", "10.0.0.5")
    door.release("1")
    door.release("1")  # twice is once
    assert [door.admit(sid, f"10.0.0.{sid}") for sid in "67"] == [True, False]
    for sid in "236":
        door.release(sid)


async def test_who_does_not_authenticate_in_time_is_closed(closed: asyncio.Queue[str]) -> None:
    door = admission(closed, ms=1)
    door.admit("a", "10.0.0.1")
    assert await asyncio.wait_for(closed.get(), 5) == "a"
    assert door.admit("b", "10.0.0.1")
    assert not door.admit("c", "10.0.0.1")  # a counts until it is really gone
    door.release("a")
    assert door.admit("c", "10.0.0.1")
    door.release("b")
    door.release("c")


async def test_who_authenticated_is_left_alone(closed: asyncio.Queue[str]) -> None:
    door = admission(closed, ms=1)
    door.admit("in time", "10.0.0.1")
    door.release("in time")
    door.admit("late", "10.0.0.1")
    assert await asyncio.wait_for(closed.get(), 5) == "late"
    assert closed.empty()
    door.release("late")
