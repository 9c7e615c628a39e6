"""The figures over time as pictures: SVG texts that stand in a page by themselves."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from loadtest.rehearsal import figures
from loadtest.rehearsal.figures import Waits
from loadtest.rehearsal.results import Report, Second

WIDTH_IN, HEIGHT_IN = 6.4, 2.5
COLOURS = ("#0b6e4f", "#2980b9", "#c0392b", "#8e44ad", "#d68910", "#566573", "#16a085", "#7d3c98")
SHADE, FAULT = "#f2f4f6", "#f5b7b1"
ERRORS_SHOWN = 7

Value = Callable[[Second], float | None]


@dataclass(frozen=True)
class Panel:
    """Lines over the time of a run."""

    title: str
    lines: Mapping[str, Value]
    logarithmic: bool = False


def draw(report: Report) -> Iterator[str]:
    """Each panel that has anything to show, as SVG."""
    with mpl.rc_context({"font.size": 8, "svg.fonttype": "none", "svg.hashsalt": "rehearsal"}):
        for panel in panels(report):
            drawn = _values(panel, report.seconds)
            if drawn:
                yield _svg(panel, drawn, report)


def panels(report: Report) -> Iterator[Panel]:
    """All there are."""
    yield Panel("Connections", {"online": lambda second: second.online})
    yield Panel(
        "Messages per second",
        {name: _rate(name) for name in ("sent", figures.ACKNOWLEDGED, "read mark")},
    )
    yield Panel("Deliveries per second", {"deliveries": _rate("deliveries")})
    for name in (figures.ACKNOWLEDGED, figures.DELIVERED, figures.DELIVERED_LATE):
        yield Panel(f"From due to {name}, ms", _percentiles(name), logarithmic=True)
    for name in (figures.COME, figures.BACK):
        yield Panel(f"{name.capitalize()}: to caught up, ms", _percentiles(name), logarithmic=True)
    errors = figures.total(report.counts, "error ")
    often = sorted(errors, key=lambda code: -errors[code])[:ERRORS_SHOWN]
    yield Panel("Errors per second, by code", {code: _rate(f"error {code}") for code in often})
    yield Panel(
        "Processors, cores",
        {
            "servers": lambda second: second.looked.server_cpu,
            "databases": lambda second: second.looked.data_cpu,
            "busiest load process": lambda second: second.load_cpu,
        },
    )
    yield Panel(
        "Memory of the servers, MB", {"all of them": lambda second: second.looked.server_mb}
    )
    yield Panel("Event loops late by, ms", {
        "servers, mean": lambda second: second.looked.lag_ms,
        "load, p99": _wait(figures.LAG, "p99"),
    })  # fmt: skip
    yield Panel("Messages in one write", {"mean": lambda second: second.looked.batch})
    yield Panel("Commands per second", {
        "MongoDB": lambda second: second.looked.mongo_commands,
        "Valkey": lambda second: second.looked.redis_commands,
    })  # fmt: skip


def _rate(name: str) -> Value:
    return lambda second: second.rate(name)


def _wait(name: str, part: str) -> Value:
    def value(second: Second) -> float | None:
        waits: Waits | None = second.waits.get(name)
        return None if waits is None else float(getattr(waits, part))

    return value


def _percentiles(name: str) -> dict[str, Value]:
    return {part: _wait(name, part) for part in ("p50", "p95", "p99")}


def _values(panel: Panel, seconds: Sequence[Second]) -> dict[str, list[float]]:
    found = {}
    for name, value in panel.lines.items():
        values = [value(second) for second in seconds]
        if any(each for each in values):
            found[name] = [math.nan if each is None else each for each in values]
    return found


def _svg(panel: Panel, drawn: Mapping[str, Sequence[float]], report: Report) -> str:
    canvas = Canvas(figsize=(WIDTH_IN, HEIGHT_IN))
    canvas.subplots_adjust(left=0.08, right=0.98, top=0.8, bottom=0.1)
    axes = canvas.subplots()
    _shade(axes, report)
    times = [second.at for second in report.seconds]
    for colour, (name, values) in zip(COLOURS, drawn.items(), strict=False):
        axes.plot(times, values, label=name, color=colour, linewidth=1.2, marker=".", markersize=2)
    if panel.logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlim(0, max(times, default=1))
    axes.set_title(panel.title, loc="left", fontsize=9, fontweight="bold", pad=16)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 0.99), frameon=False, ncols=len(drawn),
        borderpad=0, handlelength=1.2, columnspacing=1.2,
    )  # fmt: skip
    file = io.StringIO()
    canvas.savefig(file, format="svg", metadata={"Date": None})
    return _bare(file.getvalue())


def _shade(axes: Axes, report: Report) -> None:
    """Every other stage, and faults."""
    for number, stage in enumerate(report.stages):
        if number % 2:
            axes.axvspan(stage.begin, stage.end, color=SHADE, zorder=0)
    for fault in report.faults:
        axes.axvspan(fault.begin, fault.end, color=FAULT, alpha=0.5, zorder=0.5)


def _bare(svg: str) -> str:
    """Without what only a file of its own needs."""
    return svg[svg.index("<svg") :]
