"""My conversations: the same one for ever, the latest first, page by page."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio


async def test_two_people_have_one_conversation_whoever_begins(start_node: Any, node: Any) -> None:
    mei, lin = await node.arrive("mei"), await (await start_node()).arrive("lin")
    opened = await asyncio.gather(mei.open("lin"), lin.open("mei"), mei.open("lin"))
    assert len(set(opened)) == 1
    await mei.say(opened[0])
    assert await lin.open("mei") == opened[0]
    view = await lin.view(opened[0])
    assert (view["kind"], view["head"], view["unread"]) == ("direct", {"seq": 1, "mod": 0}, 1)
    assert view["last"]["sender"] == "mei"


async def test_the_conversation_with_the_latest_message_comes_first(node: Any) -> None:
    lin = await node.arrive("lin", role="consultant")
    talks = {}
    for user in ("amy", "bob", "mei"):
        talks[user] = await (await node.arrive(user)).open("lin")
        await lin.say(talks[user])
    await lin.say(talks["amy"])

    async def listed(**fields: Any) -> tuple[list[str], bool]:
        answer = await lin.call("conversation.list", fields)
        names = {id_: user for user, id_ in talks.items()}
        return [names[view["id"]] for view in answer["conversations"]], answer["more"]

    everything, more = await listed()
    assert (everything[0], more) == ("amy", False)
    assert sorted(everything) == ["amy", "bob", "mei"]
    met: list[str] = []
    after: dict[str, Any] = {}
    more = True
    while more:
        page, more = await listed(limit=1, **after)
        assert len(page) == 1
        met += page
        after = {"after": talks[page[-1]]}
    assert met == everything
    assert await listed(**after) == ([], False)


async def test_history_is_read_page_by_page_in_both_directions(node: Any) -> None:
    mei, _lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    for n in range(9):
        await mei.say(talk, f"text {n + 1}")

    async def page(**fields: Any) -> tuple[list[int], bool]:
        answer = await mei.call("history.get", {"conversation": talk, **fields})
        return [message["seq"] for message in answer["messages"]], answer["more"]

    assert await page() == (list(range(1, 10)), False)
    assert await page(limit=4) == ([6, 7, 8, 9], True)
    assert await page(limit=4, before=6) == ([2, 3, 4, 5], True)
    assert await page(limit=4, before=2) == ([1], False)
    assert await page(limit=4, after=0) == ([1, 2, 3, 4], True)
    assert await page(limit=4, after=5) == ([6, 7, 8, 9], False)
    assert await page(limit=3, around=5) == ([4, 5, 6], True)


async def test_changes_are_read_page_by_page(node: Any) -> None:
    mei, _lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    await mei.say(talk)
    for n in range(5):
        await mei.call("message.react", {"conversation": talk, "seq": 1, "reaction": f"r{n}"})

    async def page(after: int) -> tuple[list[int], bool]:
        answer = await mei.call("changes.get", {"conversation": talk, "after": after, "limit": 2})
        return [change["mod"] for change in answer["changes"]], answer["more"]

    assert [await page(after) for after in (0, 2, 4, 5, 9)] == [
        ([1, 2], True),
        ([3, 4], True),
        ([5], False),
        ([], False),
        ([], False),
    ]
