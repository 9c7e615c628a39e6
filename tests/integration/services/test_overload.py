"""A node with too much to do: service goes on, hints are left out, and one rate holds for all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatserver import metrics
from chatserver.errors import Busy, RateLimited
from tests.integration.services.test_presence import NOON, come, states, typed, until, watching

pytestmark = pytest.mark.asyncio
BURST = 3  # times the rate


def spared(kind: str) -> float:
    return metrics.registry.get_sample_value("chat_spared_total", {"kind": kind}) or 0


def press(node: Any, lag_s: float = 60.0) -> None:
    """The node's event loop has been this late for a while."""
    for _ in range(50):
        node.services.overload.observe(lag_s, 0)


async def group(owner: Any, *members: Any) -> str:
    """A group with members who came in at once."""
    fields = {"kind": "group", "title": "x", "settings": {"join": "open"}}
    answer = await owner.call("conversation.open", fields)
    id_: str = answer["conversation"]["id"]
    for device in members:
        await device.call("conversation.join", {"conversation": id_})
    return id_


async def test_rooms_wait_before_direct_conversations_do(start_node: Any) -> None:
    node = await start_node(append_waiting_max=8, append_chatter_percent=50)
    lin, mei = await node.arrive("lin", role="consultant"), await node.arrive("mei")
    talk, room = await mei.open("lin"), await group(lin)
    await lin.say(room)  # from here on both are known to the node
    await mei.say(talk)
    before = spared("message")
    chatter = [asyncio.ensure_future(lin.say(room)) for _ in range(6)]
    service = [asyncio.ensure_future(mei.say(talk)) for _ in range(6)]
    told = await asyncio.gather(*chatter, return_exceptions=True)
    assert [isinstance(each, Busy) for each in told] == [False] * 4 + [True] * 2
    assert all(each.retry_after_ms >= 1500 for each in told if isinstance(each, Busy))
    asked = await asyncio.gather(*service, return_exceptions=True)
    assert [isinstance(each, Busy) for each in asked] == [False] * 4 + [True] * 2
    assert spared("message") == before + 2
    assert await lin.say(room)


async def test_an_overloaded_node_passes_on_no_typing_but_takes_back_what_it_told(
    node: Any,
) -> None:
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    await mei.call("typing", {"conversation": talk, "on": True})
    press(node)
    before = spared("typing")
    assert await lin.call("typing", {"conversation": talk, "on": True}) == {}
    await mei.call("typing", {"conversation": talk, "on": False})
    assert (typed(mei), typed(lin)) == ([], [True, False])
    assert spared("typing") == before + 1
    press(node, lag_s=0)
    await lin.call("typing", {"conversation": talk, "on": True})
    assert typed(mei) == [True]


async def test_presence_is_told_once_as_it_is_when_the_overload_is_over(start_node: Any) -> None:
    node = await start_node()
    mei = await watching(node, "lin", "wang")
    press(node)
    before = spared("presence")
    await come(node, "lin", "wang")
    node.services.presence.came("wang", "away")
    await node.services.presence.flush(NOON)
    assert states(mei) == []
    assert spared("presence") == before + 3
    assert (await node.board.states(["lin"]))["lin"] == ("online", None)  # who asks is told
    press(node, lag_s=0)
    for _ in range(2):
        await node.services.presence.flush(NOON)
    told = [(event["user"], event["state"]) for event in mei.told("presence")]
    assert told == [("lin", "online"), ("wang", "away")]


async def test_of_a_crowd_that_types_a_few_are_told(start_node: Any) -> None:
    node = await start_node(typing_told_max=2)
    lin = await node.arrive("lin", role="consultant")
    crowd = [await node.arrive(f"user-{n}") for n in range(4)]
    room = await group(lin, *crowd)
    for each in crowd:
        await each.call("sync", {})
    await lin.call("sync", {})
    for each in crowd:
        await each.call("typing", {"conversation": room, "on": True})
    assert [event["user"] for event in lin.told("typing")] == ["user-0", "user-1"]
    await crowd[0].call("typing", {"conversation": room, "on": False})
    await crowd[3].call("typing", {"conversation": room, "on": True})
    assert [(event["user"], event["on"]) for event in lin.told("typing")[2:]] == [
        ("user-0", False),
        ("user-3", True),
    ]


async def test_read_marks_of_one_moment_are_told_as_the_highest(start_node: Any) -> None:
    node = await start_node(read_together_ms=500)
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    pad = await node.arrive("lin", "pad")
    talk = await mei.open("lin")
    for _ in range(6):
        await mei.say(talk)
    before = spared("read")
    for device, seq in ((lin, 1), (lin, 2), (pad, 4), (lin, 6)):
        await device.call("read.mark", {"conversation": talk, "seq": seq})
    assert [event["seq"] for event in mei.told("read")] == [1]
    await until(lambda: len(mei.told("read")) == 2)
    assert [event["seq"] for event in mei.told("read")] == [1, 6]
    assert [event["seq"] for event in pad.told("read")] == [1, 6]
    assert spared("read") == before + 2


async def test_a_person_with_devices_at_two_nodes_has_one_rate(start_node: Any) -> None:
    one, other = await start_node(sends_per_s=1), await start_node(sends_per_s=1)
    phone, pad = await one.arrive("mei"), await other.arrive("mei", "pad")
    lin = await other.arrive("lin")
    talk = await phone.open("lin")
    published = len(one.bus.published)
    assert [await device.say(talk) for device in (phone, pad, phone)] == [1, 2, 3]
    for device in (phone, pad):
        with pytest.raises(RateLimited) as refusal:
            await device.say(talk)
        assert 0 < (refusal.value.retry_after_ms or 0) <= 1000
    assert await lin.say(talk) == BURST + 1
    assert len(one.bus.published) - published == 2 * 2  # two messages, to two people each


async def test_a_room_busy_at_two_nodes_has_one_rate(start_node: Any) -> None:
    one, other = await start_node(room_sends_per_s=1), await start_node(room_sends_per_s=1)
    lin, mei = await one.arrive("lin", role="consultant"), await other.arrive("mei")
    room = await group(lin, mei)
    for device in (lin, mei):
        await device.call("sync", {})
    for device in (lin, mei, lin):
        await device.say(room)
    for device in (lin, mei):
        with pytest.raises(RateLimited):
            await device.say(room)


async def test_a_change_at_another_node_is_spent_too(start_node: Any) -> None:
    one, other = await start_node(sends_per_s=1), await start_node(sends_per_s=1)
    phone, pad = await one.arrive("mei"), await other.arrive("mei", "pad")
    await one.arrive("lin")
    talk = await phone.open("lin")
    await phone.say(talk)
    for reaction in ("a", "b"):
        payload = {"conversation": talk, "seq": 1, "reaction": reaction}
        await phone.call("message.react", payload)
    with pytest.raises(RateLimited):
        await pad.say(talk)
