"""Arrivals are as many as the scenario says, when it says, and wait for nobody."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from loadtest.rehearsal.distributions import Distribution
from loadtest.rehearsal.schedule import Curve, Level, arrivals, regular

CURVE: TypeAdapter[Curve] = TypeAdapter(Level)
DISTRIBUTION: TypeAdapter[Distribution] = TypeAdapter(Distribution)


def curve(given: object) -> Curve:
    return CURVE.validate_python(given)


@pytest.mark.parametrize(
    ("given", "half", "end"),
    [
        (4, 4, 4),
        ([0, 10], 5, 10),
        ({"spike": 20, "base": 2, "at": 0.3, "width": 0.5}, 15.5, 2),
        ({"points": [[0, 0], [0.5, 8], [1, 2]]}, 8, 2),
    ],
)
def test_a_curve_is_where_its_short_form_says(given: object, half: float, end: float) -> None:
    made = curve(given)
    assert made.level(0.5) == pytest.approx(half)
    assert made.level(1) == end


@pytest.mark.parametrize(
    "given",
    [-1, True, {"spike": 5, "at": 0.9, "width": 0.5}, {"points": [[0, 1], [0.5, 1]]}, "fast"],
)
def test_what_is_no_curve_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        curve(given)


def test_a_ramp_has_as_many_arrivals_as_its_area_and_ever_more_of_them() -> None:
    times = list(arrivals(curve([0, 100]), 60, random.Random(1)))
    assert len(times) == pytest.approx(3000, rel=0.06)
    assert sum(time < 30 for time in times) == pytest.approx(750, rel=0.15)


@given(
    st.lists(st.floats(0, 50), min_size=2, max_size=2),
    st.floats(0.1, 20),
    st.integers(0, 1000),
)
def test_arrivals_ascend_within_their_stage(levels: list[float], seconds: float, seed: int) -> None:
    times = list(arrivals(curve(levels), seconds, random.Random(seed)))
    assert all(0 <= time <= seconds * (1 + 1e-9) for time in times)
    assert all(earlier <= later for earlier, later in pairwise(times))


def test_a_rate_of_nothing_has_no_arrivals() -> None:
    assert list(arrivals(curve(0), 1000, random.Random(1))) == []


def test_regular_times_begin_at_once_and_end_before_the_stage() -> None:
    assert list(regular(30, 90)) == [0, 30, 60]


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 200))
def test_everybody_who_comes_and_goes_does_so_once(low: float, high: float, count: int) -> None:
    moves = list(curve([low, high]).crossings(count))
    assert len(moves) == abs(round(high * count) - round(low * count))
    inside = round(low * count)
    for share, number in moves:
        assert 0 <= share <= 1
        inside += 1 if number > 0 else -1
        assert abs(number) == inside + (number < 0)
    assert inside == round(high * count)


@pytest.mark.parametrize(
    ("given", "mean", "least", "most"),
    [
        (5, 5, 5, 5),
        ({"kind": "uniform", "least": 2, "most": 6}, 4, 2, 6),
        ({"kind": "exponential", "mean": 3, "most": 1000}, 3, 0, 1000),
        ({"kind": "lognormal", "median": 10, "sigma": 0.5, "least": 1, "most": 500}, 11.3, 1, 500),
        ({"kind": "choice", "values": [1, 9], "weights": [0.75, 0.25]}, 3, 1, 9),
    ],
)
def test_a_distribution_has_its_mean_and_its_bounds(
    given: object, mean: float, least: float, most: float
) -> None:
    distribution, chance = DISTRIBUTION.validate_python(given), random.Random(7)
    drawn = [distribution.draw(chance) for _ in range(20_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(mean, rel=0.05)
    assert least <= min(drawn) <= max(drawn) <= most


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "uniform", "least": 6, "most": 2},
        {"kind": "choice", "values": [1, 2], "weights": [1]},
        {"kind": "choice", "values": [1], "weights": [0]},
        {"kind": "lognormal", "median": 0, "sigma": 1, "most": 3},
        -3,
    ],
)
def test_what_is_no_distribution_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        DISTRIBUTION.validate_python(given)
