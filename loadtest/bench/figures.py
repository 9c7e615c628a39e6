"""Medians and percentiles, and the tables that show them."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from rich.console import Console
from rich.table import Table

_RATE_COLUMNS = ("median", "lowest", "highest", "/ (a)", "/ (b)", "client µs", "mongod µs")
_WIDTH = 116  # where no terminal has one
_console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)


class Rate(Struct, frozen=True, kw_only=True):
    """Messages per second of one contestant; a ratio is the median of its rounds' own ratios.

    `client_us` and `mongod_us` are the processor time of a message on either side: it says more
    than the rate where others use the machine too.
    """

    driver: str
    what: str
    median: float
    lowest: float
    highest: float
    to_bare: float
    to_indexed: float
    client_us: float
    mongod_us: float


class Wait(Struct, frozen=True, kw_only=True):
    """How long one thing took, in milliseconds."""

    driver: str
    what: str
    count: int
    p50: float
    p99: float
    p50_to_bare: float


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least this part of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * part // 1) - 1)]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios round by round: what slows a whole round down is in both."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def rates_table(rates: Sequence[Rate]) -> Table:
    """What `bench append` prints."""
    table = _table("Durable messages per second", *_RATE_COLUMNS)
    for rate in rates:
        figures = (f"{value:,.0f}" for value in (rate.median, rate.lowest, rate.highest))
        ratios = (f"{value:.2f}" for value in (rate.to_bare, rate.to_indexed))
        costs = (f"{value:.0f}" for value in (rate.client_us, rate.mongod_us))
        table.add_row(rate.driver, rate.what, *figures, *ratios, *costs)
    return table


def waits_table(waits: Sequence[Wait]) -> Table:
    """What `bench latency` prints."""
    table = _table("From sent to stored, one at a time, ms", "count", "p50", "p99", "p50 / bare")
    for wait in waits:
        figures = (f"{wait.count}", f"{wait.p50:.2f}", f"{wait.p99:.2f}", f"{wait.p50_to_bare:.2f}")
        table.add_row(wait.driver, wait.what, *figures)
    return table


def show(shown: Any) -> None:
    """Print a table or a line."""
    _console.print(shown)


def _table(title: str, *figures: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("driver")
    table.add_column("what")
    for figure in figures:
        table.add_column(figure, justify="right")
    return table
