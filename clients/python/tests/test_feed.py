from __future__ import annotations

import asyncio

import pytest

from chatclient.events import BadgeChanged, Lagged, TypingChanged
from chatclient.feed import Feed

pytestmark = pytest.mark.asyncio


async def test_a_slow_listener_loses_the_oldest_and_is_told_so() -> None:
    feed = Feed(limit=3)
    for number in range(5):
        feed.put(BadgeChanged(number, 0))
    feed.close()
    assert [event async for event in feed] == [
        Lagged(2), BadgeChanged(2, 0), BadgeChanged(3, 0), BadgeChanged(4, 0)
    ]  # fmt: skip


async def test_only_the_wanted_names_arrive() -> None:
    feed = Feed(frozenset({"typing"}))
    feed.put(BadgeChanged(1, 0))
    feed.put(TypingChanged("c", "lin", on=True))
    feed.close()
    assert [event.name async for event in feed] == ["typing"]


async def test_a_waiting_listener_wakes_up() -> None:
    feed = Feed()
    waiting = asyncio.ensure_future(anext(feed))
    await asyncio.sleep(0)
    feed.put(BadgeChanged(1, 0))
    assert await waiting == BadgeChanged(1, 0)
