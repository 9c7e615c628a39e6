"""The figures as tables, for a terminal and for Markdown."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group
from rich.table import Table

from loadtest.bench.machine import write_between
from loadtest.bench.search.run import Report

BEGIN = "<!-- made by make bench-search: begin -->"
END = "<!-- made by make bench-search: end -->"
_BUILT = (
    "messages/s", "as they are stored", "worker µs", "mongod µs", "entry, bytes", "index, bytes",
    "the message, bytes",
)  # fmt: skip
_FOUND = ("search", "in", "page", "hits", "p50 ms", "p99 ms")
_LEFT = 2  # columns of words


def terminal(report: Report) -> Group:
    """What the command prints."""
    return Group(_about(report), _table(_BUILT, [_built(report)]), _table(_FOUND, _found(report)))


def markdown(report: Report) -> str:
    """The same for README.md."""
    tables = (_lines(_BUILT, [_built(report)], 0), _lines(_FOUND, _found(report), _LEFT))
    return "\n\n".join((_about(report), *tables))


def write_into(file: Path, report: Report) -> None:
    """Put the tables between the markers of a Markdown file, in place of what is there.

    Raises:
        Failed: the file has no markers.
    """
    write_between(file, BEGIN, END, markdown(report))


def _about(report: Report) -> str:
    plan = report.plan
    return (
        f"{report.when}, {report.machine}; {plan.messages:,} messages in {plan.conversations:,} "
        f"conversations, {plan.searches} searches of each kind."
    )


def _built(report: Report) -> tuple[str, ...]:
    built = report.built
    sizes = (built.entry_bytes, built.index_bytes, built.message_bytes)
    figures = (built.rate, built.follow_rate, built.worker_us, built.mongod_us, *sizes)
    return tuple(f"{figure:,.0f}" for figure in figures)


def _found(report: Report) -> list[tuple[str, ...]]:
    return [
        (
            each.what,
            each.scope,
            f"{each.page}",
            f"{each.hits}",
            f"{each.p50:.1f}",
            f"{each.p99:.1f}",
        )
        for each in report.found
    ]


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    return table


def _lines(headings: tuple[str, ...], rows: list[tuple[str, ...]], left: int) -> str:
    rules = ("---" if at < left else "--:" for at in range(len(headings)))
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, rules, *rows))
