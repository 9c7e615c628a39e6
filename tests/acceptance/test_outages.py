"""MongoDB or Valkey die and come back: honest answers meanwhile, and no restart of ours after."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from loadtest.faults.people import PATIENCE_S, LostError, Person, RefusedError, eventually, text
from tests.acceptance.conftest import Cast, Start

RECOVERY_S = PATIENCE_S
ANSWERED_S = 15.0  # five seconds are promised; the rest is for a machine that is busy


async def try_to_send(person: Person, room: str, client_id: str, **more: Any) -> dict[str, Any]:
    payload = {"conversation": room, "client_id": client_id, "kind": "text", **more}
    return await person.call("message.send", {**payload, "body": text(client_id)}, ANSWERED_S)


async def sent_at_last(person: Person, room: str, client_id: str) -> dict[str, Any]:
    """Retry with the same id until it is acknowledged."""
    found: dict[str, Any] = {}

    async def once() -> bool:
        found.update(await try_to_send(person, room, client_id, retry=True))
        return bool(found["ok"])

    await eventually(once, "a message is stored again", within_s=RECOVERY_S)
    return found


def unsent(room: str, count: int) -> list[dict[str, Any]]:
    return [
        {"conversation": room, "client_id": f"c{n}", "kind": "text", "body": text(f"c{n}")}
        for n in range(count)
    ]


async def whole_log(person: Person, room: str) -> list[dict[str, Any]]:
    """All messages, page by page; the numbers must be 1, 2, 3, …"""
    messages: list[dict[str, Any]] = []
    more = True
    while more:
        page = await person.ask("history.get", conversation=room, after=len(messages), limit=100)
        messages += page["messages"]
        more = page["more"]
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    return messages


@pytest.mark.asyncio
async def test_while_mongodb_is_gone_nothing_is_acknowledged_and_after_it_all_goes_on(
    private_mongo: Any, start: Start, cast: Cast
) -> None:
    server = await start(mongo_url=private_mongo.url)
    mei = await cast.join("mei", server)
    lin = await cast.join("lin", server)
    room = await mei.open(lin.user)
    await mei.say(room, "before")
    private_mongo.kill()
    begun = time.monotonic()
    ack = await try_to_send(mei, room, "c0")
    assert time.monotonic() - begun < ANSWERED_S
    assert ack["ok"] is False
    assert ack["code"] in ("unavailable", "busy")
    for call in ("history.get", "conversation.get"):
        ack = await mei.call(call, {"conversation": room}, ANSWERED_S)
        assert ack["ok"] or ack["code"] in ("unavailable", "busy")
    assert not server.is_ready()
    private_mongo.start()
    await sent_at_last(mei, room, "c0")
    await eventually(server.is_ready, "the server is ready again", within_s=RECOVERY_S)
    messages = await whole_log(lin, room)
    assert [message["client_id"] for message in messages][1:] == ["c0"]


@pytest.mark.asyncio
async def test_while_mongodb_is_gone_calls_behind_one_another_are_answered_in_time_too(
    private_mongo: Any, start: Start, cast: Cast
) -> None:
    server = await start(mongo_url=private_mongo.url)
    mei = await cast.join("mei", server)
    lin = await cast.join("lin", server)
    room = await mei.open(lin.user)
    private_mongo.kill()
    answers = [await mei.begin("message.send", payload) for payload in unsent(room, 4)]
    acks = await asyncio.wait_for(asyncio.gather(*answers), ANSWERED_S)
    assert all(ack["code"] in ("unavailable", "busy") for ack in acks), acks


@pytest.mark.asyncio
async def test_a_send_under_way_when_mongodb_dies_is_there_or_can_be_retried(
    private_mongo: Any, start: Start, cast: Cast
) -> None:
    server = await start(mongo_url=private_mongo.url)
    mei = await cast.join("mei", server)
    lin = await cast.join("lin", server)
    room = await mei.open(lin.user)
    payloads = unsent(room, 200)
    answers = [await mei.begin("message.send", payload) for payload in payloads]
    await eventually(lambda: any(answer.done() for answer in answers), "the first is stored")
    private_mongo.kill()
    await mei.close()
    acknowledged = [a.result() for a in answers if not a.exception() and a.result()["ok"]]
    private_mongo.start()
    await eventually(server.is_ready, "ready again", within_s=RECOVERY_S)
    await mei.connect()
    again = [await sent_at_last(mei, room, payload["client_id"]) for payload in payloads]
    assert [ack["seq"] for ack in again[: len(acknowledged)]] == [a["seq"] for a in acknowledged]
    assert sorted(ack["seq"] for ack in again) == list(range(1, 201))
    assert len(await whole_log(lin, room)) == 200


@pytest.mark.asyncio
async def test_a_drain_ends_in_time_also_while_mongodb_is_gone(
    private_mongo: Any, start: Start, cast: Cast
) -> None:
    server = await start(mongo_url=private_mongo.url)
    mei = await cast.join("mei", server)
    lin = await cast.join("lin", server)
    room = await mei.open(lin.user)
    await mei.say(room, "before")
    private_mongo.kill()
    for payload in unsent(room, 3):
        await mei.begin("message.send", payload)
    server.sigterm()
    await lin.sees("notice", type="draining")
    await server.ended(PATIENCE_S)


@pytest.mark.asyncio
async def test_without_valkey_sending_and_history_work_and_delivery_comes_back(
    private_valkey: Any, start: Start, cast: Cast
) -> None:
    one = await start(redis_url=private_valkey.url)
    two = await start(redis_url=private_valkey.url)
    mei = await cast.join("mei", one)
    lin = await cast.join("lin", two)
    yu = await cast.join("yu", two)
    room = await mei.open(lin.user)
    await mei.say(room, "before")
    await lin.sees("message", conversation=room, seq=1)
    private_valkey.kill()
    begun = time.monotonic()
    sent = [await mei.say(room, f"meanwhile {number}") for number in range(3)]
    assert time.monotonic() - begun < ANSWERED_S
    assert [ack["seq"] for ack in sent] == [2, 3, 4]
    page = await lin.ask("history.get", conversation=room)
    assert [message["seq"] for message in page["messages"]] == [1, 2, 3, 4]
    newcomer = await cast.join("mei", two, device="tablet")
    assert (await newcomer.ask("sync", have={}))["conversations"]
    private_valkey.start()
    await lin.sees("notice", type="resync", within_s=RECOVERY_S)
    answer = await lin.ask("sync", have={room: [1, 0]})
    assert [m["seq"] for m in answer["conversations"][0]["messages"]] == [2, 3, 4]
    await told_live_again(mei, lin, room)
    await yu.settled()
    assert not yu.seen("message")


async def told_live_again(sender: Person, reader: Person, room: str) -> None:
    """Messages reach the other node's sockets again without asking."""

    async def once() -> bool:
        ack = await sender.say(room, "are you there?")
        try:
            await reader.sees("message", within_s=0.5, conversation=room, seq=ack["seq"])
        except AssertionError:
            return False
        return True

    await eventually(once, "live delivery is back", within_s=RECOVERY_S)


@pytest.mark.asyncio
async def test_revocation_reaches_other_nodes_without_valkey(
    private_valkey: Any, start: Start, cast: Cast
) -> None:
    one = await start(redis_url=private_valkey.url)
    two = await start(redis_url=private_valkey.url)
    phone = await cast.join("mei", one, device="phone")
    desk = await cast.join("mei", two, device="desk")
    private_valkey.kill()
    await phone.ask("device.logout", device="desk")
    await desk.gone()
    with pytest.raises((LostError, RefusedError)):
        await desk.connect()


@pytest.mark.asyncio
async def test_two_nodes_tell_each_other_at_once(start: Start, cast: Cast) -> None:
    one, two = await start(), await start()
    mei = await cast.join("mei", one)
    lin = await cast.join("lin", two)
    yu = await cast.join("yu", two)
    room = await mei.open(lin.user)
    sent = await mei.say(room, "across")
    await lin.sees("message", conversation=room, seq=sent["seq"])
    await mei.sees("delivered", user=lin.user, seq=sent["seq"])
    answered = await lin.say(room, "and back")
    await mei.sees("message", conversation=room, seq=answered["seq"])
    await lin.ask("typing", conversation=room, on=True)
    await mei.sees("typing", user=lin.user, on=True)
    await mei.ask("message.recall", conversation=room, seq=sent["seq"])
    await lin.sees("change", type="recall", seq=sent["seq"])
    last = await mei.say(room, "good bye")
    await lin.ask("read.mark", conversation=room, seq=last["seq"])
    await mei.sees("read", user=lin.user, seq=last["seq"])
    await yu.settled()
    assert room not in str(yu.events)
