"""Who hears a room while its node does not hear the others, or not yet."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatserver.clock import now_ms
from chatserver.services import seats
from loadtest.faults.people import eventually
from tests.integration.services.rooms import act, begin

pytestmark = pytest.mark.asyncio


async def test_who_is_removed_elsewhere_is_unseated_though_the_nodes_hear_nothing(
    start_node: Any,
) -> None:
    one, other = await start_node(), await start_node()
    lin = await one.arrive("lin", role="consultant")
    mei = await other.arrive("mei")
    fang = await other.arrive("fang")
    opened = await lin.call(
        "conversation.open", {"kind": "group", "title": "三月宝宝", "members": ["mei", "fang"]}
    )
    room = opened["conversation"]["id"]
    await fang.say(room, "heard")
    assert mei.told("message")
    one.bus.cut = True
    following = asyncio.create_task(other.services.seats.follow(now_ms, lambda: False))
    try:
        await lin.call("conversation.remove", {"conversation": room, "user": "mei"})
    finally:
        following.cancel()
    mei.frames.clear()
    seq = await fang.say(room, "not for mei")
    assert not mei.events
    page = await mei.call("history.get", {"conversation": room})
    assert page["messages"][-1]["seq"] < seq


async def test_who_comes_in_looks_again_once_the_node_hears_the_room(
    start_node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said before Redis took the subscription is told to nobody there."""
    one, other = await start_node(), await start_node()
    lin = await one.arrive("lin", role="consultant")
    mei, fang = await other.arrive("mei"), await other.arrive("fang")
    in_force = asyncio.Event()
    monkeypatch.setattr(other.bus, "settled", in_force.wait)
    running = asyncio.create_task(other.services.seats.run())
    try:
        room = await begin(lin, "mei")
        await act(mei, "join", room)
        assert not mei.told("notice")
        in_force.set()
        await eventually(lambda: mei.told("notice"), "Mei looks into the log")
        assert [notice["type"] for notice in mei.told("notice")] == ["resync"]
        mei.frames.clear()
        await act(lin, "add", room, users=["fang"])
        await act(fang, "join", room)
        await lin.say(room, "heard")
        assert mei.told("message")
        assert not mei.told("notice")
        assert not fang.told("notice")
    finally:
        running.cancel()


@pytest.mark.parametrize("last", ["add", "remove"])
async def test_two_acts_told_in_the_wrong_order_leave_everybody_seated_as_they_are(
    start_node: Any, last: str
) -> None:
    one, other = await start_node(), await start_node()
    lin = await one.arrive("lin", role="consultant")
    mei, fang = await other.arrive("mei", role="consultant"), await other.arrive("fang")
    room = await begin(lin, "mei", "fang")
    await act(fang, "join", room)
    if last == "remove":
        await act(lin, "remove", room, user="mei")
    told: list[tuple[str, bytes]] = []
    other.bus.hear = lambda topic, payload: told.append((topic, payload))
    if last == "add":
        await act(lin, "remove", room, user="mei")
        await act(lin, "add", room, users=["mei"])
    else:
        await act(lin, "add", room, users=["mei"])
        await act(lin, "remove", room, user="mei")
    running = asyncio.create_task(other.services.seats.run())
    try:
        other.bus.hear = other.delivery.heard
        for topic, payload in reversed(told):
            other.delivery.heard(topic, payload)
        await eventually(lambda: mei.told("notice"), "Mei looks into the log")
        mei.frames.clear()
        await lin.say(room, "now")
        assert bool(mei.told("message")) == (last == "add")
        assert fang.told("message")
    finally:
        running.cancel()


@pytest.mark.parametrize("last", ["add", "remove"])
async def test_what_a_node_did_not_live_to_tell_is_found_within_seconds(
    start_node: Any, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    monkeypatch.setattr(seats, "LOOKED_EVERY_S", 0.01)
    one, other = await start_node(), await start_node()
    lin = await one.arrive("lin", role="consultant")
    mei = await other.arrive("mei", role="consultant")
    room = await begin(lin, "mei")
    if last == "add":
        await act(lin, "remove", room, user="mei")
    mei.frames.clear()
    one.bus.publish = lambda _topic, _payload: None
    await act(lin, last, room, **({"users": ["mei"]} if last == "add" else {"user": "mei"}))
    assert not mei.events
    following = asyncio.create_task(other.services.seats.follow(now_ms, lambda: True))
    try:
        await eventually(lambda: mei.told("notice"), "Mei looks into the log")
    finally:
        following.cancel()
    del one.bus.publish
    mei.frames.clear()
    await lin.say(room, "now")
    assert bool(mei.told("message")) == (last == "add")
