"""The figures as tables, one for each part, for a terminal and for Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import asdict
from rich.console import Group
from rich.table import Table

from loadtest.bench.engine.table import number
from loadtest.bench.machine import write_between
from loadtest.bench.rooms.parts import PARTS, Part
from loadtest.bench.rooms.results import Figure, Report

BEGIN = "<!-- made by make bench-rooms: begin -->"
END = "<!-- made by make bench-rooms: end -->"


def terminal(report: Report) -> Group:
    """What the command prints."""
    return Group(_about(report), *(_table(report, part) for part in _measured(report)))


def markdown(report: Report) -> str:
    """The same for README.md."""
    blocks = [_about(report)]
    for part in _measured(report):
        headings = ("", *part.quantities)
        rules = ("---", *("--:" for _ in part.quantities))
        lines = [f"| {' | '.join(line)} |" for line in (headings, rules, *rows(report, part))]
        blocks.append("\n".join((f"**{_title(report, part)}**", "", *lines)))
    return "\n\n".join(blocks)


def write_into(file: Path, report: Report) -> None:
    """Put the tables between the markers of a Markdown file, in place of what is there.

    Raises:
        Failed: the file has no markers.
    """
    write_between(file, BEGIN, END, markdown(report))


def rows(report: Report, part: Part) -> list[tuple[str, ...]]:
    """One for each case: the median, the lowest and the highest round, the ratio to its base."""
    error = report.errors.get(part.name)
    if error is not None:
        return [(f"error: {error}", *("" for _ in part.quantities))]
    return [
        (figure.case, *(_cell(figure, name) for name in part.quantities))
        for figure in report.figures
        if figure.part == part.name
    ]


def _cell(figure: Figure, name: str) -> str:
    values = figure.values[name]
    said = f"{number(statistics.median(values))} ({_span(values)})"
    if name in figure.ratios:
        said += f" ×{figure.ratios[name]:.2f}"
    return said


def _span(values: Sequence[float]) -> str:
    return f"{number(min(values))}–{number(max(values))}"


def _table(report: Report, part: Part) -> Table:
    table = Table(title=_title(report, part), title_justify="left")
    table.add_column("")
    for name in part.quantities:
        table.add_column(name, justify="right")
    for row in rows(report, part):
        table.add_row(*row)
    return table


def _title(report: Report, part: Part) -> str:
    title = part.title.format(**asdict(report.plan))
    return f"{title} (× {part.beside})" if part.beside else title


def _measured(report: Report) -> list[Part]:
    found = {figure.part for figure in report.figures} | report.errors.keys()
    return [part for part in PARTS.values() if part.name in found]


def _about(report: Report) -> str:
    return (
        f"{report.when}, {report.machine}; {report.plan.rounds} rounds in {report.took_s:.0f} s, "
        f"other processes used {100 * report.others_share:.0f} % of the machine."
    )
