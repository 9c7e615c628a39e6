"""Positions only rise, and what was waited for is stored."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio

from chatserver.domain.conversation import Prefs
from chatserver.errors import Unavailable

NOW = 1_900_000_000_000

pytestmark = pytest.mark.asyncio
Start = Callable[..., Any]


@pytest_asyncio.fixture(autouse=True)
async def _joined(node: Any, place: str) -> None:
    await node.cursors.join(place, ("mei", "lin"), NOW)


async def positions(node: Any, place: str, user: str = "mei") -> tuple[int, int]:
    cursor = (await node.cursors.of([(place, user)]))[place, user]
    return (cursor.read, cursor.delivered)


async def test_reading_is_having_got(node: Any, start: Start, place: str) -> None:
    node.cursors.advance(place, "mei", read=4)
    node.cursors.advance(place, "lin", delivered=3)
    await node.cursors.flush()
    fresh = start()
    assert await positions(fresh, place) == (4, 4)
    assert await positions(fresh, place, "lin") == (0, 3)


async def test_positions_only_rise(node: Any, start: Start, place: str) -> None:
    other = start()
    for each, read in ((node, 5), (other, 3), (node, 4)):
        each.cursors.advance(place, "mei", read=read)
        await each.cursors.flush()
        assert await positions(each, place) == (5, 5)
    node.cursors.advance(place, "mei", read=9)
    node.cursors.advance(place, "mei", read=7, delivered=8)
    await node.cursors.flush()
    assert await positions(start(), place) == (9, 9)


async def test_what_is_not_written_yet_is_seen_on_its_node(node: Any, place: str) -> None:
    node.cursors.advance(place, "mei", read=5)
    assert await positions(node, place) == (5, 5)


class SlowWrites:
    """Lets a write begin and end when the test says so."""

    def __init__(self, cursors: Any) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.error: Exception | None = None
        self._write = cursors._write
        cursors._write = self

    async def __call__(self, rising: Any) -> None:
        self.begun.set()
        await self.go.wait()
        if self.error is not None:
            raise self.error
        await self._write(rising)


async def test_what_is_being_written_is_seen_on_its_node(node: Any, place: str) -> None:
    slow = SlowWrites(node.cursors)
    node.cursors.advance(place, "mei", read=5)
    flush = asyncio.create_task(node.cursors.flush())
    await slow.begun.wait()
    assert await positions(node, place) == (5, 5)
    slow.go.set()
    await flush
    assert await positions(node, place) == (5, 5)


async def test_waiting_ends_when_everything_raised_so_far_is_stored(
    node: Any, start: Start, place: str
) -> None:
    slow, fresh = SlowWrites(node.cursors), start()
    await node.cursors.written()  # nothing was raised
    node.cursors.advance(place, "mei", read=5)
    flush = asyncio.create_task(node.cursors.flush())
    await slow.begun.wait()
    waits = asyncio.create_task(node.cursors.written())
    await asyncio.sleep(0)
    assert not waits.done()
    slow.go.set()
    await waits
    assert await positions(fresh, place) == (5, 5)
    await flush


async def test_the_loop_writes_and_whoever_waits_is_answered(
    node: Any, start: Start, place: str
) -> None:
    node.tasks.spawn("cursors", node.cursors.run())
    fresh = start()
    for read in (1, 2, 3):
        node.cursors.advance(place, "mei", read=read)
        await asyncio.gather(*(node.cursors.written() for _ in range(3)))
        assert await positions(fresh, place) == (read, read)


async def test_one_who_no_longer_waits_takes_nothing_from_the_others(node: Any, place: str) -> None:
    node.cursors.advance(place, "mei", read=1)
    waits = [asyncio.create_task(node.cursors.written()) for _ in range(2)]
    await asyncio.sleep(0)
    waits[0].cancel()
    await node.cursors.flush()
    await waits[1]


async def test_after_a_failure_positions_are_kept_and_written_later(
    node: Any, start: Start, place: str
) -> None:
    slow = SlowWrites(node.cursors)
    slow.error = Unavailable()
    slow.go.set()
    node.cursors.advance(place, "mei", read=5)
    waits = asyncio.create_task(node.cursors.written())
    await asyncio.sleep(0)
    for each in (node.cursors.flush(), waits):
        with pytest.raises(Unavailable):
            await each
    node.cursors.advance(place, "mei", read=3)
    slow.error = None
    await node.cursors.flush()
    assert await positions(start(), place) == (5, 5)


async def test_a_cancelled_write_keeps_its_positions(node: Any, start: Start, place: str) -> None:
    slow = SlowWrites(node.cursors)
    node.cursors.advance(place, "mei", read=5)
    waits = asyncio.create_task(node.cursors.written())
    flush = asyncio.create_task(node.cursors.flush())
    await slow.begun.wait()
    flush.cancel()
    with suppress(asyncio.CancelledError):
        await flush
    with pytest.raises(Unavailable):
        await waits
    slow.go.set()
    await node.cursors.flush()
    assert await positions(start(), place) == (5, 5)


async def test_settings_change_one_by_one_and_leave_positions_alone(node: Any, place: str) -> None:
    node.cursors.advance(place, "mei", read=5)
    await node.cursors.flush()
    await node.cursors.set_prefs(place, "mei", {"mode": "silent"}, NOW)
    await node.cursors.set_prefs(place, "mei", {"pinned": True}, NOW)
    cursors = await node.cursors.of([(place, "mei"), (place, "lin")])
    assert cursors[place, "mei"].prefs == Prefs(mode="silent", pinned=True)
    assert cursors[place, "mei"].read == 5
    assert cursors[place, "lin"].prefs == Prefs()


async def test_joining_again_changes_nothing(node: Any, place: str) -> None:
    node.cursors.advance(place, "mei", read=5)
    await node.cursors.flush()
    await node.cursors.set_prefs(place, "mei", {"mode": "none"}, NOW)
    await node.cursors.join(place, ("mei", "lin"), NOW + 5)
    cursor = (await node.cursors.of([(place, "mei")]))[place, "mei"]
    assert (cursor.read, cursor.prefs.mode) == (5, "none")


async def test_strangers_have_no_cursor(node: Any, place: str) -> None:
    assert await node.cursors.of([(place, "eve"), ("d-none", "mei")]) == {}
    node.cursors.advance(place, "eve", read=3)
    await node.cursors.flush()
    assert await node.cursors.of([(place, "eve")]) == {}


@pytest.mark.parametrize("seed", range(3))
async def test_in_any_order_on_any_node_nothing_goes_back(
    node: Any, start: Start, place: str, seed: int
) -> None:
    dice, nodes = random.Random(seed), [node, start(), start()]
    for each in nodes:
        each.tasks.spawn("cursors", each.cursors.run())
    seen = [0, 0, 0]
    highest = 0
    for _ in range(40):
        which = dice.randrange(3)
        read = dice.randrange(1000)
        highest = max(highest, read)
        nodes[which].cursors.advance(place, "mei", read=read)
        if dice.random() < 0.2:
            await nodes[which].cursors.written()
        now, _ = await positions(nodes[which], place)
        assert now >= max(seen[which], read)
        seen[which] = now
    await asyncio.gather(*(each.cursors.written() for each in nodes))
    assert await positions(start(), place) == (highest, highest)
