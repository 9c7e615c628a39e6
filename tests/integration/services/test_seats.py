"""Who hears a room while its node does not hear the others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatserver.clock import now_ms

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
