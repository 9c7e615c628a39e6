"""Sockets that have not said who they are: few, and not for long."""

from __future__ import annotations

import asyncio

import pytest

from chatserver import metrics
from chatserver.config import Settings
from chatserver.gateway.admission import Admission

pytestmark = pytest.mark.asyncio


NOW = 1_790_000_000_000


def admission(
    closed: asyncio.Queue[str], *, each: int = 2, total: int = 3, ms: int = 60_000, per_s: int = 10
) -> Admission:
    settings = Settings(
        unauthenticated_per_address=each,
        unauthenticated_total=total,
        auth_deadline_ms=ms,
        connects_per_s=per_s,
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
    assert await asyncio.wait_for(closed.get(), 60) == "a"
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
    assert await asyncio.wait_for(closed.get(), 60) == "late"
    assert closed.empty()
    door.release("late")


async def test_only_those_who_have_not_authenticated_count(closed: asyncio.Queue[str]) -> None:
    """A whole town may come through one address."""
    door = admission(closed)
    for number in range(1000):
        assert door.admit(f"{number}", "10.0.0.1")
        door.release(f"{number}")
    assert metrics.registry.get_sample_value("chat_unauthenticated_sockets") == 0
    door.admit("waiting", "10.0.0.1")
    assert metrics.registry.get_sample_value("chat_unauthenticated_sockets") == 1
    door.close()


async def test_clients_come_in_at_the_pace_of_the_settings(closed: asyncio.Queue[str]) -> None:
    door = admission(closed, per_s=3)
    assert [door.enter(NOW) for _ in range(3)] == [0, 0, 0]
    assert door.enter(NOW) > 0
    assert [door.enter(NOW + 1000) for _ in range(3)] == [0, 0, 0]


async def test_once_closed_it_closes_nobody(closed: asyncio.Queue[str]) -> None:
    door, other = admission(closed, ms=1), admission(closed, ms=2)
    door.admit("a", "10.0.0.1")
    door.close()
    other.admit("b", "10.0.0.1")
    assert await asyncio.wait_for(closed.get(), 60) == "b"
    assert closed.empty()


async def test_an_overloaded_node_lets_in_a_share(closed: asyncio.Queue[str]) -> None:
    door = admission(closed, per_s=100)  # a quarter by default
    waits = [door.enter(NOW, overloaded=True) for _ in range(50)]
    assert waits.count(0) == 25
    assert all(wait >= 500 for wait in waits if wait)
