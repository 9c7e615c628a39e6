"""Notifying as a rehearsal sees it: a push service that takes everything, and how long it took.

The times are from the worker's own histogram: from when a notification was due. That is when its
message was stored, unless somebody had the app in front just then. Between the bounds of buckets
they are reckoned as Prometheus does, evenly.
https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client.metrics_core import Metric

from chatserver.domain.push.notification import ProviderKind
from loadtest.push.services import file_for, serving
from loadtest.rehearsal.figures import Waits

PROVIDER: ProviderKind = "webhook"
DELAYS = "chat_push_late_seconds"

Bucket = tuple[float, float]  # seconds at most, and how many waited no longer


@asynccontextmanager
async def push_file() -> AsyncIterator[Path]:
    """A push file that names a service of this process, and has people told at once."""
    async with serving(PROVIDER) as service:
        service.keeps = False
        with tempfile.TemporaryDirectory() as folder:
            yield file_for(service, Path(folder))


def buckets(families: Iterable[Metric]) -> list[Bucket]:
    """What of `DELAYS` is among the figures of a worker, the shortest waits first."""
    return [
        (float(sample.labels["le"]), sample.value)
        for family in families
        for sample in family.samples
        if sample.name == f"{DELAYS}_bucket"
    ]


def waits(found: Sequence[Bucket]) -> Waits | None:
    """How long it took; None if nobody was notified."""
    count = found[-1][1] if found else 0
    if not count:
        return None
    p50, p95, p99, highest = (1000 * _within(found, part * count) for part in (0.5, 0.95, 0.99, 1))
    return Waits(count=int(count), p50=p50, p95=p95, p99=p99, highest=highest)


def _within(found: Sequence[Bucket], rank: float) -> float:
    """Seconds within which so many were notified; the last bound that is known if it was longer."""
    begin_s, below = 0.0, 0.0
    for end_s, count in found:
        if count >= rank and math.isfinite(end_s):
            return begin_s + (end_s - begin_s) * (rank - below) / (count - below)
        if math.isfinite(end_s):
            begin_s, below = end_s, count
    return begin_s
