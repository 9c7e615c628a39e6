"""The figures as a picture: a small panel for each measure, with all rivals and the aims."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from PIL import Image

from loadtest.bench.engine.measures import MEASURES
from loadtest.bench.engine.results import Figure, Report, Verdict
from loadtest.bench.engine.table import FLAG, number, said

COLUMNS = 2
WIDTH_IN = 9.0
BAR_IN = 0.2
FRAME_IN = 0.8
DPI = 110
COLOURS = 128
OURS, THEIRS = "#0b6e4f", "#b8c0c8"
MET, MISSED = "#2980b9", "#c0392b"


def draw(report: Report, file: Path) -> None:
    """Write the picture as PNG."""
    panels = _panels(report.figures)
    rows = -(-len(panels) // COLUMNS)
    bars = [
        max(len(panel) for panel in panels[first : first + COLUMNS])
        for first in range(0, len(panels), COLUMNS)
    ]
    heights = [FRAME_IN + BAR_IN * count for count in bars]
    with mpl.rc_context({"font.size": 8}):
        canvas = Canvas(figsize=(WIDTH_IN, sum(heights) + 0.3), layout="constrained")
        axes = canvas.subplots(
            rows, COLUMNS, squeeze=False, gridspec_kw={"height_ratios": heights}
        ).flatten()
        for place in axes[len(panels) :]:
            place.set_visible(False)
        for number, (place, figures) in enumerate(zip(axes, panels, strict=False)):
            _panel(place, figures, report.verdicts)
            place.set_ylim(bars[number // COLUMNS] - 0.5, -0.5)
        canvas.suptitle(f"{report.title}: {report.machine}", fontsize=9)
        canvas.savefig(file, dpi=DPI)
    with Image.open(file) as image:  # few colours: a quarter of the size
        image.convert("RGB").quantize(COLOURS).save(file, optimize=True)


def _panels(figures: Sequence[Figure]) -> list[list[Figure]]:
    measures = dict.fromkeys(figure.measure for figure in figures)
    return [[each for each in figures if each.measure == name] for name in measures]


def _panel(axes: Axes, figures: Sequence[Figure], verdicts: Sequence[Verdict]) -> None:
    measure = MEASURES[figures[0].measure]
    bars = axes.barh(
        [figure.rival for figure in figures],
        [figure.median for figure in figures],
        color=[OURS if figure.rival == "product" else THEIRS for figure in figures],
        height=0.7,
    )
    labels = [_label(figure) for figure in figures]
    on_white = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}
    axes.bar_label(bars, labels, padding=3, fontsize=7, bbox=on_white)
    axes.set_xticks([])
    axes.tick_params(left=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    _show_aims(axes, [each for each in verdicts if each.measure == measure.name])
    axes.margins(x=0.2)
    axes.set_title(f"{measure.title}, {measure.unit}", loc="left", fontsize=8, fontweight="bold")


def _label(figure: Figure) -> str:
    if figure.error is not None:
        return "error"
    return number(figure.median) + (f" {FLAG}" if figure.limited_by_load else "")


def _show_aims(axes: Axes, verdicts: Sequence[Verdict]) -> None:
    """A line for each aim where a figure would just do, and how it went."""
    for verdict in verdicts:
        if verdict.at is not None:
            colour = MET if verdict.met else MISSED
            axes.axvline(verdict.at, color=colour, linestyle=":", linewidth=1.5, zorder=0.5)
    axes.set_xlabel("; ".join(map(said, verdicts)), loc="left", fontsize=7)
