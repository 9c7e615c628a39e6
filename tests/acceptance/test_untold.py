"""A node dies between storing and telling: the retry tells those who were there all the time."""

from __future__ import annotations

from typing import Any

import pytest

from loadtest.faults.people import LostError, Payload, text
from tests.acceptance.conftest import Cast, Start
from tests.acceptance.proxy import MongoProxy


def send(room: str) -> tuple[str, Payload]:
    body = text("second")
    return "message.send", {"conversation": room, "client_id": "c", "kind": "text", "body": body}


def edit(room: str) -> tuple[str, Payload]:
    return "message.edit", {"conversation": room, "seq": 1, "body": text("better")}


def mark(room: str) -> tuple[str, Payload]:
    return "read.mark", {"conversation": room, "seq": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("call", "command", "told"),
    [
        (send, ("insert", "messages"), ("message", {"seq": 2})),
        (edit, ("commitTransaction", None), ("change", {"type": "edit"})),
        (mark, ("update", "memberships"), ("read", {"seq": 1})),
    ],
)
async def test_the_retry_tells_of_a(
    call: Any, command: Any, told: Any, start: Start, cast: Cast, mongo_url: str
) -> None:
    name, collection = command
    proxy = await MongoProxy(mongo_url, collection, name).start()
    one, two = await start(mongo_url=proxy.url), await start()
    mei = await cast.join("mei", one)
    lin = await cast.join("lin", two)
    room = await mei.open(lin.user)
    await (lin if call is mark else mei).say(room, "first")
    event, asked = call(room)
    try:
        proxy.arm(one.kill9)
        with pytest.raises(LostError):
            await mei.call(event, asked)
        mei.url = two.url
        await mei.connect()
        await mei.ask(event, **asked)
        await lin.sees(told[0], **told[1])
    finally:
        await proxy.stop()
