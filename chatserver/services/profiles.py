"""Profiles: a person's own, and those of a shop's customers for its staff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from chatserver.domain.calls import GiveConsent, UpdateProfile, WithdrawConsent
from chatserver.domain.community import Traits
from chatserver.domain.events import ProfileChanged
from chatserver.domain.person import Caller, Person
from chatserver.domain.profile import (
    Child,
    Consent,
    Profile,
    Record,
    age_months,
    changed,
    check_birth_dates,
    consent_given,
    consent_withdrawn,
    day_of,
    may_see,
    need_consent,
)
from chatserver.errors import Invalid, NotFound
from chatserver.services.delivery import Delivery
from chatserver.services.limits import Limits
from chatserver.store.profiles import Decide
from chatserver.store.stores import Stores
from chatserver.store.vault import Place

BirthDates = Mapping[str, date]


class Profiles:
    """What people may do with profiles; anything not theirs is as if it were not there."""

    def __init__(self, stores: Stores, delivery: Delivery, limits: Limits) -> None:
        self._profiles = stores.profiles
        self._vault = stores.vault
        self._users = stores.users
        self._delivery = delivery
        self._limits = limits

    async def get(self, caller: Caller, user: str | None, now_ms: int) -> Profile:
        """The profile of a person, the caller's without `user`.

        Raises:
            NotFound: there is no such person, or it is none of the caller's; so do the others.
            Unsupported: there are birth dates that this server has no keys for.
            Unavailable: no answer in time; so do the others.
        """
        subject = await self._subject(caller, user)
        return await self._view(caller, await self._profiles.get(subject), now_ms)

    async def update(self, caller: Caller, call: UpdateProfile, now_ms: int) -> Profile:
        """Set or take away attributes and children's birth dates; the person's devices are told.

        Raises:
            Forbidden: a birth date without consent.
            Invalid: too many, or no birth date of a child.
            RateLimited: too many changes by the caller; so do the others.
            Unsupported: birth dates cannot be sealed here.
        """
        self._limits.profile_change(caller.user, now_ms)
        subject = await self._subject(caller, call.user)
        check_birth_dates(call.children, day_of(now_ms))
        if any(call.children.values()):  # asked again by the change; no key is made in vain
            need_consent(await self._profiles.get(subject))
        sealed = await self._seal(subject, call.children)
        return await self._change(
            caller, subject, lambda record: changed(record, call.attributes, sealed), now_ms
        )

    async def give_consent(self, caller: Caller, call: GiveConsent, now_ms: int) -> Profile:
        """Record that a person agreed to a text.

        Raises:
            Invalid: staff record it on somebody's behalf without a note.
        """
        self._limits.profile_change(caller.user, now_ms)
        subject = await self._subject(caller, call.user)
        _need_note(caller, subject, call.note)
        consent = Consent(version=call.version, at=now_ms, by=caller.user)
        return await self._change(
            caller,
            subject,
            lambda record: consent_given(record, call.purpose, consent, call.note),
            now_ms,
        )

    async def withdraw_consent(self, caller: Caller, call: WithdrawConsent, now_ms: int) -> Profile:
        """Record that a person withdrew consent; what was kept under it is deleted with that.

        Raises:
            Invalid: staff record it on somebody's behalf without a note.
        """
        self._limits.profile_change(caller.user, now_ms)
        subject = await self._subject(caller, call.user)
        _need_note(caller, subject, call.note)
        return await self._change(
            caller,
            subject,
            lambda record: consent_withdrawn(record, call.purpose, now_ms, caller.user, call.note),
            now_ms,
        )

    async def traits(self, people: Iterable[Person]) -> dict[str, Traits]:
        """What the rules of communities look at, for each of these people."""
        by_id = {person.user: person for person in people}
        records = await self._profiles.get_all(by_id)
        born = await self._birth_dates(records.values())
        return {
            user: _traits(person, records.get(user) or Record(user=user), born.get(user, {}))
            for user, person in by_id.items()
        }

    async def _subject(self, caller: Caller, user: str | None) -> str:
        if user is None or user == caller.user:
            return caller.user
        person = (await self._users.people((user,))).get(user)
        if person is None or not may_see(caller, person):
            raise NotFound
        return user

    async def _seal(
        self, user: str, children: Mapping[str, date | None]
    ) -> dict[str, bytes | None]:
        texts = {_place(user, key): born.isoformat() for key, born in children.items() if born}
        sealed = await self._vault.seal(texts) if texts else {}
        return {key: sealed.get(_place(user, key)) for key in children}

    async def _change(self, caller: Caller, subject: str, decide: Decide, now_ms: int) -> Profile:
        before = await self._profiles.get(subject)
        record = await self._profiles.change(subject, decide, now_ms)
        if record.rev != before.rev:
            event = ProfileChanged(rev=record.rev)
            self._delivery.tell((subject,), event, skip=caller.connection)
        return await self._view(caller, record, now_ms)

    async def _view(self, caller: Caller, record: Record, now_ms: int) -> Profile:
        born = (await self._birth_dates((record,))).get(record.user, {})
        today, own = day_of(now_ms), caller.user == record.user
        return Profile(
            user=record.user,
            rev=record.rev,
            attributes=record.attributes,
            children={
                key: Child(age_months=age_months(at, today), birth_date=at if own else None)
                for key, at in born.items()
            },
            consents=record.consents,
        )

    async def _birth_dates(self, records: Iterable[Record]) -> Mapping[str, BirthDates]:
        sealed = {
            _place(record.user, key): (record.user, key, value)
            for record in records
            for key, value in record.usable_children.items()
        }
        if not sealed:
            return {}
        opened = await self._vault.open({place: value for place, (*_, value) in sealed.items()})
        born: dict[str, dict[str, date]] = {}
        for place, text in opened.items():
            user, key, _ = sealed[place]
            born.setdefault(user, {})[key] = date.fromisoformat(text)
        return born


def _place(user: str, child: str) -> Place:
    return Place("profiles", user, f"children.{child}")


def _need_note(caller: Caller, subject: str, note: str | None) -> None:
    if caller.user != subject and not note:
        raise Invalid("Say how the person told you", path="note")


def _traits(person: Person, record: Record, born: BirthDates) -> Traits:
    return Traits(
        role=person.role,
        shop=person.shop,
        attributes=record.attributes,
        birth_dates=tuple(born.values()),
        consents=frozenset(record.consents),
    )
