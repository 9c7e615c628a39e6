"""Pages of a log: because numbers have no holes, a page is a range of numbers."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

from chatserver.domain.calls import GetHistory

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True):
    """Entries of a log, ascending, and whether there are more in the direction asked for."""

    entries: tuple[T, ...]
    more: bool


class Span(Struct, frozen=True):
    """A range of numbers, both ends included; empty where `first` is above `last`."""

    first: int
    last: int
    more: bool


def page_of(call: GetHistory, head: int, size: int, lowest: int = 1) -> Span:
    """The numbers that a call for history means in a log that ends with `head`.

    Below `lowest` there is nothing for this person.
    """
    if call.after is not None:
        first = max(lowest, call.after + 1)
        last = min(head, first + size - 1)
        return Span(first, last, more=last < head)
    if call.around is not None:
        return _around(call.around, head, size, lowest)
    last = head if call.before is None else min(head, call.before - 1)
    first = max(lowest, last - size + 1)
    return Span(first, last, more=lowest < first <= last)


def _around(middle: int, head: int, size: int, lowest: int) -> Span:
    first = max(lowest, min(middle, head) - size // 2)
    last = min(head, first + size - 1)
    first = max(lowest, last - size + 1)
    return Span(first, last, more=first > lowest or last < head)
