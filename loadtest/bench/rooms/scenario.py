"""What a scenario is: it gives samples, case by case and round by round, in an order of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loadtest.bench.rooms.plan import Plan
from loadtest.bench.rooms.results import Sample
from loadtest.rivals.house import House

Scenario = Callable[[House, Plan], Iterator[Sample]]
