"""Token buckets: bursts, refill, and the time after which to try again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain import limits
from chatserver.domain.limits import Limiter

NOW = 1_900_000_000_000


def test_a_burst_is_taken_at_once_and_no_more() -> None:
    limiter = Limiter(5, burst=15)
    assert [limiter.spend("mei", NOW) for _ in range(16)] == [0] * 15 + [200]


def test_it_refills_with_time_up_to_the_burst() -> None:
    limiter = Limiter(5, burst=3)
    spent = [limiter.spend("mei", NOW) for _ in range(4)]
    assert spent == [0, 0, 0, 200]
    assert limiter.spend("mei", NOW + 199) == 1
    assert limiter.spend("mei", NOW + 200) == 0
    much_later = NOW + 86_400_000
    assert [limiter.spend("mei", much_later) for _ in range(4)] == [0, 0, 0, 200]


def test_each_key_has_its_own_bucket() -> None:
    limiter = Limiter(1, burst=1)
    assert limiter.spend("mei", NOW) == 0
    assert limiter.spend("lin", NOW) == 0
    assert limiter.spend("mei", NOW) == 1000


def test_a_clock_that_steps_back_gives_nothing_and_takes_nothing() -> None:
    limiter = Limiter(1, burst=2)
    limiter.spend("mei", NOW)
    assert limiter.spend("mei", NOW - 3_600_000) == 0
    assert limiter.spend("mei", NOW - 3_600_000) == 1000
    assert limiter.spend("mei", NOW - 3_599_000) == 0


def test_old_keys_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REMEMBERED", 2)
    limiter = Limiter(1, burst=1)
    for key in ("mei", "lin", "eve"):
        limiter.spend(key, NOW)
    assert limiter.spend("lin", NOW) == 1000
    assert limiter.spend("mei", NOW) == 0


rates = st.integers(1, 200)
pauses = st.lists(st.one_of(st.integers(0, 50), st.integers(0, 5000)), max_size=40)


@given(per_s=st.integers(1, 20), times=st.integers(1, 3), pauses=pauses)
def test_no_window_holds_more_than_a_burst_and_its_share_of_time(
    per_s: int, times: int, pauses: list[int]
) -> None:
    burst = times * per_s
    limiter, now, taken = Limiter(per_s, burst), NOW, []
    for pause in pauses:
        now += pause
        while len(taken) < 100 and limiter.spend("mei", now) == 0:
            taken.append(now)
    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            share = burst + per_s * (taken[last] - start) / 1000
            assert last - first + 1 <= share + 1e-6


@given(per_s=rates, pauses=pauses)
def test_the_told_time_is_exact(per_s: int, pauses: list[int]) -> None:
    limiter, now = Limiter(per_s, per_s), NOW
    for pause in pauses:
        now += pause
        while (wait := limiter.spend("mei", now)) == 0:
            pass
        if wait > 1:
            assert limiter.spend("mei", now + wait - 1) > 0
        assert limiter.spend("mei", now + wait) == 0
        now += wait


def test_what_was_spent_elsewhere_is_owed_up_to_a_burst() -> None:
    limiter = Limiter(5, burst=15)
    for _ in range(100):
        limiter.owe("mei", NOW)
    assert limiter.spend("mei", NOW) == 16 * 200
    assert limiter.spend("mei", NOW + 16 * 200) == 0


@given(places=st.integers(2, 5), pauses=st.lists(st.integers(0, 300), min_size=1, max_size=60))
def test_places_that_tell_each_other_let_through_one_rate(places: int, pauses: list[int]) -> None:
    """Somebody sends through all of them as often as they let it, and each hears of the others."""
    limiters, now, taken = [Limiter(5, burst=15) for _ in range(places)], NOW, 0
    for pause in pauses:
        now += pause
        for limiter in limiters:
            while limiter.spend("mei", now) == 0:
                taken += 1
                for other in limiters:
                    if other is not limiter:
                        other.owe("mei", now)
    assert taken <= 15 + 5 * (now - NOW) / 1000
