"""How long notifications took, out of a worker's histogram."""

from __future__ import annotations

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from loadtest.rehearsal.notified import DELAYS, Bucket, buckets, waits

PAGE = f"""# TYPE {DELAYS} histogram
{DELAYS}_bucket{{le="1.0"}} 60.0
{DELAYS}_bucket{{le="5.0"}} 100.0
{DELAYS}_bucket{{le="+Inf"}} 100.0
{DELAYS}_count 100.0
{DELAYS}_sum 90.0
"""


def test_buckets_are_read_off_the_page_of_a_worker() -> None:
    assert buckets(text_string_to_metric_families(PAGE)) == [(1, 60), (5, 100), (math.inf, 100)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([(1, 60), (5, 100), (math.inf, 100)], (100, 1000 * 50 / 60, 4500, 4900, 5000)),
        ([(1, 0), (5, 10), (math.inf, 10)], (10, 3000, 4800, 4960, 5000)),
        ([(1, 1), (5, 1), (math.inf, 2)], (2, 1000, 5000, 5000, 5000)),  # the last known bound
    ],
)
def test_times_lie_evenly_between_the_bounds_of_buckets(
    found: list[Bucket], expected: tuple[float, ...]
) -> None:
    made = waits(found)
    assert made is not None
    assert (made.count, made.p50, made.p95, made.p99, made.highest) == pytest.approx(expected)


@pytest.mark.parametrize("found", [[], [(1, 0), (math.inf, 0)]])
def test_nobody_notified_is_no_figure(found: list[Bucket]) -> None:
    assert waits(found) is None
