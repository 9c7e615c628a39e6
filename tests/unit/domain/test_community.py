"""Which communities people belong to, what the families are called, and how people move."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from chatserver.domain.community import (
    ADMIN_ROLES,
    Key,
    Rule,
    Traits,
    community_id,
    keys_of,
    moves,
    moves_between,
    places,
    room_id,
    title,
)
from chatserver.domain.community_rules import RuleError, parse_rules
from chatserver.domain.profile import CHILD_BIRTH_DATE

ROOT = Path(__file__).parents[3]
FIELDS = ("shop", "child.birth_month", "child.birth_year", "attribute.skin", "attribute.size")
AGREED = frozenset({CHILD_BIRTH_DATE})


def rule(*by: str, id: str = "same-month", **fields: Any) -> Rule:  # noqa: A002
    names = {field.removeprefix("attribute.") for field in by if field.startswith("attribute.")}
    given = {"title": {"zh": "群{no}"}, "values": dict.fromkeys(names, ("dry", "oily"))}
    return Rule(id=id, by=by, **{**given, **fields})


SAME_MONTH = rule(
    "shop", "child.birth_month",
    title={"zh": "{year}年{month}月宝宝妈妈群{no}", "en": "Babies of {month_name} {year} {no}"},
)  # fmt: skip
MEI = Traits(role="customer", shop="s1", birth_dates=(date(2026, 8, 31),), consents=AGREED)
AUGUST = Key("same-month", ("s1", "2026-08"))

a_rule = st.builds(
    lambda by, name: rule(*by, id=name),
    st.sampled_from(
        [
            by
            for size in range(1, 5)
            for by in permutations(FIELDS, size)
            if sum(field.startswith("child.") for field in by) < 2
        ]
    ),
    st.sampled_from(["one", "two", "three"]),
)
some_rules = st.lists(a_rule, max_size=3, unique_by=lambda made: made.id)
traits = st.builds(
    Traits,
    role=st.sampled_from(["customer", "customer", "customer", "consultant"]),
    shop=st.sampled_from([None, "s1", "s2"]),
    attributes=st.dictionaries(
        st.sampled_from(["skin", "size"]), st.sampled_from(["dry", "oily", "odd"])
    ),
    birth_dates=st.lists(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=5).map(tuple),
    consents=st.sampled_from([frozenset(), AGREED]),
)
keys = st.builds(
    Key, st.just("one"), st.tuples(st.text(max_size=5), st.text(max_size=5))
)  # fmt: skip


@given(some_rules, traits, traits)
def test_moves_lead_from_where_one_is_to_where_one_belongs(
    rules: list[Rule], before: Traits, after: Traits
) -> None:
    made, held = moves(rules, before, after), places(rules, before)
    assert set(made.leave) <= held
    assert not set(made.join) & held
    assert (held - set(made.leave)) | set(made.join) == places(rules, after)


@given(some_rules, traits)
def test_who_stays_the_same_does_not_move(rules: list[Rule], same: Traits) -> None:
    assert moves(rules, same, same).leave == moves(rules, same, same).join == ()


@given(st.frozensets(keys), st.frozensets(keys))
def test_moves_between_sets_are_in_a_definite_order(
    held: frozenset[Key], wanted: frozenset[Key]
) -> None:
    made = moves_between(held, wanted)
    assert list(made.leave) == sorted(held - wanted)
    assert list(made.join) == sorted(wanted - held)


@given(some_rules, traits)
def test_without_consent_no_key_has_anything_of_a_child(rules: list[Rule], person: Traits) -> None:
    silent = structs.replace(person, consents=frozenset())
    for each in rules:
        found = keys_of(each, silent)
        assert not found or not any(field.startswith("child.") for field in each.by)
        assert found == keys_of(each, structs.replace(silent, birth_dates=()))


@given(a_rule, traits)
def test_a_key_says_what_the_person_is(made: Rule, person: Traits) -> None:
    months = {born.isoformat()[:7] for born in person.birth_dates}
    for key in keys_of(made, person):
        said = dict(zip(made.by, key.values, strict=True))
        assert said.get("shop") in (None, person.shop)
        assert said.get("child.birth_month") in {None, *months}
        assert said.get("child.birth_year") in {None, *(month[:4] for month in months)}
        assert said.get("attribute.skin") in (None, person.attributes.get("skin"))
        assert person.role == "customer"


@given(st.lists(keys, min_size=2, max_size=2, unique=True))
def test_another_key_is_another_community(pair: list[Key]) -> None:
    one, other = pair
    made = rule("shop", "attribute.skin", id="one")
    assert community_id(made, one) != community_id(made, other)
    assert community_id(made, one) == community_id(made, structs.replace(one))


def test_another_rule_or_field_is_another_community_but_other_settings_are_not() -> None:
    months, key = rule("shop", "child.birth_month"), Key("same-month", ("s1", "2026"))
    others = [
        community_id(rule("shop", "child.birth_month", id="other"), key),
        community_id(rule("shop", "child.birth_year"), key),
        community_id(rule("child.birth_month", "shop"), key),
    ]
    assert community_id(months, key) not in others
    assert community_id(rule("shop", "child.birth_month", cap=9), key) == community_id(months, key)


def test_ids_stay_the_same_for_ever_and_show_no_month() -> None:
    made = community_id(SAME_MONTH, AUGUST)
    assert made == "f53f75e6b1eb957eab0a478f4722d39"
    assert room_id(made, 2) == f"{made}-2"
    assert len(room_id(made, 99_999)) <= 64


def test_a_mother_belongs_to_the_month_of_her_baby_in_her_shop() -> None:
    assert keys_of(SAME_MONTH, MEI) == (AUGUST,)


def test_each_child_leads_into_its_community_and_twins_into_one() -> None:
    born = (date(2026, 8, 31), date(2026, 8, 1), date(2024, 2, 29))
    found = keys_of(SAME_MONTH, structs.replace(MEI, birth_dates=born))
    assert found == (Key("same-month", ("s1", "2024-02")), AUGUST)


@pytest.mark.parametrize(
    "changed", [{"shop": None}, {"birth_dates": ()}, {"role": "consultant"}, {"role": "bot"}]
)
def test_staff_and_who_lacks_something_are_in_none(changed: dict[str, Any]) -> None:
    assert keys_of(SAME_MONTH, structs.replace(MEI, **changed)) == ()


def test_only_listed_values_of_an_attribute_form_communities() -> None:
    made = rule("shop", "attribute.skin")
    for value, found in (("dry", (Key("same-month", ("s1", "dry")),)), ("{no}", ())):
        assert keys_of(made, structs.replace(MEI, attributes={"skin": value})) == found


def test_a_new_date_and_a_withdrawal_move() -> None:
    september = structs.replace(MEI, birth_dates=(date(2026, 9, 1),))
    made = moves([SAME_MONTH], MEI, september)
    assert (made.leave, made.join) == ((AUGUST,), (Key("same-month", ("s1", "2026-09")),))
    withdrawn = moves([SAME_MONTH], MEI, structs.replace(MEI, consents=frozenset()))
    assert (withdrawn.leave, withdrawn.join) == ((AUGUST,), ())


@pytest.mark.parametrize(
    ("no", "language", "called"),
    [
        (1, "zh", "2026年8月宝宝妈妈群"), (2, "zh", "2026年8月宝宝妈妈群2"),
        (1, "en", "Babies of August 2026"), (13, "en", "Babies of August 2026 13"),
        (1, "zh-CN", "2026年8月宝宝妈妈群"), (1, "fr", "2026年8月宝宝妈妈群"),
    ],
)  # fmt: skip
def test_a_title_is_in_the_language_asked_for_or_the_first(
    no: int, language: str, called: str
) -> None:
    assert title(SAME_MONTH, AUGUST, no, language) == called


def test_a_title_says_shop_year_and_attributes_and_takes_values_as_text() -> None:
    made = rule(
        "shop", "child.birth_year", "attribute.skin", title={"zh": "{shop} {year}{skin}{no}"}
    )
    key = Key("same-month", ("s1", "2026", "{no}\\1"))
    assert title(made, key, 3, "zh") == "s1 2026{no}\\13"


def test_a_title_is_no_longer_than_a_room_takes() -> None:
    made = rule("shop", title={"zh": "{shop}{no}"})
    assert len(title(made, Key("same-month", ("s" * 128,)), 2, "zh")) == 100


def test_every_choice_of_admins_names_roles() -> None:
    assert ADMIN_ROLES["staff of the shop"] >= ADMIN_ROLES["consultants of the shop"]
    assert ADMIN_ROLES["nobody"] == frozenset()


GOOD = """
[[community]]
id = "babies"
by = ["shop", "child.birth_month"]
title = {zh = "{month}月{no}"}
"""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("cap = 1", r"^rule 'babies': cap: .*2"),
        ("cap = 'many'", r"^rule 'babies': cap: "),
        ("capp = 3", r"^rule 'babies': .*capp"),
        ("admins = 'owners'", r"^rule 'babies': admins: .*owners"),
        ("kind = 'channel'", r"^rule 'babies': kind: "),
        ("join = 'nobody'", r"^rule 'babies': join: "),
        ("history = 'none'", r"^rule 'babies': history: "),
        ("values = {skin = ['dry']}", r"^rule 'babies': values\.skin: "),
        ("values = {skin = 'dry'}", r"^rule 'babies': values"),
        ("id = 'second'", "not valid TOML"),
        ("[other]", "something else"),
        (GOOD, r"^rule 'babies': id: another rule has it"),
        ("[[community]]\nid = 'x'", r"^rule 'x': .*by"),
        ("[[community]]\nby = ['shop']", r"^rule 2: .*id"),
        ("[[community]]\nid = 'X'", r"^rule 'X': id: a small letter"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_rule_and_field(line: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        parse_rules(f"{GOOD}\n{line}\n")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("{month}月{no}", "{mont}月{no}", r"title\.zh: \{mont\} is no name here; .* month, .*year"),
        ("{month}月{no}", "{month}月", r"title\.zh: \{no\} is missing"),
        ("{month}月{no}", "{month}月{no", r"title\.zh: braces"),
        ("{month}月{no}", "{month:02}{no}", r"title\.zh: braces"),
        ("{month}月{no}", "{month.__class__}{no}", r"title\.zh: braces"),
        ("{month}月{no}", "", r"title"),
        ('{zh = "{month}月{no}"}', "{}", r"title: "),
        ('{zh = "{month}月{no}"}', "{Chinese = '{no}'}", r"title: languages"),
        ('"child.birth_month"', '"child.birth_day"', r"by\[1\]: shop, child"),
        ('"child.birth_month"', '"child.birth_month", "child.birth_year"', "by: .*one field"),
        ('"child.birth_month"', '"shop"', "by: .*twice"),
        ('"shop", "child.birth_month"', "", "by: "),
        ('"shop", ', "", 'admins: .*"nobody"'),
        ('"shop", ', '"shop", "attribute.skin", ', r"values\.skin: "),
        ('"shop", ', '"shop", "attribute.no", ', r"values\.no: |called no"),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_named(before: str, after: str, says: str) -> None:
    assert before in GOOD
    with pytest.raises(RuleError, match=f"^rule 'babies': {says}"):
        parse_rules(GOOD.replace(before, after))


def test_the_name_of_an_attribute_must_not_be_one_of_titles() -> None:
    text = GOOD.replace('"shop", ', '"shop", "attribute.year", ') + "values = {year = ['x']}\n"
    with pytest.raises(RuleError, match="by: an attribute cannot be called year"):
        parse_rules(text)


def test_an_empty_file_has_no_rules() -> None:
    assert parse_rules("# nothing yet\n") == ()


@pytest.mark.parametrize(
    "file", ["deploy/communities.toml", "chatserver/dev/demo_communities.toml"]
)
def test_the_files_we_ship_can_be_used(file: str) -> None:
    rules = parse_rules((ROOT / file).read_text(encoding="utf-8"))
    assert rules[0].id == "same-month"
    assert keys_of(rules[0], MEI) == (AUGUST,)
    assert title(rules[0], AUGUST, 2, "en") == "Babies of August 2026 2"
    for each in rules:
        for key in keys_of(each, structs.replace(MEI, attributes={"skin_type": "干性"})):
            assert title(each, key, 1, "zh")
