"""The history of the demo shop as a plan: what happens when, told relative to the present.

Plain Python without I/O but for the data file: the same `now` always gives the same plan.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct

from chatserver.domain.customer import Product, ViewedPage
from chatserver.domain.person import Role
from chatserver.domain.word_filter import FilterAction

SHOP = "nuanya-renmin"
SHOP_NAME = "暖芽母婴·人民路店"

_DATA = "demo_shop.toml"
_DAYS_AGO = re.compile(r"(\d+)d (\d\d):(\d\d)")
_MINUTES = re.compile(r"([+-])(\d+)m")
_NIGHT = timedelta(hours=4)  # the small hours still belong to the day before
_EDITED_AFTER = timedelta(seconds=50)
_RECALLED_AFTER = timedelta(seconds=25)
_REACTED_AFTER = timedelta(seconds=70)
_ANNOUNCED_AFTER = timedelta(seconds=80)
_PINNED_AFTER = timedelta(seconds=85)
_RESOLVED_AFTER = timedelta(seconds=90)
_READ_AFTER = timedelta(seconds=95)
_ENROLLED_FROM = "14d 10:05"  # the first customer; the others follow
_ENROLLED_EVERY = timedelta(minutes=9)


class Look(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer looks at in the shop's pages."""

    page: ViewedPage
    product: Product | None = None


class DemoSnippet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A canned reply of one of the staff."""

    who: str
    shortcut: str
    title: str
    text: str


class DemoFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule of the shop's word filter."""

    rule: str
    action: FilterAction
    words: tuple[str, ...]


class DemoPerson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody of the demo shop; `children` are how many days old, by a key of the profile.

    `tags` are what the staff noted of a customer, `looks_at` what the customer looks at now.
    """

    user: str
    name: str
    role: Role
    about: str
    shop: str = SHOP
    children: dict[str, int] = {}
    attributes: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    looks_at: Look | None = None


class Then(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a line after it was said.

    Who said it may `pin` it, and `announce` a text that from then on stands above the room; and in
    an inquiry `claim` it before, and `resolve` it afterwards. A `card` is said in its place.
    """

    key: str | None = None
    reply: str | None = None
    edit: str | None = None
    recall: bool = False
    pin: bool = False
    announce: str | None = None
    claim: bool = False
    resolve: bool = False
    react: tuple[tuple[str, str], ...] = ()
    card: dict[str, Any] | None = None


class Line(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Somebody says something."""

    when: str
    who: str
    text: str
    then: Then = Then()


class Talk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people said in one conversation; those in `unread` have not opened the last sitting."""

    people: tuple[str, ...]
    lines: tuple[Line, ...]
    unread: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from the other talks."""
        return "-".join(self.people)

    @property
    def before_last_sitting(self) -> int:
        """How many lines were said before they last came together."""
        openings = [n for n, line in enumerate(self.lines) if not line.when.startswith("+")]
        return openings[-1]

    def client_id(self, number: int) -> str:
        """The id of line `number` (from 1): always the same, so that nothing is said twice.

        Number 0 is the conversation itself.
        """
        return f"demo-{self.name}-{number:03}"

    def number_of(self, key: str) -> int:
        """The line with this key, from 1."""
        return next(n for n, line in enumerate(self.lines, 1) if line.then.key == key)


class Dialogue(Talk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two people."""

    people: tuple[str, str]


class Group(Talk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group that the first of the people began and the others were brought into."""

    id: str
    title: str
    about: str

    @property
    def name(self) -> str:
        """What tells it from the other talks."""
        return self.id


class Community(Talk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The room into which a rule leads the first of the people, as it does the others."""

    rule: str
    about: str

    @property
    def name(self) -> str:
        """What tells it from the other talks."""
        return f"{self.rule}-{self.people[0]}"


class Inquiry(Talk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a customer, the first of the people, asked the shop, with whoever served."""

    @property
    def name(self) -> str:
        """What tells it from the other talks."""
        return f"inquiry-{self.people[0]}"


class Notes(Talk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What staff wrote to each other beside the inquiry of a customer."""

    about: str

    @property
    def name(self) -> str:
        """What tells it from the other talks."""
        return f"notes-{self.about}"


class Shop(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data file."""

    people: tuple[DemoPerson, ...]
    dialogues: tuple[Dialogue, ...]
    groups: tuple[Group, ...] = ()
    communities: tuple[Community, ...] = ()
    inquiries: tuple[Inquiry, ...] = ()
    notes: tuple[Notes, ...] = ()
    snippets: tuple[DemoSnippet, ...] = ()
    filters: tuple[DemoFilter, ...] = ()

    @property
    def talks(self) -> tuple[Talk, ...]:
        """All that was said, wherever."""
        return (*self.dialogues, *self.groups, *self.communities, *self.inquiries, *self.notes)


class Enrolment(Struct, frozen=True, kw_only=True):
    """At a time (ms) a customer agrees to tell the shop of the children, born on these days."""

    at: int
    person: DemoPerson
    born: dict[str, date]


class Step(Struct, frozen=True, kw_only=True):
    """Something that `who` does at a time: about line `number` of the talk, from 1."""

    at: int
    who: str
    talk: Talk
    number: int

    @property
    def line(self) -> Line:
        """The line it is about."""
        return self.talk.lines[self.number - 1]


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


class Announces(Step, frozen=True, kw_only=True):
    """A text comes to stand above the room in which the line was said."""

    text: str


class Pins(Step, frozen=True, kw_only=True):
    """The line is pinned for everybody."""


class Resolves(Step, frozen=True, kw_only=True):
    """Who said the line says that the inquiry is settled."""


class Reads(Step, frozen=True, kw_only=True):
    """Somebody has read up to the line."""


@cache
def load() -> Shop:
    """The people and talks of the data file."""
    text = files(__package__).joinpath(_DATA).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Shop)


def enrolments(shop: Shop, now: datetime) -> list[Enrolment]:
    """How the customers came to be known, in the order of time; `now` carries the time zone."""
    first = _minute(_ENROLLED_FROM, now, now)
    return [
        Enrolment(
            at=_ms(first + number * _ENROLLED_EVERY),
            person=person,
            born={key: now.date() - timedelta(days=days) for key, days in person.children.items()},
        )
        for number, person in enumerate(each for each in shop.people if each.children)
    ]


def plan(talks: Iterable[Talk], now: datetime) -> list[Step]:
    """All that was said up to `now`, in the order of time; `now` carries the time zone."""
    steps = [step for talk in talks for step in _steps(talk, now)]
    return sorted(steps, key=lambda step: step.at)


def beginning(shop: Shop, now: datetime) -> int:
    """When the first word was said, in ms since 1970 UTC."""
    return min(_ms(times(talk.lines, now)[0]) for talk in shop.talks)


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


def _steps(talk: Talk, now: datetime) -> Iterator[Step]:
    said = times(talk.lines, now)
    for number, (line, at) in enumerate(zip(talk.lines, said, strict=True), 1):
        yield Says(at=_ms(at), who=line.who, talk=talk, number=number)
        yield from _changes(talk, number, at)
        yield from _honours(talk, number, at)
    for who in talk.people:
        number = talk.before_last_sitting if who in talk.unread else len(said)
        if number:
            read_at = _ms(said[number - 1] + _READ_AFTER)
            yield Reads(at=read_at, who=who, talk=talk, number=number)


def _changes(talk: Talk, number: int, at: datetime) -> Iterator[Step]:
    """What makes another message of a line."""
    line = talk.lines[number - 1]
    who, then = line.who, line.then
    if then.edit is not None:
        edited_at = _ms(at + _EDITED_AFTER)
        yield Edits(at=edited_at, who=who, talk=talk, number=number, text=then.edit)
    if then.recall:
        yield Recalls(at=_ms(at + _RECALLED_AFTER), who=who, talk=talk, number=number)


def _honours(talk: Talk, number: int, at: datetime) -> Iterator[Step]:
    """What people add to a line."""
    line = talk.lines[number - 1]
    who, then = line.who, line.then
    for reader, reaction in then.react:
        reacted_at = _ms(at + _REACTED_AFTER)
        yield Reacts(at=reacted_at, who=reader, talk=talk, number=number, reaction=reaction)
    if then.announce is not None:
        announced_at = _ms(at + _ANNOUNCED_AFTER)
        yield Announces(at=announced_at, who=who, talk=talk, number=number, text=then.announce)
    if then.resolve:
        yield Resolves(at=_ms(at + _RESOLVED_AFTER), who=who, talk=talk, number=number)
    if then.pin:
        yield Pins(at=_ms(at + _PINNED_AFTER), who=who, talk=talk, number=number)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
