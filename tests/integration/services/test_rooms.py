"""Rooms: who comes in, who goes, and what each of them sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from chatserver.errors import Forbidden, NotFound

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def people(node: Any) -> AsyncIterator[dict[str, Any]]:
    """Lin works in the shop; Mei and Fang are customers; Eve must not see it."""
    yield {
        "lin": await node.arrive("lin", role="consultant"),
        "mei": await node.arrive("mei"),
        "fang": await node.arrive("fang"),
        "eve": await node.arrive("eve"),
    }


async def begin(owner: Any, *members: str, **settings: Any) -> str:
    """A group with its first members."""
    answer = await owner.call(
        "conversation.open",
        {"kind": "group", "title": "三月宝宝", "members": list(members), "settings": settings},
    )
    id_: str = answer["conversation"]["id"]
    return id_


async def test_whoever_is_in_a_room_hears_it_and_nobody_else(people: dict[str, Any]) -> None:
    lin, mei, fang, eve = people.values()
    room = await begin(lin, "mei", "fang")
    seq = await mei.say(room, "早上好")
    assert [m["seq"] for m in fang.told("message") if m["kind"] == "text"] == [seq]
    assert [m["seq"] for m in lin.told("message") if m["kind"] == "text"] == [seq]
    assert not [m for m in mei.told("message") if m["kind"] == "text"]
    assert not eve.events
    with pytest.raises(NotFound):
        await eve.view(room)


async def test_who_is_removed_keeps_what_was_and_hears_nothing_more(people: dict[str, Any]) -> None:
    lin, mei, fang, _eve = people.values()
    room = await begin(lin, "mei", "fang")
    before = await mei.say(room, "before")
    await lin.call("conversation.remove", {"conversation": room, "user": "mei"})
    view = await mei.view(room)
    fang.frames.clear()
    mei.frames.clear()
    await lin.say(room, "after")
    assert fang.told("message")
    assert not mei.events
    assert view["me"]["state"] == "removed"
    assert view["head"]["seq"] == before + 1  # the notice that says so is the last one
    page = await mei.call("history.get", {"conversation": room})
    assert page["messages"][-1]["body"]["type"] == "removed"
    with pytest.raises(Forbidden):
        await mei.say(room, "let me in")


async def test_a_newcomer_sees_what_the_room_shows_newcomers(people: dict[str, Any]) -> None:
    lin, mei, fang, _eve = people.values()
    room = await begin(lin, "mei", history="joined")
    hidden = await lin.say(room, "earlier")
    await lin.call("conversation.add", {"conversation": room, "users": ["fang"]})
    seen = await lin.say(room, "later")
    page = await fang.call("history.get", {"conversation": room})
    assert [m["seq"] for m in page["messages"]] == [hidden + 1, seen]
    assert (await fang.view(room))["me"]["first"] == hidden + 1
    fang.frames.clear()
    await lin.call(
        "message.edit", {"conversation": room, "seq": hidden, "body": {"text": "secret"}}
    )
    assert not fang.told("change")
    changes = await fang.call("changes.get", {"conversation": room, "after": 0})
    assert [c["type"] for c in changes["changes"]] == ["void"]
    assert (await mei.call("changes.get", {"conversation": room, "after": 0}))["changes"][0][
        "body"
    ] == {"text": "secret"}
