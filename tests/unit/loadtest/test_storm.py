"""The simulated storm is the measured one where one was measured, and ends for everybody."""

from __future__ import annotations

import msgspec
import pytest

from loadtest.__main__ import main
from loadtest.rehearsal.storm import Costs, simulate

AT_ONCE = Costs(comes_after_s=(0, 0), connect_s=0, connects_per_s=1e9)


def test_it_lasts_as_long_as_the_measured_one() -> None:
    """5,000 people who sync at once: 9.15 s and 0.64 refusals each."""
    storm = simulate(5000, AT_ONCE)
    assert storm.within(1) == pytest.approx(9.15, rel=0.1)
    assert storm.refused_syncs / 5000 == pytest.approx(0.64, rel=0.1)


@pytest.mark.parametrize("people", [1, 10, 3000])
@pytest.mark.parametrize("calls", [False, True])
def test_everybody_comes_back_once(people: int, calls: bool) -> None:
    storm = simulate(people, Costs(calls=calls))
    assert len(storm.back_s) == people
    assert storm.back_s == sorted(storm.back_s)
    assert storm.within(0.5) <= storm.within(1)


def test_without_any_queue_nobody_is_refused() -> None:
    storm = simulate(10, Costs())
    assert storm.refused_connects == storm.refused_syncs == 0
    assert storm.within(1) < 1.7


def test_a_turnstile_spreads_those_who_come() -> None:
    costs = msgspec.structs.replace(AT_ONCE, connects_per_s=100, sync_s=0.0001)
    storm = simulate(1000, costs)
    assert storm.within(1) == pytest.approx(9, abs=0.5)  # a second's worth comes in at once
    assert storm.refused_connects == pytest.approx(900, abs=20)


def test_calls_shorten_a_long_storm() -> None:
    without = simulate(8000, Costs(calls=False))
    assert simulate(8000, Costs()).within(1) < without.within(1)


def test_the_command_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert not main(["capacity", "--people", "1000", "--nodes", "1", "2"])
    assert "2 nodes" in capsys.readouterr().out
