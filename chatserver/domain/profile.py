"""What is known of a person beside the chat: plain attributes, and children where it was allowed.

A child's birth date is sensitive: it is kept and used only between somebody's consent and its
withdrawal, and everybody but the person sees an age in months instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct, structs

from chatserver.domain.person import Caller, Person
from chatserver.errors import Forbidden, Invalid

Purpose = Literal["child_birth_date"]
AttributeKey = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
AttributeValue = Annotated[str, Meta(min_length=1, max_length=100)]
ChildKey = Annotated[str, Meta(pattern=r"^[a-z0-9]{1,16}\Z")]
ConsentVersion = Annotated[str, Meta(min_length=1, max_length=64)]
Note = Annotated[str, Meta(min_length=1, max_length=200)]

ATTRIBUTES_MAX = 20
CHILDREN_MAX = 5
CHILD_YEARS_MAX = 18
CHILD_BIRTH_DATE: Purpose = "child_birth_date"

T = TypeVar("T")


class Consent(Struct, frozen=True, kw_only=True):
    """A consent in force: to which version of the text, since when (ms), and who recorded it."""

    version: str
    at: int
    by: str


class ConsentEntry(Struct, frozen=True, kw_only=True):
    """A line of a person's record of consents, numbered 1, 2, 3, … and never changed.

    `version` is that of the text agreed to, None where consent was withdrawn. Staff who record it
    on the person's behalf say in `note` how they know.
    """

    user: str
    number: int
    purpose: Purpose
    version: str | None
    at: int
    by: str
    note: str | None = None


class Record(Struct, frozen=True, kw_only=True):
    """A profile as it is stored, birth dates sealed; `rev` counts its changes."""

    user: str
    rev: int = 0
    attributes: Mapping[str, str] = {}
    children: Mapping[str, bytes] = {}
    consents: Mapping[Purpose, Consent] = {}
    consents_recorded: int = 0

    @property
    def usable_children(self) -> Mapping[str, bytes]:
        """The sealed birth dates that may be used: none without consent."""
        return self.children if CHILD_BIRTH_DATE in self.consents else {}


class Changed(Struct, frozen=True):
    """A profile after a change, and what the change adds to the record of consents."""

    record: Record
    entry: ConsentEntry | None = None


class Child(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A child: its age in whole months, and to the person alone its birth date."""

    age_months: int
    birth_date: date | None = None


class Profile(Struct, frozen=True, kw_only=True):
    """A person's profile as somebody sees it. `consents` are those in force.

    `rev` counts the changes, so that a device knows whether it has the latest.
    """

    user: str
    rev: int
    attributes: Mapping[str, str]
    children: Mapping[str, Child]
    consents: Mapping[Purpose, Consent]


def may_see(caller: Caller, person: Person) -> bool:
    """Whether the caller may see somebody's profile and write in it: staff, of their customers."""
    if caller.user == person.user:
        return True
    own_shop = caller.shop is not None and caller.shop == person.shop
    return caller.is_staff and own_shop and person.role == "customer"


def need_consent(record: Record) -> None:
    """Birth dates may be kept.

    Raises:
        Forbidden: the person did not consent, or no longer.
    """
    if CHILD_BIRTH_DATE not in record.consents:
        raise Forbidden("A child's birth date needs consent first", path="children")


def changed(
    record: Record,
    attributes: Mapping[str, str | None],
    children: Mapping[str, bytes | None],
) -> Changed:
    """The profile with these attributes and sealed birth dates; None takes one away.

    Raises:
        Forbidden: a birth date is given without consent.
        Invalid: there would be too many.
    """
    if any(children.values()):
        need_consent(record)
    after = structs.replace(
        record,
        attributes=_patched(record.attributes, attributes, ATTRIBUTES_MAX, "attributes"),
        children=_patched(record.children, children, CHILDREN_MAX, "children"),
    )
    return Changed(record if after == record else structs.replace(after, rev=record.rev + 1))


def consent_given(record: Record, purpose: Purpose, consent: Consent, note: str | None) -> Changed:
    """The profile with a consent; the same version again changes nothing."""
    known = record.consents.get(purpose)
    if known is not None and known.version == consent.version:
        return Changed(record)
    entry = _entry(record, purpose, consent, note)
    return Changed(_with_consents(record, {**record.consents, purpose: consent}), entry)


def consent_withdrawn(
    record: Record, purpose: Purpose, at: int, by: str, note: str | None
) -> Changed:
    """The profile without a consent and all that was kept under it; harmless without any."""
    if purpose not in record.consents:
        return Changed(record)
    left = {name: kept for name, kept in record.consents.items() if name != purpose}
    entry = structs.replace(
        _entry(record, purpose, Consent(version="", at=at, by=by), note), version=None
    )
    return Changed(structs.replace(_with_consents(record, left), children={}), entry)


def day_of(now_ms: int) -> date:
    """The day in UTC; ages that count from it are a day off at most."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def age_months(born: date, today: date) -> int:
    """Whole months since birth, never below 0."""
    months = 12 * (today.year - born.year) + today.month - born.month - (today.day < born.day)
    return max(0, months)


def check_birth_dates(children: Mapping[str, date | None], today: date) -> None:
    """Birth dates are those of children who are born.

    Raises:
        Invalid: with the path of one that is not; the message does not repeat it.
    """
    tomorrow = today + timedelta(days=1)  # already today east of Greenwich
    for key, born in children.items():
        if born is None:
            continue
        if born > tomorrow or age_months(born, today) >= 12 * CHILD_YEARS_MAX:
            raise Invalid("This is no birth date of a child", path=f"children.{key}")


def _patched(
    known: Mapping[str, T], patch: Mapping[str, T | None], most: int, path: str
) -> Mapping[str, T]:
    merged = {**known, **patch}
    kept = {key: value for key, value in merged.items() if value is not None}
    if len(kept) > most:
        raise Invalid(f"There can be {most} at most", path=path)
    return kept


def _entry(record: Record, purpose: Purpose, consent: Consent, note: str | None) -> ConsentEntry:
    return ConsentEntry(
        user=record.user,
        number=record.consents_recorded + 1,
        purpose=purpose,
        version=consent.version,
        at=consent.at,
        by=consent.by,
        note=note,
    )


def _with_consents(record: Record, consents: Mapping[Purpose, Consent]) -> Record:
    return structs.replace(
        record,
        rev=record.rev + 1,
        consents=consents,
        consents_recorded=record.consents_recorded + 1,
    )
