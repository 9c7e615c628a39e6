"""kill -9 at the worst moment: written, and not yet told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from loadtest.faults.people import LostError, text
from tests.acceptance.conftest import Cast, Start
from tests.acceptance.proxy import MongoProxy


@pytest_asyncio.fixture
async def proxy(mongo_url: str) -> AsyncIterator[MongoProxy]:
    proxy = await MongoProxy(mongo_url).start()
    yield proxy
    await proxy.stop()


@pytest.mark.asyncio
async def test_a_crash_between_stored_and_acknowledged_makes_no_second_message(
    proxy: MongoProxy, start: Start, cast: Cast
) -> None:
    server = await start(mongo_url=proxy.url)
    mei = await cast.join("mei", server)
    lin = await cast.join("lin", server)
    room = await mei.open(lin.user)
    before = await mei.say(room, "before")
    payload = {"conversation": room, "client_id": "c-1", "kind": "text", "body": text("once")}
    proxy.arm(server.kill9)
    with pytest.raises(LostError):
        await mei.call("message.send", payload)
    assert proxy.cuts == 1
    await server.restart()
    await mei.connect()
    await lin.connect()
    again = await mei.call("message.send", {**payload, "retry": True})
    assert again["ok"] is True
    assert (again["seq"], again["duplicate"]) == (before["seq"] + 1, True)
    page = await lin.ask("history.get", conversation=room)
    assert [message["client_id"] for message in page["messages"]].count("c-1") == 1
    after = await lin.say(room, "after")
    assert after["seq"] == again["seq"] + 1


@pytest.mark.asyncio
async def test_a_crash_amid_a_batch_leaves_a_log_without_holes(
    proxy: MongoProxy, start: Start, cast: Cast
) -> None:
    server = await start(mongo_url=proxy.url)
    mei = await cast.join("mei", server)
    lin = await cast.join("lin", server)
    room = await mei.open(lin.user)
    payloads = [
        {"conversation": room, "client_id": f"c-{n}", "kind": "text", "body": text(str(n))}
        for n in range(30)
    ]
    proxy.arm(server.kill9)
    with contextlib.suppress(LostError):
        answers = [await mei.begin("message.send", payload) for payload in payloads]
        await asyncio.gather(*answers, return_exceptions=True)
    await server.restart()
    await mei.connect()
    again = [await mei.ask("message.send", **payload, retry=True) for payload in payloads]
    assert [ack["seq"] for ack in again] == list(range(1, 31))
    assert any(ack.get("duplicate") for ack in again)
    page = await mei.ask("history.get", conversation=room)
    assert [message["seq"] for message in page["messages"]] == list(range(1, 31))
