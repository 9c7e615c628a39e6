from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain.person import Caller, Person, Role
from chatserver.domain.profile import (
    CHILD_BIRTH_DATE,
    Consent,
    Record,
    age_months,
    changed,
    check_birth_dates,
    consent_given,
    consent_withdrawn,
    day_of,
    may_see,
)
from chatserver.errors import Forbidden, Invalid

TODAY = date(2026, 11, 22)
AGREED = Consent(version="1", at=5, by="mei")
ALLOWED = consent_given(Record(user="mei"), CHILD_BIRTH_DATE, AGREED, None).record


@pytest.mark.parametrize(
    ("born", "months"),
    [
        ("2026-11-22", 0), ("2026-10-23", 0), ("2026-10-22", 1), ("2025-11-23", 11),
        ("2025-11-22", 12), ("2024-02-29", 32), ("2026-11-23", 0),
    ],
)  # fmt: skip
def test_an_age_counts_whole_months(born: str, months: int) -> None:
    assert age_months(date.fromisoformat(born), TODAY) == months


def test_a_month_without_that_day_is_over_on_the_first_of_the_next() -> None:
    assert age_months(date(2026, 1, 31), date(2026, 2, 28)) == 0
    assert age_months(date(2026, 1, 31), date(2026, 3, 1)) == 1


@given(st.dates(date(2000, 1, 1), TODAY), st.integers(0, 400))
def test_an_age_never_falls(born: date, days: int) -> None:
    later = TODAY + timedelta(days=days)
    assert 0 <= age_months(born, TODAY) <= age_months(born, later)


def test_a_day_is_that_of_utc() -> None:
    midnight = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp() * 1000)
    assert day_of(midnight) == TODAY
    assert day_of(midnight - 1) == TODAY - timedelta(days=1)


def test_a_birth_date_lies_between_a_childhood_ago_and_tomorrow() -> None:
    tomorrow = TODAY + timedelta(days=1)  # is today in Shanghai
    check_birth_dates({"a": TODAY, "b": tomorrow, "c": date(2008, 11, 23), "d": None}, TODAY)
    for wrong in (tomorrow + timedelta(days=1), date(2008, 11, 22), date(1, 1, 1), date.max):
        with pytest.raises(Invalid) as refused:
            check_birth_dates({"a": TODAY, "b": wrong}, TODAY)
        assert refused.value.path == "children.b"
        assert str(wrong) not in str(refused.value)


def test_children_need_consent_but_not_their_removal() -> None:
    with pytest.raises(Forbidden):
        changed(Record(user="mei"), {}, {"a": b"sealed"})
    assert changed(Record(user="mei"), {}, {"a": None}).record == Record(user="mei")
    assert changed(ALLOWED, {}, {"a": b"sealed"}).record.usable_children == {"a": b"sealed"}


def test_without_consent_a_stored_date_is_not_used() -> None:
    assert Record(user="mei", children={"a": b"sealed"}).usable_children == {}


def test_a_change_counts_once_and_only_when_something_changed() -> None:
    first = changed(Record(user="mei"), {"a": "1", "b": "2"}, {}).record
    assert (first.rev, first.attributes) == (1, {"a": "1", "b": "2"})
    assert changed(first, {"a": "1", "c": None}, {}).record == first
    assert changed(first, {"a": None}, {}).record.attributes == {"b": "2"}


def test_what_is_taken_away_makes_room_for_what_comes() -> None:
    full = changed(Record(user="mei"), {f"a{n}": "x" for n in range(20)}, {}).record
    assert len(changed(full, {"a0": None, "b": "x"}, {}).record.attributes) == 20
    with pytest.raises(Invalid):
        changed(full, {"b": "x"}, {})


def test_consent_is_recorded_with_its_version_and_withdrawn_with_what_it_allowed() -> None:
    kept = changed(ALLOWED, {"size": "M"}, {"a": b"sealed"}).record
    withdrawn = consent_withdrawn(kept, CHILD_BIRTH_DATE, 9, "lin", "by phone")
    assert withdrawn.record.children == withdrawn.record.consents == {}
    assert withdrawn.record.attributes == {"size": "M"}
    entry = withdrawn.entry
    assert entry is not None
    assert (entry.number, entry.version, entry.at, entry.by, entry.note) == (
        2, None, 9, "lin", "by phone"
    )  # fmt: skip


def test_the_same_consent_or_withdrawal_again_records_nothing() -> None:
    again = consent_given(ALLOWED, CHILD_BIRTH_DATE, Consent(version="1", at=8, by="lin"), None)
    assert (again.record, again.entry) == (ALLOWED, None)
    nothing = consent_withdrawn(Record(user="mei"), CHILD_BIRTH_DATE, 9, "mei", None)
    assert (nothing.record, nothing.entry) == (Record(user="mei"), None)
    newer = consent_given(ALLOWED, CHILD_BIRTH_DATE, Consent(version="2", at=8, by="mei"), None)
    assert newer.entry is not None
    assert newer.entry.number == 2


@pytest.mark.parametrize(
    ("role", "shop", "of", "sees"),
    [
        ("consultant", "s1", Person(user="mei", name="", role="customer", shop="s1"), True),
        ("manager", "s1", Person(user="mei", name="", role="customer", shop="s1"), True),
        ("consultant", "s2", Person(user="mei", name="", role="customer", shop="s1"), False),
        ("consultant", None, Person(user="mei", name="", role="customer"), False),
        ("customer", "s1", Person(user="mei", name="", role="customer", shop="s1"), False),
        ("bot", "s1", Person(user="mei", name="", role="customer", shop="s1"), False),
        ("admin", "s1", Person(user="wu", name="", role="consultant", shop="s1"), False),
        ("customer", None, Person(user="me", name="", role="customer"), True),
    ],
)
def test_staff_see_their_customers_and_everybody_sees_themselves(
    role: Role, shop: str | None, of: Person, sees: bool
) -> None:
    caller = Caller(user="me", role=role, device="d", connection="c", shop=shop)
    assert may_see(caller, of) is sees
