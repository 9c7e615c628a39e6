"""When things are due: levels over time, and arrivals that wait for nobody's answer."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from loadtest.rehearsal.model import Model

Points = tuple[tuple[float, float], ...]


class Curve(Model):
    """A level over a stage: straight lines between points `[share of the stage, level]`.

    In the file a number is a level that holds, `[a, b]` a ramp, and
    `{ spike = s, base = b, at = t, width = w }` a spike of that share of the stage.
    """

    points: Points = Field(min_length=2)

    @model_validator(mode="after")
    def _from_end_to_end(self) -> Curve:
        times = [time for time, _ in self.points]
        if times[0] != 0 or times[-1] != 1 or times != sorted(times):
            raise ValueError("points must ascend from [0, …] to [1, …]")
        if min(level for _, level in self.points) < 0:
            raise ValueError("no level may be negative")
        return self

    def level(self, share: float) -> float:
        """The level at a share of the stage."""
        for (begin, low), (end, high) in pairwise(self.points):
            if begin <= share <= end and end > begin:
                return low + (high - low) * (share - begin) / (end - begin)
        return self.points[-1][1]

    def times(self, factor: float) -> Curve:
        """The same curve so many times as high."""
        return Curve(points=tuple((time, factor * level) for time, level in self.points))

    def crossings(self, count: int) -> Iterator[tuple[float, int]]:
        """When the level, as a share of so many, passes each of them: (share of the stage, ±n).

        +n: number n (from 1) comes in; -n: it goes out.
        """
        for (begin, low), (end, high) in pairwise(self.points):
            first, last = round(low * count), round(high * count)
            rising = range(first + 1, last + 1)
            for place, number in enumerate(rising, 1):
                yield begin + (end - begin) * place / len(rising), number
            falling = range(first, last, -1)
            for place, number in enumerate(falling, 1):
                yield begin + (end - begin) * place / len(falling), -number


def curve(given: Any) -> Any:
    """The short forms of a curve as points; anything else as it is."""
    if isinstance(given, bool):
        return given
    if isinstance(given, int | float):
        return {"points": [[0, given], [1, given]]}
    if isinstance(given, list) and len(given) == 2 and not isinstance(given[0], list):
        return {"points": [[0, given[0]], [1, given[1]]]}
    if isinstance(given, dict) and "spike" in given:
        return {"points": _spike(**given)}
    return given


def _spike(spike: float, base: float = 0, at: float = 0.5, width: float = 0.2) -> list[list[float]]:
    """Up within a fifth of its width, then slowly down, as after a bell."""
    top, end = at + width / 5, at + width
    if not 0 <= at < end <= 1:
        raise ValueError("a spike lies within its stage: at >= 0, at + width <= 1")
    return [[0, base], [at, base], [top, spike], [end, base], [1, base]]


Level = Annotated[Curve, BeforeValidator(curve)]


def arrivals(rate: Curve, seconds: float, chance: random.Random) -> Iterator[float]:
    """Times (s) of a Poisson process whose rate per second follows the curve.

    The area under the curve grows by an exponential step from one arrival to the next; where it
    has grown so far is found by undoing the area, so no arrival depends on what became of others.
    """
    pieces = [
        (begin * seconds, end * seconds, low, high)
        for (begin, low), (end, high) in pairwise(rate.points)
    ]
    areas = [0.0, *accumulate((end - begin) * (low + high) / 2 for begin, end, low, high in pieces)]
    reached = chance.expovariate(1)
    while reached < areas[-1]:
        piece = bisect_right(areas, reached) - 1
        begin, end, low, high = pieces[piece]
        yield begin + _undone(reached - areas[piece], low, (high - low) / (end - begin))
        reached += chance.expovariate(1)


def regular(every_s: float, seconds: float) -> Iterator[float]:
    """Times (s) at even distances, the first one at once."""
    return (number * every_s for number in range(math.ceil(seconds / every_s)))


def _undone(area: float, level: float, slope: float) -> float:
    """After what time a level that changes by `slope` has swept this area."""
    if abs(slope) < 1e-12:
        return area / level
    return 2 * area / (level + math.sqrt(max(level * level + 2 * slope * area, 0.0)))
