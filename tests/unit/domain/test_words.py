"""What is the same though written otherwise, and what a query finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain import words

TEXTS = st.text(
    st.sampled_from("大衣服體体我 ，。!?-aAbBßé\u0301３3.15ｶﾞ👍🏽\u200d❤\ufe0f￥$+_กาสวัส\u200f가"),
    max_size=12,
)


def found(query: str, text: str) -> list[str] | None:
    """The parts of the text that match, or None where it does not."""
    places = words.terms(query).places(text)
    units = text.encode("utf-16-le")
    return None if places is None else [units[2 * a : 2 * b].decode("utf-16-le") for a, b in places]


@pytest.mark.parametrize(
    ("query", "text", "parts"),
    [
        ("衣", "大衣", ["衣"]),
        ("大衣", "我想买大衣，大衣好看", ["大衣", "大衣"]),
        ("羊绒大衣", "羊绒大衣有吗", ["羊绒大衣"]),
        ("羊绒大衣", "羊绒的大衣", None),
        ("大衣 羊绒", "羊绒的大衣", ["羊绒", "大衣"]),
        ("iph", "我的iPhone", ["iPh"]),
        ("hone", "iPhone", None),
        ("IPHONE15", "iphone15pro", ["iphone15"]),
        ("体", "身體好", ["體"]),
        ("身體", "身体", ["身体"]),
        ("ｘｌ码", "XL码有吗", ["XL码"]),
        ("xl", "ＸＬ", ["ＸＬ"]),
        ("カ", "ｶ", ["ｶ"]),
        ("ガ", "ｶﾞｽ", ["ｶﾞ"]),
        ("é", "Cafe\u0301 é", ["é"]),
        ("café", "Cafe\u0301!", ["Cafe\u0301"]),
        ("strasse", "Straße", ["Straße"]),
        ("👍", "好👍🏽!", ["👍"]),
        ("❤", "i ❤️ u", ["❤️"]),
        ("👩👧", "👩‍👧", ["👩‍👧"]),
        ("c++", "我会C++啊", ["C++"]),
        ("3.5", "13.5 3.55", ["3.5"]),
        ("￥99", "只要¥99", ["¥99"]),
        ("大衣?", "有大衣", ["大衣"]),
        ("大衣", "大 衣", None),
        ("a b", "b a", ["b", "a"]),
    ],
)
def test_what_a_query_finds(query: str, text: str, parts: list[str] | None) -> None:
    assert found(query, text) == parts


def test_what_is_only_punctuation_is_no_word() -> None:
    assert words.terms("?! …").terms == ()


def test_a_query_has_ten_words_at_most() -> None:
    assert len(words.terms(" ".join("abcdefghijklmn")).terms) == 10


@given(TEXTS, TEXTS)
def test_what_matches_has_all_tokens_of_the_query(query: str, text: str) -> None:
    terms = words.terms(query)
    if terms.match(text):
        assert set(terms.tokens) <= words.tokens(text)


@given(TEXTS)
def test_a_text_is_found_by_itself_and_folding_twice_is_folding(text: str) -> None:
    assert words.terms(text).match(text)
    assert words.folded(words.folded(text)) == words.folded(text)


@given(TEXTS, TEXTS, TEXTS)
def test_every_place_that_matches_is_marked_and_nothing_else(a: str, query: str, b: str) -> None:
    terms = words.terms(query)
    for part in found(query, f"{a} {query} {b}") or ():
        assert any(term in words.folded(part) or part in term for term in terms.terms)


@given(TEXTS)
def test_places_are_apart_and_ascending(text: str) -> None:
    places = words.terms(text).places(text + " " + text) or ()
    edges = [edge for place in places for edge in place]
    assert edges == sorted(set(edges))
