"""A scenario: what a promotion looks like, read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from loadtest.rehearsal.distributions import Distribution, Lognormal, constant
from loadtest.rehearsal.model import Model
from loadtest.rehearsal.schedule import Curve, Level
from loadtest.swarm.failed import Failed

SHIPPED = Path(__file__).parents[1] / "scenarios"
NOTHING = Curve(points=((0, 0), (1, 0)))
ALL = Curve(points=((0, 1), (1, 1)))

Fault = Literal[
    "node_killed", "node_renewed", "valkey_gone", "valkey_hangs", "valkey_slow",
    "one_node_cut_off", "one_node_without_mongo", "primary_steps_down", "primary_killed",
    "primary_lost", "primary_hangs", "disk_full",
]  # fmt: skip
MONGO_FAULTS = frozenset(
    {"primary_steps_down", "primary_killed", "primary_lost", "primary_hangs", "disk_full"}
)
CUTS_MONGO: Fault = "one_node_without_mongo"

Name = Annotated[str, Field(pattern="^CHAT_[A-Z0-9_]+$")]
KINDS = frozenset({"constant", "uniform", "exponential", "lognormal", "choice"})


class BadScenario(Failed):
    """A file is no scenario; the sentence names the file and the key."""


class Setting(Model):
    """The servers, where a run starts its own."""

    nodes: int = Field(default=1, ge=1, le=16)
    mongo_members: Literal[1, 3] = 1
    push: bool = False  # whether a worker notifies customers who are away
    environment: dict[Name, str] = Field(default_factory=dict)  # settings, CHAT_NAME = "value"


class People(Model):
    """Who there is besides the customers, whose number is the scenario's `clients`."""

    per_consultant: int = Field(default=50, ge=1)  # customers of each consultant
    second_device: float = Field(
        default=0, ge=0, le=1, description="share of customers with two devices"
    )
    channel: bool = Field(default=False)  # whether all are in one channel
    community: Distribution | None = Field(default=None)  # members of a community


class Habits(Model):
    """What people do by themselves; times in seconds, texts in characters."""

    text: Distribution = Lognormal(kind="lognormal", median=14, sigma=0.8, least=1, most=500)
    answers: float = Field(
        default=0.8, ge=0, le=1, description="share of questions that get an answer"
    )
    answers_after_s: Distribution = constant(5)
    reads: float = Field(
        default=0.3, ge=0, le=1, description="share of messages that are marked read"
    )
    reads_after_s: Distribution = constant(2)
    history: float = Field(
        default=0, ge=0, le=1, description="share of returns that read a page back"
    )
    typing: float = Field(
        default=0, ge=0, le=1, description="share of messages begun with a signal"
    )


class Phones(Model):
    """Bad lines: a share of the customers' devices has one."""

    share: float = Field(default=0, ge=0, le=1)
    delay_s: Distribution = constant(0)
    loss: float = Field(
        default=0, ge=0, lt=1, description="share of packets that come a second time only"
    )
    again_s: float = Field(default=0.3, gt=0)  # after which a lost packet comes again
    stops: float = Field(
        default=0, ge=0, le=1, description="share of bad lines that stop reading at times"
    )
    stops_for_s: Distribution = constant(5)
    stops_every_s: Distribution = constant(30)


class Drop(Model):
    """Everybody, or a share, loses the connection in one moment."""

    at_s: float = Field(default=0, ge=0)
    share: float = Field(default=1, gt=0, le=1)
    expired: float = Field(
        default=0, ge=0, le=1, description="share of these whose token has ended"
    )


class Break(Model):
    """A fault of the servers, where the run has started them."""

    kind: Fault
    at_s: float = Field(default=0, ge=0)
    lasts_s: float = Field(default=0, ge=0)


class Stage(Model):
    """A stretch of time. Rates are per second for each 1,000 customers of the scenario."""

    name: str = Field(min_length=1)
    seconds: float = Field(gt=0)
    online: Level = ALL
    asks: Level = NOTHING
    talks: Level = NOTHING
    broadcast_every_s: float | None = Field(default=None, gt=0)
    drops: tuple[Drop, ...] = ()
    faults: tuple[Break, ...] = ()

    @field_validator("online")
    @classmethod
    def _is_a_share(cls, online: Curve) -> Curve:
        if max(level for _, level in online.points) > 1:
            raise ValueError("online is a share of the customers, at most 1")
        return online


class Scenario(Model):
    """All of a file."""

    title: str
    about: str = ""
    clients: int = Field(default=1000, ge=1)
    seed: int = 1
    setting: Setting = Setting()
    people: People = People()
    habits: Habits = Habits()
    phones: Phones = Phones()
    stages: tuple[Stage, ...] = Field(min_length=1)

    @property
    def seconds(self) -> float:
        """How long all stages last."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def breaks_servers(self) -> bool:
        """Whether it needs servers that the run has started itself."""
        return bool(self.faults)

    @property
    def faults(self) -> set[Fault]:
        """The kinds of all faults."""
        return {fault.kind for stage in self.stages for fault in stage.faults}

    @property
    def mongo_members(self) -> int:
        """Members of the replica set, as faults of MongoDB's primary need three."""
        return 3 if self.faults & MONGO_FAULTS else self.setting.mongo_members

    @model_validator(mode="after")
    def _one_way_to_mongo(self) -> Self:
        if CUTS_MONGO in self.faults and self.faults & MONGO_FAULTS:
            raise ValueError(f"{CUTS_MONGO} wants a primary that stays, other faults move it")
        return self


def shipped() -> list[str]:
    """The names of the scenarios that come with this program."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def load(name: str) -> Scenario:
    """A shipped scenario by its name, or any by its file.

    Raises:
        BadScenario: there is none, or it is wrong; the sentence names the file and the key.
    """
    file = Path(name) if name.endswith(".toml") else SHIPPED / f"{name}.toml"
    try:
        return parse(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        raise BadScenario(
            f"there is no scenario {name}; there are {', '.join(shipped())}, or name a .toml file"
        ) from None


def parse(text: str, file: str) -> Scenario:
    """The scenario of a text; `file` is its name in sentences.

    Raises:
        BadScenario: as for `load`.
    """
    try:
        return Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(f"{file}: {error}") from None
    except ValidationError as error:
        wrong = [f"{_key(each['loc'])}: {_reason(each)}" for each in error.errors()]
        raise BadScenario(f"{file}: {'; '.join(wrong)}") from None


def compressed(scenario: Scenario, times: float) -> Scenario:
    """The same in a fraction of the time, faults too: rates and people's own times stay."""
    stages = [
        stage.model_copy(
            update={
                "seconds": stage.seconds / times,
                "broadcast_every_s": stage.broadcast_every_s and stage.broadcast_every_s / times,
                "drops": tuple(_sooner(each, times) for each in stage.drops),
                "faults": tuple(_shorter(each, times) for each in stage.faults),
            }
        )
        for stage in scenario.stages
    ]
    return scenario.model_copy(update={"stages": tuple(stages)})


def busier(scenario: Scenario, times: float) -> Scenario:
    """The same with so many times as many questions and talk; what is broadcast stays."""
    stages = [
        stage.model_copy(
            update={"asks": stage.asks.times(times), "talks": stage.talks.times(times)}
        )
        for stage in scenario.stages
    ]
    return scenario.model_copy(update={"stages": tuple(stages)})


def over(scenario: Scenario, *, push: bool, settings: Sequence[str]) -> Scenario:
    """The same over other servers: with a worker that notifies, with settings as `NAME=VALUE`.

    Raises:
        BadScenario: one is not written so.
    """
    given = dict(each.partition("=")[::2] for each in settings)
    setting = scenario.setting.model_dump()
    setting["push"] |= push
    setting["environment"] |= given
    try:
        return scenario.model_copy(update={"setting": Setting.model_validate(setting)})
    except ValidationError:
        raise BadScenario(f"no settings, CHAT_NAME=VALUE: {' '.join(settings)}") from None


def _shorter(fault: Break, times: float) -> Break:
    return fault.model_copy(update={"at_s": fault.at_s / times, "lasts_s": fault.lasts_s / times})


def _sooner(what: Any, times: float) -> Any:
    return what.model_copy(update={"at_s": what.at_s / times})


def _key(location: tuple[int | str, ...]) -> str:
    """`stages[2].asks`; what pydantic adds for the kinds of distributions is left out."""
    key = ""
    for part in location:
        if part in KINDS and key:
            continue
        key += f"[{part}]" if isinstance(part, int) else f".{part}"
    return key.lstrip(".") or "the file"


def _reason(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such key"
    return str(error["msg"]).removeprefix("Value error, ")
