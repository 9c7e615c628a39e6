"""Word filters find their words however they are written, and nothing that only looks like them."""

from __future__ import annotations

import itertools
import random
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatserver.domain.screening import CANDIDATES_MAX, WordList, fold, screen
from chatserver.domain.word_filter import FilterAction, WordRule
from chatserver.errors import Filtered


def masking(*words: str) -> list[WordList]:
    return [rule("mask", *words)]


def rule(action: FilterAction, *words: str, name: str = "ads") -> WordList:
    return WordList([WordRule(name=name, action=action, words=words)])


@pytest.mark.parametrize(
    ("word", "text", "masked"),
    [
        ("微信", "加我微信吧", "加我**吧"),
        ("微信", "加我微 信吧", "加我* *吧"),
        ("微信", "微，。、-_信", "*，。、-_*"),
        ("微信", "微\u200b\u2060信", "*\u200b\u2060*"),
        ("微信", "微👩‍👩‍👧信", "*👩‍👩‍👧*"),
        ("微信", "微\n信", "*\n*"),
        ("vx", "加ＶＸ：123", "加**：123"),
        ("vx", "加vx123456", "加**123456"),
        ("spam", "SPAM!", "****!"),
        ("spam", "s.p.a.m", "*.*.*.*"),
        ("spam", "s p a m", "* * * *"),
        ("spam", "s p-a m", "* *-* *"),
        ("spam", "spám", "****"),
        ("spam", "买spam吗", "买****吗"),
        ("spam", "ｓｐａｍ", "****"),
        ("加微信", "加V微x信", "加V微x信"),
        ("加vx", "加 v x", "* * *"),
        ("buy now", "please buy  now", "please ***  ***"),
        ("buy now", "buynow", "******"),
        ("ß", "Straße ss ß", "Straße ** *"),
        ("株", "㈱", "*"),
        ("110", "打110", "打***"),
        ("傻", "傻傻的傻", "**的*"),
    ],
)
def test_a_word_is_masked_where_it_stands_and_all_else_stays(
    word: str, text: str, masked: str
) -> None:
    assert screen(text, masking(word)).text == masked


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("cunt", "Scunthorpe United"),
        ("cunt", "S\u200bcunthorpe"),
        ("ass", "a class of glass"),
        ("penis", "the pen is blue"),
        ("penis", "open island"),
        ("shit", "push it, bus hit"),
        ("sex", "Essex, Sussex"),
        ("sex", "gas exhaust"),
        ("110", "11012, 5110"),
        ("110", "价格1100元"),
        ("vx", "vxml"),
        ("微信", "微博和信"),
        ("微信", "信微"),
        ("spam", "spa massage"),
    ],
)
def test_a_word_inside_others_is_none(word: str, text: str) -> None:
    assert screen(text, masking(word)).text == text


def test_a_refusal_names_the_rule_and_none_of_its_words() -> None:
    with pytest.raises(Filtered) as refused:
        screen("加微信", [rule("refuse", "微信", name="ads")])
    wire = refused.value.to_wire()
    assert (wire["code"], wire["rule"]) == ("filtered", "ads")
    assert "微信" not in str(wire)


def test_a_flagged_text_goes_out_as_it_is_with_the_names_of_the_rules() -> None:
    screened = screen("好难用，差评", [rule("flag", "差评", name="mood"), rule("mask", "难用")])
    assert (screened.text, screened.flags) == ("好**，差评", {"mood"})


def test_what_refuses_wins_over_what_masks_in_whatever_list_it_stands() -> None:
    for lists in (
        [rule("mask", "微信"), rule("refuse", "微信")],
        [rule("refuse", "微信"), rule("mask", "微信")],
    ):
        with pytest.raises(Filtered):
            screen("微信", lists)


def test_one_word_in_two_rules_does_what_both_say() -> None:
    both = WordList(
        [
            WordRule(name="one", action="mask", words=("ＶＸ",)),
            WordRule(name="two", action="flag", words=("vx",)),
        ]
    )
    screened = screen("v x", [both])
    assert (screened.text, screened.flags) == ("* *", {"two"})


@pytest.mark.parametrize("words", [(), ("...",), ("😀", " ")])
def test_a_list_without_letters_finds_nothing(words: tuple[str, ...]) -> None:
    assert screen("... 😀 hi", masking(*words)).text == "... 😀 hi"


def test_a_text_of_nothing_but_such_words_costs_no_more_than_a_look() -> None:
    words = tuple("中" * length for length in range(1, 33))
    text = "中" * 8000
    assert len(masking(*words)[0].places(fold(text))) > CANDIDATES_MAX
    assert screen(text, masking(*words)).text == "*" * 8000
    with pytest.raises(Filtered):
        screen(text, [rule("refuse", *words)])


LETTERS = st.text(alphabet="微信加vxabVＸ1２é ，-.\u200b\u0301😀\n", max_size=30)
WORDS = st.lists(st.text(alphabet="微信加vxab12 ", min_size=1, max_size=4), max_size=6)


@given(text=LETTERS, words=WORDS)
@example(text="a\u0301b", words=["ab"])
def test_what_is_masked_is_what_a_plain_search_finds(text: str, words: list[str]) -> None:
    assert screen(text, masking(*words)).text == plainly_masked(text, words)


def test_ten_thousand_words_find_what_a_plain_search_finds() -> None:
    chance = random.Random(7)
    common = [chr(code) for code in range(0x4E00, 0x4E00 + 300)]
    words = ["".join(chance.choices(common, k=chance.choice((2, 3, 4)))) for _ in range(9_990)]
    words += ["spam", "vx", "buy now", "110", "free", "win", "sale", "cash", "loan", "bet"]
    lists = masking(*words)
    for _ in range(5):
        said = "".join(chance.choices([*common, "，", " ", "😀", *"vxspam "], k=60))
        assert screen(said, lists).text == plainly_masked(said, words)


def plainly_masked(text: str, words: list[str]) -> str:
    """The same by comparing every word with every place."""
    letters = [(each, place) for place, character in enumerate(text) for each in plain(character)]
    whole = "".join(each for each, _ in letters)
    masked = set()
    spaced_words = {"".join(map(plain, word)) for word in words if len(word.split()) > 1}
    for wanted in {"".join(map(plain, word)) for word in words}:
        spaced = wanted in spaced_words
        for start in range(len(letters) - len(wanted) + 1 if wanted else 0):
            if not whole.startswith(wanted, start):
                continue
            found = letters[start : start + len(wanted)]
            around = [letters[start - 1 : start + 1] if start else []]
            around.append(letters[start + len(wanted) - 1 : start + len(wanted) + 1])
            if any(len(pair) == 2 and glued(text, *pair) for pair in around):
                continue
            if spaced or one_or_all_apart(text, found):
                masked.update(place for _, place in found)
    return "".join("*" if place in masked else each for place, each in enumerate(text))


def plain(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    return "".join(each for each in decomposed if each.isalnum())


def glued(text: str, one: tuple[str, int], other: tuple[str, int]) -> bool:
    between = text[one[1] + 1 : other[1]]
    if between.strip("\u200b\u0301"):
        return False
    is_word = one[0].isascii() and other[0].isascii()
    return (is_word and (one[0] + other[0]).isalpha()) or (one[0] + other[0]).isdigit()


def one_or_all_apart(text: str, found: list[tuple[str, int]]) -> bool:
    gaps = [
        text[one[1] + 1 : other[1]]
        for one, other in itertools.pairwise(found)
        if (one[0] + other[0]).isascii() and (one[0] + other[0]).isalpha()
    ]
    return all(gaps) or not any(character.isspace() for gap in gaps for character in gap)
