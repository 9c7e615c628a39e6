"""The product over each transport of the official JavaScript client: all of it, once, in order."""

from __future__ import annotations

import asyncio

import pytest

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import Payload, Person, eventually
from tests.acceptance.conftest import Cast
from tests.acceptance.javascript import JavaScriptPerson

MANY = 30
TRANSPORTS = [("websocket",), ("polling",), ("polling", "websocket")]


async def sends_many(person: Person, room: str, words: str) -> list[Payload]:
    """Send without waiting for answers in between; the answers."""
    calls = [person.say(room, f"{words} {number}") for number in range(MANY)]
    return await asyncio.gather(*calls)


async def sees_all(person: Person, room: str, seqs: list[int]) -> None:
    """See just these messages, in this order."""
    await person.sees("message", conversation=room, seq=seqs[-1])
    assert [each["seq"] for each in person.seen("message", conversation=room)] == seqs


@pytest.mark.asyncio
@pytest.mark.parametrize("transports", TRANSPORTS, ids="+".join)
async def test_messages_come_once_and_in_order_both_ways(
    house: ChatServer, cast: Cast, transports: tuple[str, ...]
) -> None:
    lin = await cast.join("lin", house, device="till")
    tablet = await cast.join("lin", house, device="tablet")
    mei = cast.person("mei", house, client=JavaScriptPerson)
    assert isinstance(mei, JavaScriptPerson)
    await mei.connect(transports=transports)  # an upgrade goes on while they talk
    room = await mei.open(lin.user)
    there, back = list(range(1, MANY + 1)), list(range(MANY + 1, 2 * MANY + 1))

    answers = await sends_many(mei, room, "there")
    assert [answer["seq"] for answer in answers] == there
    for device in (lin, tablet):
        await sees_all(device, room, there)
    answers = await sends_many(lin, room, "and back")
    assert [answer["seq"] for answer in answers] == back
    await sees_all(mei, room, back)
    await sees_all(tablet, room, there + back)

    async def as_wanted() -> bool:
        return await mei.transport() == transports[-1]

    await eventually(as_wanted, f"the transport is {transports[-1]}")
