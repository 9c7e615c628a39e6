"""Who types and who is there: hints, for those who talk with the person."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - told from a timer of the server
            await asyncio.sleep(0.005)


def typed(device: Any) -> list[bool]:
    return [event["on"] for event in device.told("typing")]


async def test_typing_that_is_not_renewed_is_taken_back(start_node: Any) -> None:
    node = await start_node(typing_expires_ms=50, typing_interval_ms=1)
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    await mei.call("typing", {"conversation": talk, "on": True})
    assert typed(lin) == [True]
    await until(lambda: typed(lin) == [True, False])
    await mei.call("typing", {"conversation": talk, "on": False})
    assert typed(lin) == [True, False]


async def test_typing_told_too_often_is_dropped(node: Any) -> None:
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    for _ in range(5):
        await mei.call("typing", {"conversation": talk, "on": True})
    assert typed(lin) == [True]
    await mei.call("typing", {"conversation": talk, "on": False})
    assert typed(lin) == [True, False]


async def test_who_sends_no_longer_types(node: Any) -> None:
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    await mei.call("typing", {"conversation": talk, "on": True})
    await lin.say(talk)
    assert typed(lin) == [True]
    await mei.say(talk)
    assert typed(lin) == [True, False]


async def test_presence_is_seen_only_by_those_who_share_a_conversation(
    start_node: Any, node: Any
) -> None:
    mei, eve = await node.arrive("mei"), await node.arrive("eve")
    other = await start_node()
    lin = await other.arrive("lin")
    await mei.open("lin")
    for watcher in (mei, eve):
        answer = await watcher.call("presence.watch", {"users": ["lin", "nobody", "mei", "eve"]})
        seen = {} if watcher is eve else {"lin": {"state": "offline", "last_seen": None}}
        assert answer == {"presence": seen}

    await other.services.presence.arrived("lin")
    online = {"user": "lin", "state": "online", "last_seen": None}
    assert mei.told("presence") == [online]
    answer = await mei.call("presence.watch", {"users": ["lin"]})
    assert answer["presence"]["lin"] == {"state": "online", "last_seen": None}

    lin.leave()
    await other.services.presence.left("lin", 1_900_000_000_000)
    gone = {"user": "lin", "state": "offline", "last_seen": 1_900_000_000_000}
    assert mei.told("presence") == [online, gone]

    await mei.call("presence.unwatch", {"users": ["lin"]})
    await other.services.presence.arrived("lin")
    assert len(mei.told("presence")) == 2
    assert eve.told("presence") == []


async def test_somebody_still_on_another_node_has_not_left(start_node: Any, node: Any) -> None:
    mei, _phone = await node.arrive("mei"), await node.arrive("lin")
    other = await start_node()
    await mei.open("lin")
    await mei.call("presence.watch", {"users": ["lin"]})
    for each in (node, other):
        await each.services.presence.arrived("lin")
    await other.services.presence.left("lin", 1_900_000_000_000)
    assert [event["state"] for event in mei.told("presence")] == ["online", "online"]
