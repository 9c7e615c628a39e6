"""The worker behind searching: whatever it loses or does twice, nobody who searches notices."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import pytest_asyncio

from chatserver.store import search as store
from chatserver.store.following import Followers
from chatserver.workers import follower, indexing
from tests.integration.services.rooms import begin
from tests.integration.services.searching import PATIENCE_S, indexed, said, work

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes moments, so that a test need not wait for it."""
    for module, quick in (
        (follower, {"LEASE_MS": 1000, "RENEW_S": 0.2, "ASK_S": 0.1}),
        (indexing, {"LOOK_S": 0.05, "CLEAR_AFTER_S": 2.0}),
    ):
        for name, value in quick.items():
            monkeypatch.setattr(module, name, value)


class Talk:
    """Mei and Lin talk at one node, in two conversations; workers are beside them."""

    def __init__(self, node: Any, lin: Any, mei: Any, places: tuple[str, str]) -> None:
        self.node = node
        self.lin = lin
        self.mei = mei
        self.places = places
        self.sent = 0

    async def goes_on(self, count: int) -> None:
        """Some messages, some of which are changed or taken back."""
        for _ in range(count):
            place, self.sent = self.places[self.sent % 2], self.sent + 1
            seq = await self.mei.say(place, f"大衣 {self.sent}")
            if self.sent % 5 == 0:
                fields = {"conversation": place, "seq": seq}
                await self.mei.call("message.edit", {**fields, "body": {"text": f"毛衣 {seq}"}})
            if self.sent % 7 == 0:
                await self.mei.call("message.recall", {"conversation": place, "seq": seq})

    async def is_found(self) -> None:
        """Wait for the index, and compare what is found with what is there."""
        await indexed(self.node)
        shown = [
            message["body"].get("text", "")
            for place in self.places
            for message in await self._history(place)
        ]
        for query in ("大衣", "毛衣"):
            found = await said(self.lin, query)
            assert sorted(found) == sorted(text for text in shown if query in text)

    async def _history(self, place: str) -> list[Any]:
        messages: list[Any] = []
        more = True
        while more:
            after = messages[-1]["seq"] if messages else 0
            page = await self.lin.call("history.get", {"conversation": place, "after": after})
            messages, more = messages + page["messages"], page["more"]
        return messages


@pytest_asyncio.fixture
async def talk(node: Any) -> Talk:
    lin, mei = await node.arrive("lin", role="consultant"), await node.arrive("mei")
    return Talk(node, lin, mei, (await mei.open("lin"), await begin(lin, "mei")))


async def end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@pytest.fixture
def dies(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Coroutine[Any, Any, None]]:
    """Ends a worker as a kill does: its post is not left, and nothing is noted."""

    async def dies(tasks: list[asyncio.Task[Any]]) -> None:
        async def silent(*_: Any) -> None: ...

        with monkeypatch.context() as patch:
            patch.setattr(Followers, "leave", silent)
            await end(tasks)

    return dies


async def until(true: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await true():  # noqa: ASYNC110 - a database sets no event
            await asyncio.sleep(0.02)


async def test_another_worker_goes_on_where_one_died(talk: Talk, dies: Any) -> None:
    first = work(talk.node)
    await talk.goes_on(10)
    await talk.is_found()
    second = work(talk.node)
    await talk.goes_on(5)
    await dies(first)
    await talk.goes_on(10)
    await talk.is_found()
    assert not any(task.done() for task in second)


async def test_only_one_of_several_workers_has_the_post(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LEASE_MS", 60_000)
    tasks = work(talk.node) + work(talk.node)
    await talk.goes_on(3)
    await indexed(talk.node)
    post = await talk.node.kept.followers.look("search")

    async def is_renewed() -> bool:
        again = await talk.node.kept.followers.look("search")
        assert again.holder == post.holder
        return bool(again.until_ms > post.until_ms)

    await until(is_renewed)
    await end(tasks)
    assert not (await talk.node.kept.followers.look("search")).is_held, "left in order"


async def test_what_was_done_and_not_noted_is_done_again(
    talk: Talk, dies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = work(talk.node)
    await talk.goes_on(1)
    await indexed(talk.node)
    monkeypatch.setattr(follower, "NOTE_S", 10**9)
    await talk.goes_on(1)
    await indexed(talk.node)  # by a worker whose last note is written
    before = await talk.node.kept.followers.look("search")
    await talk.goes_on(20)
    await talk.is_found()
    await dies(first)
    assert (await talk.node.kept.followers.look("search")).position == before.position
    work(talk.node)
    await talk.is_found()


async def test_where_mongodb_knows_no_more_what_happened_the_logs_are_read(talk: Talk) -> None:
    tasks = work(talk.node)
    await talk.goes_on(10)
    await talk.is_found()
    await end(tasks)
    await talk.goes_on(15)
    posts = talk.node.kept.database.collection("followers")
    await posts.update_one({}, {"$set": {"position._data": "nonsense"}})
    tasks = work(talk.node)
    await talk.is_found()
    await end(tasks)
    await posts.delete_many({})
    await talk.node.kept.database.collection("search_a").delete_many({})
    work(talk.node)
    await talk.is_found()


async def test_while_the_index_is_made_anew_everything_is_found(
    talk: Talk, dies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "WALKED_AT_ONCE", 3)
    tasks = work(talk.node)
    await talk.goes_on(20)
    await talk.mei.say(talk.places[0], "围巾")
    await talk.is_found()
    index = talk.node.kept.search
    before = await index.state()
    walk = await index.rebuild()
    assert (await index.rebuild()).id == walk.id, "asked again it goes on"
    searched = 0

    async def is_new() -> bool:
        nonlocal searched
        searched += 1
        assert await said(talk.lin, "围巾") == ["围巾"], "found at any moment"
        await talk.goes_on(1)
        return (await index.state()).current != before.current

    for _ in range(3):
        await is_new()
    await dies(tasks)
    halfway = (await index.state()).walk
    work(talk.node)
    await until(is_new)
    assert halfway is None or halfway.into == walk.into
    await talk.is_found()
    other = talk.node.kept.database.collection(before.current)

    async def is_cleared() -> bool:
        return not await other.count_documents({})

    await until(is_cleared)
    await talk.is_found()


async def test_entries_written_late_take_nothing_back(talk: Talk) -> None:
    place = talk.places[0]
    seq = await talk.mei.say(place, "红大衣")
    messages, index = talk.node.kept.messages, talk.node.kept.search
    old = await messages.by_id([(place, seq)])
    fields = {"conversation": place, "seq": seq}
    await talk.mei.call("message.edit", {**fields, "body": {"text": "蓝大衣"}})
    edited = await messages.by_id([(place, seq)])
    await talk.mei.call("message.recall", fields)
    gone = await messages.by_id([(place, seq)])
    written = [*old.values(), *edited.values(), *gone.values()]
    random.Random(1).shuffle(written)
    for version in [*gone.values(), *written]:
        await index.write([version], ["search_a"])
    entry = await talk.node.kept.database.collection("search_a").find_one({"_id.s": seq})
    assert entry["t"] == []
