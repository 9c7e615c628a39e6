"""What a load process counts and measures; how several processes' figures become one."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping

from hdrh.histogram import HdrHistogram
from msgspec import Struct

LONGEST_US = 300_000_000
DIGITS = 2
LAG_LOOK_S = 0.02
PERCENTILES = (50.0, 95.0, 99.0)

# What is measured, all from when it was due to begin.
CONNECT = "connect"  # to `ready`
COME = "come"  # to the answer of the sync behind it
BACK = "back"  # the same, from when a connection was lost
ACKNOWLEDGED = "acknowledged"  # a message, to its acknowledgement
DELIVERED = "delivered"  # a message, to each device that is told of it
DELIVERED_LATE = "delivered, bad line"  # the same to devices with a bad line
READ = "read mark"
HISTORY = "history"
NOTIFIED = "notified"  # whoever is away: from due, that is stored, to handed to a push service
LAG = "load lag"  # of the load's own event loop
WAITS = (CONNECT, COME, BACK, ACKNOWLEDGED, DELIVERED, DELIVERED_LATE, READ, HISTORY, LAG)


class Waits(Struct, frozen=True, kw_only=True):
    """Many waits in milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float
    highest: float


class Tally(Struct, frozen=True, kw_only=True):
    """What a load process measured since the last one: histograms as hdrh encodes them."""

    histograms: dict[str, bytes]
    counts: dict[str, int]
    online: int
    cpu: float  # of one core, of this process

    def count(self, name: str) -> int:
        """How often something happened."""
        return self.counts.get(name, 0)


class Book:
    """Where the devices of one process enter what happens to them."""

    def __init__(self) -> None:
        self.online = 0
        self._histograms: dict[str, HdrHistogram] = {}
        self._counts: Counter[str] = Counter()
        self._cpu_s = time.process_time()
        self._taken = time.perf_counter()

    def wait(self, name: str, due: float) -> None:
        """Something that was due then (`time.perf_counter`) is done."""
        histogram = self._histograms.get(name)
        if histogram is None:
            histogram = self._histograms[name] = _histogram()
        waited_us = int(1e6 * (time.perf_counter() - due))
        histogram.record_value(min(max(waited_us, 1), LONGEST_US))

    def count(self, name: str, times: int = 1) -> None:
        """Something happened."""
        self._counts[name] += times

    async def watch_lag(self) -> None:
        """Measure for ever how late this process's own event loop runs."""
        while True:
            due = time.perf_counter() + LAG_LOOK_S
            await asyncio.sleep(LAG_LOOK_S)
            self.wait(LAG, due)

    def take(self) -> Tally:
        """Everything since the last time."""
        now, cpu_s = time.perf_counter(), time.process_time()
        made = Tally(
            histograms={name: each.encode() for name, each in self._histograms.items()},
            counts=dict(self._counts),
            online=self.online,
            cpu=(cpu_s - self._cpu_s) / max(now - self._taken, 1e-9),
        )
        self._taken, self._cpu_s = now, cpu_s
        self._histograms.clear()
        self._counts.clear()
        return made


class Merged:
    """The figures of several processes, or of several stretches of time, as those of one."""

    def __init__(self, tallies: Iterable[Tally] = ()) -> None:
        self._histograms: dict[str, HdrHistogram] = {}
        self.counts: Counter[str] = Counter()
        for tally in tallies:
            self.add(tally)

    def add(self, tally: Tally) -> None:
        """Those of one more."""
        self.counts.update(tally.counts)
        for name, encoded in tally.histograms.items():
            histogram = self._histograms.setdefault(name, _histogram())
            histogram.decode_and_add(encoded)

    def waits(self) -> dict[str, Waits]:
        """Percentiles of everything that was measured."""
        return {name: _waits(self._histograms[name]) for name in WAITS if name in self._histograms}


def total(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    """The counts of a kind, such as `error …`, without the prefix."""
    return {
        name.removeprefix(prefix): count
        for name, count in sorted(counts.items())
        if name.startswith(prefix)
    }


def _histogram() -> HdrHistogram:
    return HdrHistogram(1, LONGEST_US, DIGITS)


def _waits(histogram: HdrHistogram) -> Waits:
    p50, p95, p99 = (histogram.get_value_at_percentile(part) / 1000 for part in PERCENTILES)
    return Waits(
        count=histogram.get_total_count(),
        p50=p50,
        p95=p95,
        p99=p99,
        highest=histogram.get_max_value() / 1000,
    )
