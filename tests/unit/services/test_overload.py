"""When a node counts as overloaded: not for one stall, and not back and forth on the edge."""

from __future__ import annotations

from itertools import count

import pytest

from chatserver import metrics
from chatserver.config import Settings
from chatserver.services.overload import Overload

LAG_S = 0.25


@pytest.fixture
def overload() -> Overload:
    settings = Settings(
        overload_lag_ms=int(LAG_S * 1000), append_waiting_max=1000, overload_waiting_percent=25
    )
    return Overload(settings)


def observations(overload: Overload, *, lag_s: float = 0, waiting: int = 0) -> int:
    """How many of these it takes until it changes its mind; a hundred are never."""
    before = overload.is_on
    for number in count(1):
        overload.observe(lag_s, waiting)
        if overload.is_on != before or number == 100:
            return number
    return 0


def test_it_is_overloaded_when_the_loop_stays_late(overload: Overload) -> None:
    assert 2 <= observations(overload, lag_s=2 * LAG_S) <= 5
    assert overload.is_on
    assert metrics.registry.get_sample_value("chat_overloaded") == 1


def test_it_is_overloaded_when_many_messages_stay_waiting(overload: Overload) -> None:
    assert observations(overload, waiting=249) == 100
    assert not overload.is_on
    assert observations(overload, waiting=500) <= 5
    assert overload.is_on


def test_a_single_stall_however_long_is_no_overload(overload: Overload) -> None:
    overload.observe(60.0, 0)
    assert not overload.is_on
    assert observations(overload) == 100


def test_it_takes_half_the_pressure_to_end_it(overload: Overload) -> None:
    observations(overload, lag_s=2 * LAG_S)
    assert observations(overload, lag_s=0.9 * LAG_S) == 100
    assert observations(overload, lag_s=0.51 * LAG_S) == 100
    assert observations(overload, lag_s=0.4 * LAG_S) <= 20
    assert observations(overload, lag_s=0.9 * LAG_S) == 100  # below 1 it does not begin again
    assert not overload.is_on
    assert metrics.registry.get_sample_value("chat_overloaded") == 0
