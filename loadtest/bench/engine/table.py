"""The figures as a table, for a terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from loadtest.bench.engine.measures import MEASURES
from loadtest.bench.engine.results import Figure, Report, Verdict
from loadtest.bench.machine import write_between

HEADINGS = ("measure", "rival", "median", "lowest", "highest", "server", "load", "data", "aims")
_RIGHT = frozenset(("median", "lowest", "highest", "server", "load", "data"))
FLAG = "⚑"
BEGIN = "<!-- made by make bench: begin -->"
END = "<!-- made by make bench: end -->"


def terminal(report: Report) -> Table:
    """What the command prints."""
    table = Table(title=f"{report.title}: {_about(report)}", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in _RIGHT else "left")
    for row in rows(report):
        if row[0]:
            table.add_section()
        table.add_row(*row)
    return table


def markdown(report: Report) -> str:
    """The same for README.md."""
    rules = ["--:" if heading in _RIGHT else "---" for heading in HEADINGS]
    lines = [f"| {' | '.join(line)} |" for line in (HEADINGS, rules, *rows(report))]
    return "\n".join((_about(report), "", *lines))


def _about(report: Report) -> str:
    return (
        f"{report.when}, {report.machine}; {report.plan.rounds} rounds in {report.took_s:.0f} s, "
        f"other processes used {100 * report.others_share:.0f} % of the machine."
    )


def summary(report: Report) -> str:
    """A row for each measure that has an aim: the medians of all side by side."""
    rivals = list(dict.fromkeys(each.rival for each in report.figures))
    heading = ("measure", *rivals, "aims")
    rules = ("---", *["--:"] * len(rivals), "---")
    measures = dict.fromkeys(each.measure for each in report.verdicts)
    lines = [f"| {' | '.join(line)} |" for line in (heading, rules)]
    lines += [f"| {' | '.join(_summed_up(each, rivals, report))} |" for each in measures]
    return "\n".join((_about(report), "", *lines))


def _summed_up(measure: str, rivals: Sequence[str], report: Report) -> tuple[str, ...]:
    of = {each.rival: each for each in report.figures if each.measure == measure}
    medians = [
        "" if rival not in of else "error" if of[rival].error else number(of[rival].median)
        for rival in rivals
    ]
    aims = "; ".join(said(each) for each in report.verdicts if each.measure == measure)
    return (_name(measure), *medians, aims)


def write_summary(file: Path, report: Report) -> None:
    """Put the summary between the markers of a Markdown file.

    Raises:
        Failed: the file has no markers.
    """
    write_between(file, BEGIN, END, summary(report))


def write_into(file: Path, report: Report) -> None:
    """Put the table between the markers of a Markdown file, in place of what is there.

    Raises:
        Failed: the file has no markers.
    """
    write_between(file, BEGIN, END, markdown(report))


def rows(report: Report) -> list[tuple[str, ...]]:
    """One for each figure; the measure's name stands in its first one only."""
    measures = [""] + [figure.measure for figure in report.figures]
    return [
        _row("" if figure.measure == before else _name(figure.measure), figure, report.verdicts)
        for figure, before in zip(report.figures, measures, strict=False)
    ]


def _name(measure: str) -> str:
    return f"{MEASURES[measure].title}, {MEASURES[measure].unit}"


def _row(what: str, figure: Figure, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    if figure.error is not None:
        return (what, figure.rival, "error", "", "", "", "", "", figure.error)
    shares = (figure.server_share, figure.load_share, figure.data_share)
    flag = f" {FLAG}" if figure.limited_by_load else ""
    return (
        what,
        figure.rival,
        number(figure.median) + flag,
        number(min(figure.values)),
        number(max(figure.values)),
        *("" if share is None else f"{100 * share:.0f} %" for share in shares),
        _aims(figure, verdicts),
    )


def _aims(figure: Figure, verdicts: Sequence[Verdict]) -> str:
    if figure.rival != "product":
        return ""
    return "; ".join(said(each) for each in verdicts if each.measure == figure.measure)


def said(verdict: Verdict) -> str:
    """An aim and how it went."""
    if verdict.reached is None:
        return f"{verdict.aim}: not measured"
    said = "met" if verdict.met else "missed"
    times = f" ({verdict.reached:.2f})" if verdict.rival else ""
    return f"{verdict.aim}: {said}{times}"


def number(value: float) -> str:
    """Short, with as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
