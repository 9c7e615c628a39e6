"""Communities: rooms that people come into by what they are, as the rules of the operator say.

A rule and a key make a family of rooms, number 1, 2, 3, … each up to the rule's cap. A key is what
those in it have in common, such as a shop and the birth month of a child. Who has two children is
in two families.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from itertools import product
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from chatserver.domain import community_title
from chatserver.domain.person import Role
from chatserver.domain.profile import CHILD_BIRTH_DATE, Purpose

ATTRIBUTE = "attribute."
COMMUNITY_PREFIX = "f"  # of the ids of community rooms; no other conversation's id begins so

RuleId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}\Z")]
Field = Annotated[
    str, Meta(pattern=r"^(shop|child\.birth_month|child\.birth_year|attribute\.[a-z][a-z0-9_]*)\Z")
]
Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*\Z")]
Template = Annotated[str, Meta(min_length=1, max_length=80)]
Admins = Literal["consultants of the shop", "managers of the shop", "staff of the shop", "nobody"]

ADMIN_ROLES: Mapping[Admins, frozenset[Role]] = {
    "consultants of the shop": frozenset({"consultant"}),
    "managers of the shop": frozenset({"manager"}),
    "staff of the shop": frozenset({"consultant", "manager", "admin"}),
    "nobody": frozenset(),
}


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one kind of community forms, and the settings of its rooms.

    `by` names what its members have in common; a value of an attribute counts when `values` lists
    it, so that nobody can make rooms by inventing values. `title` holds a template by language.
    """

    id: RuleId
    by: Annotated[tuple[Field, ...], Meta(min_length=1, max_length=4)]
    title: Annotated[dict[Language, Template], Meta(min_length=1)]
    values: dict[str, tuple[str, ...]] = {}
    cap: Annotated[int, Meta(ge=2, le=5000)] = 500
    admins: Admins = "consultants of the shop"
    kind: Literal["group"] = "group"
    join: Literal["open", "approval", "invitation", "staff"] = "staff"
    history: Literal["all", "joined", "last"] = "joined"
    history_last: Annotated[int, Meta(ge=0, le=1000)] = 50
    slow_mode_s: Annotated[int, Meta(ge=0, le=120)] = 0


class Traits(Struct, frozen=True, kw_only=True):
    """What rules look at of one person; birth dates count only with consent."""

    role: Role
    shop: str | None = None
    attributes: Mapping[str, str] = {}
    birth_dates: tuple[date, ...] = ()
    consents: frozenset[Purpose] = frozenset()


class Key(Struct, frozen=True, order=True):
    """What the members of one family have in common: a rule's id and a value for each of its `by`.

    Never for logs or ids: a child's birth month may be among the values.
    """

    rule: str
    values: tuple[str, ...]


class Moves(Struct, frozen=True):
    """The families to leave and to join, each in a definite order."""

    leave: tuple[Key, ...]
    join: tuple[Key, ...]


def keys_of(rule: Rule, traits: Traits) -> tuple[Key, ...]:
    """The keys of a person under a rule: none for staff or where something is unknown.

    With several children there is one for each that differs.
    """
    if traits.role != "customer":
        return ()
    choices = [_values(rule, field, traits) for field in rule.by]
    return tuple(sorted({Key(rule.id, values) for values in product(*choices)}))


def places(rules: Iterable[Rule], traits: Traits) -> frozenset[Key]:
    """All families that a person belongs to."""
    return frozenset(key for rule in rules for key in keys_of(rule, traits))


def moves(rules: Iterable[Rule], before: Traits, after: Traits) -> Moves:
    """What to leave and join when a person is no longer as before but as after."""
    rules = tuple(rules)
    return moves_between(places(rules, before), places(rules, after))


def moves_between(held: frozenset[Key], wanted: frozenset[Key]) -> Moves:
    """What leads from one set of families to another; for whoever noted where a person is."""
    return Moves(leave=tuple(sorted(held - wanted)), join=tuple(sorted(wanted - held)))


def community_id(rule: Rule, key: Key) -> str:
    """The id of a family: the same for ever and everywhere, and no other family has it.

    It is a hash, so that nobody reads a birth month in it; whoever is told a family's other values
    could still try all months. It depends on the rule's id and the key, not on its other settings.
    """
    said = msgspec.json.encode((rule.id, *zip(rule.by, key.values, strict=True)))
    return COMMUNITY_PREFIX + hashlib.blake2b(said, digest_size=15).hexdigest()


def rules_digest(rules: Iterable[Rule]) -> bytes:
    """Sixteen bytes that tell these rules from others."""
    return hashlib.blake2b(msgspec.json.encode(tuple(rules)), digest_size=16).digest()


def room_id(community: str, no: int) -> str:
    """The id of room `no` (from 1) of a family: whoever opens it, it is the same room."""
    return f"{community}-{no}"


def family_and_no(room: str) -> tuple[str, int]:
    """The family and number that `room_id` made a room's id of."""
    family, _, no = room.rpartition("-")
    return family, int(no)


def title(rule: Rule, key: Key, no: int, language: str) -> str:
    """What room `no` of a family is called in a language, or in the rule's first one."""
    template = _in_language(rule.title, language)
    return community_title.render(template, zip(rule.by, key.values, strict=True), no)


def _values(rule: Rule, field: str, traits: Traits) -> tuple[str, ...]:
    if field.startswith(ATTRIBUTE):
        name = field.removeprefix(ATTRIBUTE)
        value = traits.attributes.get(name)
        return (value,) if value is not None and value in rule.values.get(name, ()) else ()
    return _READERS[field](traits)


def _shop(traits: Traits) -> tuple[str, ...]:
    return (traits.shop,) if traits.shop else ()


def _birth_months(traits: Traits) -> tuple[str, ...]:
    allowed = CHILD_BIRTH_DATE in traits.consents
    return tuple(born.isoformat()[:7] for born in traits.birth_dates) if allowed else ()


def _birth_years(traits: Traits) -> tuple[str, ...]:
    return tuple(month[:4] for month in _birth_months(traits))


_READERS: dict[str, Callable[[Traits], tuple[str, ...]]] = {
    "shop": _shop,
    "child.birth_month": _birth_months,
    "child.birth_year": _birth_years,
}


def _in_language(titles: Mapping[str, str], language: str) -> str:
    """Also `zh` for `zh-CN`."""
    first = next(iter(titles.values()))
    return titles.get(language) or titles.get(language.partition("-")[0]) or first
