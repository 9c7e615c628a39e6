"""The history of the demo shop as a plan: what happens when, told relative to the present.

Plain Python without I/O but for the data file: the same `now` always gives the same plan.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from chatserver.domain.person import Role

SHOP = "nuanya-renmin"  # 暖芽母婴·人民路店

_DATA = "demo_shop.toml"
_DAYS_AGO = re.compile(r"(\d+)d (\d\d):(\d\d)")
_MINUTES = re.compile(r"([+-])(\d+)m")
_NIGHT = timedelta(hours=4)  # the small hours still belong to the day before
_EDITED_AFTER = timedelta(seconds=50)
_RECALLED_AFTER = timedelta(seconds=25)
_REACTED_AFTER = timedelta(seconds=70)
_READ_AFTER = timedelta(seconds=95)


class DemoPerson(Struct, frozen=True, kw_only=True):
    """Somebody of the demo shop."""

    user: str
    name: str
    role: Role
    about: str
    shop: str = SHOP


class Then(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a line after it was said."""

    key: str | None = None
    reply: str | None = None
    edit: str | None = None
    recall: bool = False
    react: tuple[tuple[str, str], ...] = ()


class Line(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Somebody says something."""

    when: str
    who: str
    text: str
    then: Then = Then()


class Dialogue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What two people said to each other; those in `unread` have not opened the last sitting."""

    between: tuple[str, str]
    lines: tuple[Line, ...]
    unread: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from the other dialogues."""
        return "-".join(self.between)

    @property
    def before_last_sitting(self) -> int:
        """How many lines were said before they last came together."""
        openings = [n for n, line in enumerate(self.lines) if not line.when.startswith("+")]
        return openings[-1]

    def client_id(self, number: int) -> str:
        """The id of line `number` (from 1): always the same, so that nothing is said twice."""
        return f"demo-{self.name}-{number:03}"

    def number_of(self, key: str) -> int:
        """The line with this key, from 1."""
        return next(n for n, line in enumerate(self.lines, 1) if line.then.key == key)


class Shop(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data file."""

    people: tuple[DemoPerson, ...]
    dialogues: tuple[Dialogue, ...]


class Step(Struct, frozen=True, kw_only=True):
    """Something that `who` does at a time: about line `number` of the dialogue, from 1."""

    at: int
    who: str
    dialogue: Dialogue
    number: int

    @property
    def line(self) -> Line:
        """The line it is about."""
        return self.dialogue.lines[self.number - 1]


class Says(Step, frozen=True, kw_only=True):
    """The line is sent."""


class Edits(Step, frozen=True, kw_only=True):
    """The line gets another text."""

    text: str


class Recalls(Step, frozen=True, kw_only=True):
    """The line is taken back."""


class Reacts(Step, frozen=True, kw_only=True):
    """Somebody reacts to the line."""

    reaction: str


class Reads(Step, frozen=True, kw_only=True):
    """Somebody has read up to the line."""


@cache
def load() -> Shop:
    """The people and dialogues of the data file."""
    text = files(__package__).joinpath(_DATA).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Shop)


def plan(shop: Shop, now: datetime) -> list[Step]:
    """Everything that happened up to `now`, in the order of time; `now` carries the time zone."""
    steps = [step for dialogue in shop.dialogues for step in _steps(dialogue, now)]
    return sorted(steps, key=lambda step: step.at)


def times(lines: tuple[Line, ...], now: datetime) -> list[datetime]:
    """When each line was said; ascending, none after `now`."""
    minutes: list[datetime] = []
    for line in lines:
        minutes.append(_minute(line.when, now, minutes[-1] if minutes else now))
    # nobody writes on the full minute
    return [at + timedelta(seconds=(7 + 23 * n) % 60) for n, at in enumerate(minutes)]


def _minute(when: str, now: datetime, before: datetime) -> datetime:
    if match := _DAYS_AGO.fullmatch(when):
        days, hour, minute = map(int, match.groups())
        day = (now - _NIGHT).date() - timedelta(days=days)
        return datetime.combine(day, time(hour, minute), now.tzinfo)
    if match := _MINUTES.fullmatch(when):
        minutes = timedelta(minutes=int(match[2]))
        return before + minutes if match[1] == "+" else now - minutes
    raise ValueError(f"{when!r} is no time of the demo shop")


def _steps(dialogue: Dialogue, now: datetime) -> Iterator[Step]:
    said = times(dialogue.lines, now)
    for number, (line, at) in enumerate(zip(dialogue.lines, said, strict=True), 1):
        yield Says(at=_ms(at), who=line.who, dialogue=dialogue, number=number)
        yield from _afterwards(dialogue, number, line.then, at)
    for who in dialogue.between:
        number = dialogue.before_last_sitting if who in dialogue.unread else len(said)
        if number:
            read_at = _ms(said[number - 1] + _READ_AFTER)
            yield Reads(at=read_at, who=who, dialogue=dialogue, number=number)


def _afterwards(dialogue: Dialogue, number: int, then: Then, at: datetime) -> Iterator[Step]:
    who = dialogue.lines[number - 1].who
    if then.edit is not None:
        edited_at = _ms(at + _EDITED_AFTER)
        yield Edits(at=edited_at, who=who, dialogue=dialogue, number=number, text=then.edit)
    if then.recall:
        yield Recalls(at=_ms(at + _RECALLED_AFTER), who=who, dialogue=dialogue, number=number)
    for reader, reaction in then.react:
        reacted_at = _ms(at + _REACTED_AFTER)
        yield Reacts(at=reacted_at, who=reader, dialogue=dialogue, number=number, reaction=reaction)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
