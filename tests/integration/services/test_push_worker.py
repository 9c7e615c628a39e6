"""The worker behind notifications: whatever dies or is lost, everybody is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from chatserver.clock import now_ms
from chatserver.config import Settings
from chatserver.domain.push.ladder import Ladder, Step
from chatserver.services.notifying.dispatch import LEASE_MS
from chatserver.store import memberships
from chatserver.worker import notifying
from chatserver.workers import follower, pushing
from chatserver.workers.pushing import Dispatching, Pushing
from tests.integration.services.pushing import Day, Died
from tests.integration.services.rooms import begin
from tests.integration.services.searching import PATIENCE_S

pytestmark = pytest.mark.asyncio

AT_ONCE = Ladder(chat=(Step(channel="push", after_s=0),))
TOKEN = "mei-phone"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes moments, so that a test need not wait for it."""
    for module, quick in (
        (follower, {"LEASE_MS": 1000, "RENEW_S": 0.2, "ASK_S": 0.1}),
        (pushing, {"LOOK_S": 0.02, "WALK_S": 0.02}),
    ):
        for name, value in quick.items():
            monkeypatch.setattr(module, name, value)


@pytest_asyncio.fixture
async def day(node: Any, settings: Settings) -> Day:
    return Day(node, settings, AT_ONCE)


@pytest_asyncio.fixture
async def lin(node: Any) -> Any:
    return await node.arrive("lin", role="manager", shop="renmin")


@pytest_asyncio.fixture
async def mei(day: Day) -> Any:
    await day.phone("mei")
    return await day.node.arrive("mei")


@pytest_asyncio.fixture
async def worker(day: Day) -> AsyncIterator[None]:
    """All of a worker runs beside the node."""
    loops = [each.run() for each in day.worker.followers]
    loops.append(Dispatching(day.worker.dispatch).run())
    tasks = [asyncio.ensure_future(each) for each in loops]
    while not all(each.holds for each in day.worker.followers):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield
    assert not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - a database sets no event
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("worker")
async def test_a_worker_tells_and_takes_away_what_was_read_elsewhere(
    day: Day, lin: Any, mei: Any
) -> None:
    place = await lin.open("mei")
    seq = await lin.say(place, "在吗")
    await until(lambda: len(day.post.handed[TOKEN]) == 1)
    await mei.call("read.mark", {"conversation": place, "seq": seq})
    await until(lambda: len(day.post.handed[TOKEN]) == 2)
    shown, closed = day.post.handed[TOKEN]
    assert (shown.text, shown.shows, closed.shows, closed.badge) == ("在吗", True, False, 0)


POINTS = [
    ("claim", "after"),
    ("in_front", "before"),
    ("send", "before"),
    ("send", "after"),
    ("record", "before"),
    ("record", "after"),
    ("enqueue", "before"),
    ("enqueue", "after"),
]


@pytest.mark.parametrize(("point", "side"), POINTS)
async def test_whoever_dies_at_any_point_leaves_nobody_untold_and_nobody_told_thrice(
    day: Day, lin: Any, mei: Any, monkeypatch: pytest.MonkeyPatch, point: str, side: str
) -> None:
    places = [await lin.open("mei"), await begin(lin, "mei")]
    for place in places:
        await lin.say(place)
    owner = {"send": day.post, "in_front": day}.get(point, day.stores.pushes)
    with monkeypatch.context() as patch:
        patch.setattr(owner, point, _dies(getattr(owner, point), side))
        try:
            await day.passes(1)
        except* Died:
            pass
        else:
            pytest.fail("nobody died")
    await day.passes(1)
    await day.passes(LEASE_MS / 1000)
    handed = day.post.handed[TOKEN]
    by_place = [[each for each in handed if each.conversation == place] for place in places]
    assert all(1 <= len(each) <= 2 for each in by_place)
    assert all(len({each.id for each in told}) == 1 for told in by_place)
    await day.passes(3600)
    assert len(day.post.handed[TOKEN]) == len(handed)


def _dies(work: Callable[..., Awaitable[Any]], side: str) -> Callable[..., Awaitable[Any]]:
    """The same work, before or after which the process ends."""

    async def dies(*given: Any, **named: Any) -> Any:
        if side == "after":
            await work(*given, **named)
        raise Died

    return dies


async def test_where_the_position_is_lost_the_conversations_are_looked_through(
    day: Day, lin: Any, mei: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatserver.store.push_walks.WALKED_AT_ONCE", 2)
    rooms = [await begin(lin, "mei") for _ in range(5)]
    early = now_ms()
    for room in rooms[1:]:
        await lin.say(room)
    work = Pushing(day.worker.recipients, day.stores, 86_400_000)
    await work.missed(early)
    walk = await day.stores.push_walks.going()
    assert walk is not None
    assert await work._walk_on(walk)  # and then the process ends
    walking = asyncio.ensure_future(Pushing(day.worker.recipients, day.stores, 86_400_000).tend())
    async with asyncio.timeout(PATIENCE_S):
        while await day.stores.push_walks.going():  # noqa: ASYNC110 - a database sets no event
            await asyncio.sleep(0.01)
    walking.cancel()
    while bursts := await day.worker.dispatch.claim(100):
        await day.worker.dispatch.settle(bursts)
    assert sorted(each.conversation for each in day.post.handed[TOKEN]) == sorted(rooms[1:])


async def test_a_follower_that_never_was_looks_back_a_little_and_one_that_was_a_day(
    day: Day, lin: Any
) -> None:
    work = Pushing(day.worker.recipients, day.stores, 86_400_000)
    walks = day.stores.push_walks
    for since, back in ((now_ms() - 10**9, 86_400_000), (0, 86_400_000)):
        await work.missed(since)
        walk = await walks.going()
        assert walk is not None
        assert abs(now_ms() - back - walk.since) < 60_000
    await walks.walked(walk, None)
    await work.missed(0)
    walk = await walks.going()
    assert walk is not None
    assert abs(now_ms() - pushing.FIRST_LOOK_MS - walk.since) < 60_000


async def test_hours_away_are_one_notification_for_each_conversation(
    day: Day, lin: Any, mei: Any
) -> None:
    place, room = await lin.open("mei"), await begin(lin, "mei")
    for number in range(10):
        await lin.say(place, f"{number}")
        await lin.say(room, f"{number}")
    await day.passes(5 * 3600)
    assert sorted(day.post.texts(TOKEN)) == ["10条新消息 · 9", "10条新消息 · Lin: 9"]


async def test_members_of_large_rooms_are_all_told_page_by_page(
    day: Day, lin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memberships, "LISTENERS_AT_ONCE", 3)
    members = [f"m{number}" for number in range(8)]
    tokens = [await day.phone(member) for member in members]
    room = await begin(lin, *members)
    await lin.say(room)
    await day.passes(1)
    assert all(len(day.post.handed[token]) == 1 for token in tokens)


async def test_several_workers_share_what_is_due_and_tell_everybody_once(
    day: Day, settings: Settings, lin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "CLAIMED_AT_ONCE", 3)
    members = [f"m{number}" for number in range(20)]
    tokens = [await day.phone(member) for member in members]
    room = await begin(lin, *members)
    await lin.say(room)
    await day.tell()
    other = notifying(settings, day.stores, day, day.post, day.now)
    dispatches = (day.worker.dispatch, day.worker.dispatch, other.dispatch)
    tasks = [asyncio.ensure_future(Dispatching(each).run()) for each in dispatches]
    await until(lambda: len(day.post.handed) == len(tokens))
    while (await day.stores.pushes.queue(day.now() + LEASE_MS)).depth:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(len(day.post.handed[token]) == 1 for token in tokens)
