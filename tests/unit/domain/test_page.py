"""Pages of a log without holes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain.calls import GetHistory
from chatserver.domain.page import Span, page_of

heads = st.integers(0, 400)
sizes = st.integers(1, 100)


def numbers(span: Span) -> list[int]:
    return list(range(span.first, span.last + 1))


def ask(**place: int) -> GetHistory:
    return GetHistory(conversation="d1", **place)


@given(head=heads, size=sizes)
def test_going_back_from_the_end_meets_every_number_once(head: int, size: int) -> None:
    span = page_of(ask(), head, size)
    met = numbers(span)
    while span.more:
        span = page_of(ask(before=met[0]), head, size)
        assert numbers(span)
        met = numbers(span) + met
    assert met == list(range(1, head + 1))


@given(head=heads, size=sizes, start=st.integers(0, 500))
def test_going_forward_meets_every_number_once(head: int, size: int, start: int) -> None:
    span = page_of(ask(after=start), head, size)
    met = numbers(span)
    while span.more:
        span = page_of(ask(after=met[-1]), head, size)
        assert numbers(span)
        met += numbers(span)
    assert met == list(range(start + 1, head + 1))


@given(head=st.integers(1, 400), size=sizes, data=st.data())
def test_a_page_around_a_message_contains_it_and_is_full(
    head: int, size: int, data: st.DataObject
) -> None:
    middle = data.draw(st.integers(1, head))
    span = page_of(ask(around=middle), head, size)
    assert middle in numbers(span)
    assert len(numbers(span)) == min(size, head)
    assert span.more == (len(numbers(span)) < head)


@given(
    head=heads,
    size=sizes,
    place=st.sampled_from(["before", "after", "around"]),
    at=st.integers(1, 2**53),
)
def test_no_page_leaves_the_log_or_is_too_long(head: int, size: int, place: str, at: int) -> None:
    met = numbers(page_of(ask(**{place: at}), head, size))
    assert len(met) <= size
    assert all(1 <= number <= head for number in met)


def test_before_the_first_and_after_the_last_there_is_nothing() -> None:
    assert (numbers(page_of(ask(before=1), 9, 5)), page_of(ask(before=1), 9, 5).more) == ([], False)
    assert (numbers(page_of(ask(after=9), 9, 5)), page_of(ask(after=9), 9, 5).more) == ([], False)
    assert (numbers(page_of(ask(), 0, 5)), page_of(ask(), 0, 5).more) == ([], False)
