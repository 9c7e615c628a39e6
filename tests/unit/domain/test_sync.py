"""What a device is missing, and the token that says where its sync stands."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain.conversation import Head
from chatserver.domain.sync import Token, missing, parse_token
from chatserver.errors import Invalid

NOW = 1_900_000_000_000
numbers = st.integers(0, 300)
heads = st.builds(Head, numbers, numbers)
pages = st.integers(1, 60)


@given(head=heads, page=pages, data=st.data())
def test_page_after_page_a_device_reaches_the_head(
    head: Head, page: int, data: st.DataObject
) -> None:
    seq, mod = data.draw(st.integers(0, head.seq)), data.draw(st.integers(0, head.mod))
    while not (told := missing((seq, mod), head, page=page, reset_after=1000)).nothing:
        (first, last), (first_change, last_change) = told.messages, told.changes
        assert (first, first_change) == (seq + 1, mod + 1)  # no gap, nothing twice
        assert last - seq <= page
        assert last_change - mod <= page
        seq, mod = last, last_change
        assert told.more == ((seq, mod) != (head.seq, head.mod))
    assert (seq, mod) == (head.seq, head.mod)


@given(head=heads, page=pages)
def test_a_new_device_gets_the_last_page_and_no_changes(head: Head, page: int) -> None:
    told = missing(None, head, page=page, reset_after=10)
    first, last = told.messages
    assert last == head.seq
    assert last - first + 1 == min(page, head.seq)
    assert told.more == (first > 1)
    assert not told.reset
    assert told.changes[0] > told.changes[1]


@pytest.mark.parametrize(
    ("have", "reset"),
    [
        ((0, 20), False),
        ((100, 0), False),
        ((101, 20), True),  # ahead of the messages: this log is another one
        ((100, 21), True),
        ((0, 0), False),
    ],
)
def test_ahead_of_the_log_it_starts_afresh(have: tuple[int, int], reset: bool) -> None:
    assert missing(have, Head(100, 20), page=50, reset_after=100).reset is reset


@pytest.mark.parametrize(
    ("have", "head", "reset"),
    [
        ((0, 0), Head(1000, 0), False),
        ((0, 0), Head(1001, 0), True),
        ((5, 0), Head(5, 1000), False),
        ((5, 0), Head(5, 1001), True),
    ],
)
def test_too_far_behind_it_starts_afresh(have: tuple[int, int], head: Head, reset: bool) -> None:
    told = missing(have, head, page=50, reset_after=1000)
    assert told.reset is reset
    if reset:
        assert told.messages == (max(1, head.seq - 49), head.seq)
        assert not told.nothing


def test_who_has_it_all_misses_nothing() -> None:
    assert missing((3, 2), Head(3, 2), page=50, reset_after=1000).nothing
    assert missing((0, 0), Head(0, 0), page=50, reset_after=1000).nothing


times = st.integers(0, 2**53)
ids = st.text("0123456789abcdefghijklmnopqrstuvwxyz-_", min_size=1, max_size=40)


@given(since=times, started=times, at=times, conversation=ids)
def test_a_token_within_a_sync_comes_back_as_it_was(
    since: int, started: int, at: int, conversation: str
) -> None:
    token = Token(since, started, (at, conversation))
    assert parse_token(token.text(), NOW) == token


@given(since=times, started=times)
def test_the_token_of_a_finished_sync_begins_the_next_one(since: int, started: int) -> None:
    assert parse_token(Token(since, started).text(), NOW) == Token(started, NOW)


def test_without_a_token_everything_is_new() -> None:
    assert parse_token(None, NOW) == Token(0, NOW)


@pytest.mark.parametrize(
    "text", ["", "x", "1", "1/2/3", "1/2/3/d1/5", "a/b", "1/2/x/d1", "//", "1/"]
)
def test_what_is_no_token_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_token(text, NOW)
    assert refusal.value.path == "token"


@given(st.text(max_size=200))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    with suppress(Invalid):
        assert isinstance(parse_token(text, NOW), Token)
