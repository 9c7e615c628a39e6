"""Two runs beside each other."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from loadtest.rehearsal.figures import Waits
from loadtest.rehearsal.results import Report

LOOKED = ("server_cpu", "data_cpu", "server_mb", "lag_ms", "batch")
WAITS = ("p50", "p95", "p99")


def table(one: Report, other: Report) -> Table:
    """What both measured, and the second as a multiple of the first."""
    made = Table(title=f"{one.title} ({one.began}) and {other.title} ({other.began})")
    made.add_column("figure", no_wrap=True)
    for column in ("first", "second", "second / first"):
        made.add_column(column, justify="right")
    for name, first, second in rows(one, other):
        made.add_row(name, f"{first:,.1f}", f"{second:,.1f}", _times(first, second))
    return made


def rows(one: Report, other: Report) -> Iterator[tuple[str, float, float]]:
    """Name, first and second figure."""
    yield "customers", one.clients, other.clients
    for name in one.waits:
        if name in other.waits:
            yield from _waits(name, one.waits[name], other.waits[name])
    for name in sorted(one.counts.keys() | other.counts.keys()):
        yield name, one.counts.get(name, 0), other.counts.get(name, 0)
    for name in LOOKED:
        first, second = _mean(one, name), _mean(other, name)
        if first is not None and second is not None:
            yield f"{name}, mean", first, second


def _waits(name: str, one: Waits, other: Waits) -> Iterator[tuple[str, float, float]]:
    for part in WAITS:
        yield f"{name}, {part} ms", getattr(one, part), getattr(other, part)


def _mean(report: Report, name: str) -> float | None:
    found = [getattr(second.looked, name) for second in report.seconds]
    values = [value for value in found if value is not None]
    return sum(values) / len(values) if values else None


def _times(first: float, second: float) -> str:
    return f"{second / first:.2f}" if first else ""
