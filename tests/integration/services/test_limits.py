"""How often: a refusal says when to come back, and stores nothing."""

from __future__ import annotations

from typing import Any

import pytest

from chatserver.clock import now_ms
from chatserver.domain import wire
from chatserver.errors import RateLimited

pytestmark = pytest.mark.asyncio
BURST = 3  # times the rate


async def refused(device: Any, name: str, payload: Any) -> int:
    with pytest.raises(RateLimited) as refusal:
        await device.call(name, payload)
    wait = refusal.value.to_wire()["retry_after_ms"]
    assert wait > 0
    return int(wait)


def message(talk: str, client_id: str) -> dict[str, Any]:
    return {"conversation": talk, "client_id": client_id, "kind": "text", "body": {"text": "hi"}}


async def test_a_person_sends_a_burst_and_then_waits(start_node: Any) -> None:
    node = await start_node(sends_per_s=1)
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    tablet = await node.arrive("mei", "tablet")
    talk = await mei.open("lin")
    for _ in range(BURST):
        await mei.say(talk)
    assert await refused(mei, "message.send", message(talk, "c")) <= 1000
    await refused(tablet, "message.send", message(talk, "c"))  # counted by person, not by device
    await refused(mei, "message.react", {"conversation": talk, "seq": 1, "reaction": "x"})
    assert (await mei.view(talk))["head"] == {"seq": BURST, "mod": 0}
    assert await lin.say(talk) == BURST + 1  # somebody else's bucket is full


async def test_after_the_told_time_it_goes_on(start_node: Any) -> None:
    node = await start_node(sends_per_s=1)
    mei, _lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    now = now_ms()

    async def send(client_id: str, at: int) -> int:
        call = wire.parse_call("message.send", message(talk, client_id))
        return int((await node.services.messages.send(mei.caller, call, at)).seq)

    for n in range(BURST):
        await send(f"c-{n}", now)
    with pytest.raises(RateLimited) as refusal:
        await send("c-3", now)
    assert refusal.value.retry_after_ms == 1000
    assert await send("c-3", now + 1000) == BURST + 1


async def test_a_conversation_takes_a_burst_from_all_together(start_node: Any) -> None:
    node = await start_node(room_sends_per_s=1)
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    for sender in (mei, lin, mei):
        await sender.say(talk)
    await refused(lin, "message.send", message(talk, "c"))
    eve = await node.arrive("eve")
    assert await lin.say(await lin.open(eve.caller.user)) == 1


async def test_read_marks_are_few(start_node: Any) -> None:
    node = await start_node(read_marks_per_s=1)
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    for _ in range(BURST + 1):
        await mei.say(talk)
    for seq in range(1, BURST + 1):
        await lin.call("read.mark", {"conversation": talk, "seq": seq})
    await refused(lin, "read.mark", {"conversation": talk, "seq": BURST + 1})
    assert (await lin.view(talk))["read"] == BURST


async def test_what_is_refused_for_its_form_costs_no_message(start_node: Any) -> None:
    node = await start_node(sends_per_s=1)
    mei, _lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    for _ in range(2 * BURST):
        with pytest.raises(Exception, match="needs some text"):
            await mei.call("message.send", {**message(talk, "c"), "body": {"text": " "}})
    assert await mei.say(talk) == 1
