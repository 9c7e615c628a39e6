"""What was measured, as figures."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from loadtest.bench.figures import ratio
from loadtest.bench.rooms.parts import PARTS
from loadtest.bench.rooms.plan import Plan


class Sample(Struct, frozen=True, kw_only=True):
    """One case of a part in one round; `base` is the case that it is compared with."""

    part: str
    case: str
    values: Mapping[str, float]
    base: str = ""


class Figure(Struct, frozen=True, kw_only=True):
    """A case over all rounds; ratios to its base are medians of the rounds' own."""

    part: str
    case: str
    values: dict[str, list[float]]
    ratios: dict[str, float] = {}


class Report(Struct, frozen=True, kw_only=True):
    """One run. `others_share` is how much of the machine other processes used meanwhile."""

    when: str
    machine: str
    took_s: float
    others_share: float
    plan: Plan
    figures: list[Figure]
    errors: dict[str, str]  # of parts that have no figures


class Book:
    """Collects samples and failures while the rounds go on."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str], list[Sample]] = {}
        self.errors: dict[str, str] = {}

    def note(self, sample: Sample) -> None:
        """A sample of one round."""
        self._samples.setdefault((sample.part, sample.case), []).append(sample)

    def fail(self, part: str, why: str) -> None:
        """This part gets no figures, whatever it gave before."""
        self.errors[part] = why

    def figures(self) -> list[Figure]:
        """All of them, part by part."""
        keys = [key for key in self._samples if key[0] not in self.errors]
        return [
            self._figure(*key) for key in sorted(keys, key=lambda key: list(PARTS).index(key[0]))
        ]

    def _figure(self, part: str, case: str) -> Figure:
        values = self._values(part, case)
        base = self._samples[part, case][0].base
        theirs = self._values(part, base) if base else {}
        ratios = {
            name: ratio(values[name], theirs[name])
            for name in PARTS[part].compared
            if theirs and all(theirs[name]) and len(values[name]) == len(theirs[name])
        }
        return Figure(part=part, case=case, values=values, ratios=ratios)

    def _values(self, part: str, case: str) -> dict[str, list[float]]:
        samples = self._samples.get((part, case), [])
        names = samples[0].values if samples else ()
        return {name: [sample.values[name] for sample in samples] for name in names}
