"""Random quantities of a scenario: sizes of texts and rooms, times people take."""

from __future__ import annotations

import math
import random
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from loadtest.rehearsal.model import Model


class Constant(Model):
    """The same each time; a bare number in the file means this."""

    kind: Literal["constant"]
    value: float = Field(ge=0)

    def draw(self, _chance: random.Random) -> float:
        """The value."""
        return self.value


class Uniform(Model):
    """Anything between two bounds alike."""

    kind: Literal["uniform"]
    least: float = Field(ge=0)
    most: float

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.most < self.least:
            raise ValueError("most must not be below least")
        return self

    def draw(self, chance: random.Random) -> float:
        """Somewhere between the bounds."""
        return chance.uniform(self.least, self.most)


class Exponential(Model):
    """Waits between things that happen independently of each other."""

    kind: Literal["exponential"]
    mean: float = Field(gt=0)
    most: float = math.inf

    def draw(self, chance: random.Random) -> float:
        """A wait, cut off at the most."""
        return min(chance.expovariate(1 / self.mean), self.most)


class Lognormal(Model):
    """Many small and a few large, as with texts and times to answer."""

    kind: Literal["lognormal"]
    median: float = Field(gt=0)
    sigma: float = Field(gt=0, le=3)
    least: float = 0
    most: float

    def draw(self, chance: random.Random) -> float:
        """A value, cut off at the bounds."""
        value = chance.lognormvariate(math.log(self.median), self.sigma)
        return min(max(value, self.least), self.most)


class Choice(Model):
    """One of several values, each with its weight."""

    kind: Literal["choice"]
    values: tuple[float, ...] = Field(min_length=1)
    weights: tuple[float, ...]

    @model_validator(mode="after")
    def _as_many(self) -> Choice:
        if len(self.values) != len(self.weights):
            raise ValueError("there must be as many weights as values")
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            raise ValueError("weights must not be negative, nor all be zero")
        return self

    def draw(self, chance: random.Random) -> float:
        """One of the values."""
        return chance.choices(self.values, self.weights)[0]


def _bare_number(given: Any) -> Any:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return {"kind": "constant", "value": given} if is_number else given


Distribution = Annotated[
    Annotated[Constant | Uniform | Exponential | Lognormal | Choice, Field(discriminator="kind")],
    BeforeValidator(_bare_number),
]


def constant(value: float) -> Constant:
    """That value each time."""
    return Constant(kind="constant", value=value)
