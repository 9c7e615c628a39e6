"""What a search asks for, and how its pages follow each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from chatserver.domain import search
from chatserver.domain.calls import SearchMessages
from chatserver.domain.message import Message
from chatserver.errors import Invalid

MESSAGE = Message(
    conversation="d1", seq=7, client_id="c", sender="mei", kind="text", body={"text": "羊绒大衣"},
    at=1000,
)  # fmt: skip


def hit(message: Message = MESSAGE, **asked: Any) -> bool:
    return search.wish(SearchMessages(**asked)).hit(message) is not None


@given(st.integers(0, 2**53), st.integers(1, 2**53), st.text(min_size=1, max_size=64))
def test_a_cursor_is_the_place_it_was_made_of(at: int, seq: int, conversation: str) -> None:
    assert search.place_of(search.cursor((at, seq, conversation))) == (at, seq, conversation)


@pytest.mark.parametrize("given_", ["", "x", "!!", "AAAA", "k6Fh", "é", "gA=="])
def test_what_is_no_cursor_is_refused(given_: str) -> None:
    with pytest.raises(Invalid) as refusal:
        search.place_of(given_)
    assert refusal.value.path == "cursor"


@pytest.mark.parametrize(
    "asked", [{}, {"query": " "}, {"query": "?"}, {"query": "!", "sender": "x"}]
)
def test_without_anything_to_look_for_a_search_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        search.wish(SearchMessages(**asked))


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"query": "大衣"}, True),
        ({"query": "大衣", "sender": "mei"}, True),
        ({"query": "大衣", "sender": "lin"}, False),
        ({"sender": "mei", "kinds": ("text",)}, True),
        ({"kinds": ("image", "video")}, False),
        ({"query": "大衣", "after": 1000, "before": 1001}, True),
        ({"query": "大衣", "after": 1001}, False),
        ({"query": "大衣", "before": 1000}, False),
    ],
)
def test_everything_asked_for_must_fit(asked: dict[str, Any], fits: bool) -> None:
    assert hit(**asked) == fits


def test_what_was_recalled_or_deleted_is_not_found() -> None:
    assert not hit(structs.replace(MESSAGE, recalled=True, body={}), sender="mei")
    assert not hit(structs.replace(MESSAGE, deleted=True, body={}), sender="mei")


def test_a_recalled_message_has_no_tokens() -> None:
    assert search.tokens(MESSAGE)
    assert not search.tokens(structs.replace(MESSAGE, recalled=True))


def test_the_rarest_kind_of_token_leads() -> None:
    asked = SearchMessages(query="衣 大衣", sender="mei", kinds=("text",))
    assert [any_[0] for any_ in search.wish(asked).tokens] == [
        "大衣", "\x01mei", "衣", "\x02text",
    ]  # fmt: skip
