"""A connection is warned before its token ends, and closed when it did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from chatserver.gateway import session as module
from chatserver.gateway.alarms import Alarms
from chatserver.gateway.hub import Connection
from chatserver.gateway.session import Session
from tests.unit.gateway.leaping import LeapingLoop

pytestmark = pytest.mark.asyncio(loop_factories=["leaping"])

Connect = Callable[..., tuple[Connection, Any]]
NOW_MS = 1_790_000_000_000
LATE_MS = 300


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of day goes with the event loop's."""
    monkeypatch.setattr(module, "now_ms", now_ms)


def now_ms() -> int:
    return NOW_MS + round(asyncio.get_running_loop().time() * 1000)


class Guest:
    """Somebody who is let in, with a token that ends so soon."""

    def __init__(self, connect: Connect, ends_in_s: float) -> None:
        connection, self.wire = connect("k1")
        self.alarms: Alarms[Session] = Alarms(lambda session: session.wake(self.alarms))
        self.session = Session(cast("Any", None), cast("Any", None))
        self.session.connection = connection
        self.renew(ends_in_s)

    def renew(self, ends_in_s: float) -> None:
        connection = self.session.connection
        assert connection is not None
        self.ends = now_ms() + round(ends_in_s * 1000)
        connection.identity = msgspec.structs.replace(connection.identity, expires_at=self.ends)
        self.session.watch_expiry(self.alarms)

    @property
    def warnings(self) -> list[int]:
        """How many milliseconds were left, as told each time."""
        told = [json.loads(sent[1:])[1] for sent in self.wire.sent if sent != "closed"]
        assert all(notice["type"] == "expiring" for notice in told)
        return [notice["expires_in_ms"] for notice in told]

    @property
    def closed(self) -> bool:
        return "closed" in self.wire.sent


@pytest.mark.parametrize(
    ("ends_in_s", "left_s"), [(600.0, 60.0), (120.0, 60.0), (30.0, 15.0), (1.0, 0.5)]
)
async def test_it_is_warned_a_minute_before_or_at_half_time_and_closed_at_the_end(
    connect: Connect, ends_in_s: float, left_s: float
) -> None:
    guest = Guest(connect, ends_in_s)
    await asyncio.sleep(ends_in_s - 0.001)
    (left_ms,) = guest.warnings
    assert left_s * 1000 - LATE_MS <= left_ms <= left_s * 1000
    assert not guest.closed
    await asyncio.sleep(LATE_MS / 1000)
    assert guest.closed


async def test_who_renews_in_time_stays_and_is_warned_anew(connect: Connect) -> None:
    guest = Guest(connect, 100.0)
    await asyncio.sleep(70.0)
    assert len(guest.warnings) == 1
    guest.renew(100.0)
    await asyncio.sleep(99.0)
    assert (len(guest.warnings), guest.closed) == (2, False)
    await asyncio.sleep(1.0 + LATE_MS / 1000)
    assert guest.closed


async def test_a_token_that_ended_while_it_was_checked_is_none(connect: Connect) -> None:
    guest = Guest(connect, -5.0)
    await asyncio.sleep(1.0)
    assert (guest.warnings, guest.closed) == ([0], True)


async def test_a_token_of_days_is_watched_to_its_end(connect: Connect) -> None:
    loop = cast("LeapingLoop", asyncio.get_running_loop())
    guest = Guest(connect, 29 * 3600.0 + 120.0)
    for _ in range(29):
        loop.stall(3600.0)
        await asyncio.sleep(0.0)
    assert (guest.warnings, guest.closed) == ([], False)
    await asyncio.sleep((guest.ends - now_ms()) / 1000 - 1)
    assert (len(guest.warnings), guest.closed) == (1, False)
    await asyncio.sleep(1.0 + LATE_MS / 1000)
    assert guest.closed


async def test_who_left_is_told_nothing(connect: Connect) -> None:
    guest = Guest(connect, 10.0)
    guest.session.connection = None
    await asyncio.sleep(20.0)
    assert guest.wire.sent == []
    assert guest.session.alarm == 0
