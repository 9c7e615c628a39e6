"""What was measured, as figures, and what they say about the aims."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

from msgspec import Struct

from loadtest.bench.engine.measures import MEASURES, Aim, Measure
from loadtest.bench.engine.plan import Plan
from loadtest.bench.figures import ratio
from loadtest.swarm.usage import Usage


class Sample(Struct, frozen=True, kw_only=True):
    """One measure of one rival in one round; `details` are what else is worth knowing."""

    measure: str
    value: float
    usage: Usage | None = None
    details: Mapping[str, float] = {}


class Figure(Struct, frozen=True, kw_only=True):
    """A measure of a rival over all rounds; with an `error` there are no numbers.

    Shares are of one core. `limited_by_load` says that in some round the load's core was full while
    the server had time left: the server can do better than this figure.
    """

    measure: str
    rival: str
    unit: str
    values: list[float] = []
    median: float = 0.0
    server_share: float | None = None
    load_share: float | None = None
    data_share: float | None = None
    limited_by_load: bool = False
    details: dict[str, float] = {}
    error: str | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """An aim beside what was reached; `met` is None where a figure is missing.

    `at` is the figure that would just do, in the unit of the measure.
    """

    measure: str
    rival: str
    aim: str
    at: float | None
    reached: float | None
    met: bool | None


class Report(Struct, frozen=True, kw_only=True):
    """One run. `others_share` is how much of the machine other processes used meanwhile."""

    title: str
    when: str
    machine: str
    took_s: float
    others_share: float
    plan: Plan
    figures: list[Figure]
    verdicts: list[Verdict]


class Book:
    """Collects samples and failures while the rounds go on."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str], list[Sample]] = {}
        self._errors: dict[tuple[str, str], str] = {}

    def note(self, rival: str, samples: Iterable[Sample]) -> None:
        """Samples of one round."""
        for sample in samples:
            self._samples.setdefault((sample.measure, rival), []).append(sample)

    def fail(self, rival: str, measures: Iterable[str], why: str) -> None:
        """These measures of the rival get no figures, whatever other rounds gave."""
        for measure in measures:
            self._errors.setdefault((measure, rival), why)

    def figures(self) -> list[Figure]:
        """All of them, measure by measure."""
        keys = dict.fromkeys((*self._samples, *self._errors))
        order = list(MEASURES)
        return [self._figure(*key) for key in sorted(keys, key=lambda key: order.index(key[0]))]

    def _figure(self, measure: str, rival: str) -> Figure:
        unit = MEASURES[measure].unit
        if (why := self._errors.get((measure, rival))) is not None:
            return Figure(measure=measure, rival=rival, unit=unit, error=why)
        samples = self._samples[measure, rival]
        usages = [sample.usage for sample in samples if sample.usage is not None]
        return Figure(
            measure=measure,
            rival=rival,
            unit=unit,
            values=[sample.value for sample in samples],
            median=statistics.median(sample.value for sample in samples),
            server_share=_median(usage.server_share for usage in usages),
            load_share=_median(usage.load_share for usage in usages),
            data_share=_median(usage.data_share for usage in usages),
            limited_by_load=any(usage.limited_by_load for usage in usages),
            details=_details(samples),
        )


def verdicts(figures: Sequence[Figure]) -> list[Verdict]:
    """Every aim of every measure that was measured."""
    found = {(figure.measure, figure.rival): figure for figure in figures}
    measured = dict.fromkeys(figure.measure for figure in figures)
    return [
        _verdict(MEASURES[measure], aim, found)
        for measure in measured
        for aim in MEASURES[measure].aims
    ]


def _verdict(measure: Measure, aim: Aim, found: Mapping[tuple[str, str], Figure]) -> Verdict:
    ours = found.get((measure.name, "product"))
    theirs = found.get((aim.measure or measure.name, aim.rival)) if aim.rival else None
    at = aim.bound if not aim.rival else aim.bound * theirs.median if _known(theirs) else None
    reached = _reached(ours, theirs, aim)
    return Verdict(
        measure=measure.name,
        rival=aim.rival,
        aim=aim.words,
        at=at,
        reached=reached,
        met=None if reached is None else measure.good(reached, aim.bound),
    )


def _reached(ours: Figure | None, theirs: Figure | None, aim: Aim) -> float | None:
    """The figure itself, or its ratio to another: the median of the rounds' own ratios."""
    if not _known(ours):
        return None
    if not aim.rival:
        return ours.median
    if not _known(theirs):
        return None
    if len(ours.values) != len(theirs.values):
        return ours.median / theirs.median
    return ratio(ours.values, theirs.values)


def _known(figure: Figure | None) -> TypeGuard[Figure]:
    return figure is not None and bool(figure.values)


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return statistics.median(known) if known else None


def _details(samples: Sequence[Sample]) -> dict[str, float]:
    names = dict.fromkeys(name for sample in samples for name in sample.details)
    return {
        name: statistics.median(
            sample.details[name] for sample in samples if name in sample.details
        )
        for name in names
    }
