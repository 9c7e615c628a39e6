"""A room over two nodes, real processes and sockets; Eve next door sees none of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from loadtest.faults.nodes import CANARY
from loadtest.faults.people import Person, text
from tests.acceptance.conftest import Cast, Start

pytestmark = pytest.mark.asyncio


@dataclass
class Scene:
    """Lin and Fang are at the first node, Mei and Eve at the second."""

    lin: Person
    fang: Person
    mei: Person
    eve: Person

    async def begin(self, *members: Person, **settings: Any) -> str:
        """A group of Lin's."""
        names = [member.user for member in members]
        ack = await self.lin.ask(
            "conversation.open", kind="group", title="三月宝宝", members=names, settings=settings
        )
        return str(ack["conversation"]["id"])


@pytest_asyncio.fixture
async def scene(start: Start, cast: Cast) -> AsyncIterator[Scene]:
    one, two = await asyncio.gather(start(), start())
    scene = Scene(
        lin=await cast.join("lin", one, role="consultant"),
        fang=await cast.join("fang", one),
        mei=await cast.join("mei", two),
        eve=await cast.join("eve", two),
    )
    yield scene
    await scene.eve.settled()
    assert {name for name, _ in scene.eve.events} <= {"ready", "connect"}
    assert CANARY not in str(scene.eve.events)
    assert (await scene.eve.ask("sync"))["conversations"] == []


async def pages(person: Person, room: str) -> list[Any]:
    """All messages of a room that the person may see."""
    found: list[Any] = []
    more = True
    while more:
        after = found[-1]["seq"] if found else 0
        ack = await person.ask("history.get", conversation=room, after=after, limit=100)
        found, more = [*found, *ack["messages"]], ack["more"]
    return found


async def test_the_life_of_a_room(scene: Scene) -> None:
    lin, fang, mei, eve = scene.lin, scene.fang, scene.mei, scene.eve
    room = await scene.begin(fang)
    await fang.ask("conversation.add", conversation=room, users=[mei.user])
    invited = (await mei.sees("conversation"))["conversation"]
    assert (invited["me"]["state"], invited["head"]) == ("invited", {"seq": 0, "mod": 0})
    await lin.say(room, "before mei")
    await mei.ask("conversation.join", conversation=room)
    said = await mei.say(room, "hello", mentions=[fang.user])
    for each in (lin, fang):
        heard = await each.sees("message", seq=said["seq"])
        assert (heard["sender"], heard["mentions"]) == (mei.user, [fang.user])
    view = (await fang.ask("conversation.get", conversation=room))["conversation"]
    assert (view["room"]["count"], view["mentions"]) == (3, 1)

    await lin.ask("conversation.update", conversation=room, announcement="周六抚触课")
    told = await mei.sees("message", kind="system", sender="", seq=said["seq"] + 1)
    assert (told["body"]["type"], told["body"]["names"]) == (
        "announcement",
        {lin.user: lin.user.title()},
    )
    await mei.ask("message.react", conversation=room, seq=said["seq"], reaction="👍")
    await fang.sees("change", type="react", by=mei.user)
    await fang.ask("read.mark", conversation=room, seq=said["seq"])
    await mei.sees("read", user=fang.user, seq=said["seq"])
    ack = await mei.ask("read.who", conversation=room, seq=said["seq"])
    assert fang.user in ack["read"]
    await fang.ask("typing", conversation=room, on=True)
    await mei.sees("typing", user=fang.user, on=True)

    assert await eve.refused("conversation.get", conversation=room) == "not_found"
    assert await eve.refused("conversation.join", conversation=room) == "not_found"
    await lin.ask("conversation.role", conversation=room, user=mei.user, role="owner")
    await lin.ask("conversation.leave", conversation=room)
    await mei.ask("conversation.update", conversation=room, title="mine")
    await fang.sees("message", kind="system", seq=(await head(mei, room)))
    assert (await mei.ask("conversation.get", conversation=room))["conversation"]["room"][
        "count"
    ] == 2


async def head(person: Person, room: str) -> int:
    ack = await person.ask("conversation.get", conversation=room)
    return int(ack["conversation"]["head"]["seq"])


async def test_a_removal_on_another_node_ends_everything_at_its_notice(scene: Scene) -> None:
    """All talk, also on the node where Mei is, while Lin removes her on the other one."""
    lin, fang, mei = scene.lin, scene.fang, scene.mei
    room = await scene.begin(fang, mei)
    kept = await lin.say(room, "kept")
    await mei.sees("message", seq=kept["seq"])
    removed = asyncio.Event()

    async def talk(person: Person) -> None:
        after = 0
        while after < 10:
            gone = removed.is_set()
            await person.say(room, "AFTER" if gone else "before")
            after += gone

    async def remove() -> None:
        for _ in range(10):
            await mei.say(room, "before")
        await lin.ask("conversation.remove", conversation=room, user=mei.user)
        removed.set()

    other = Person(mei.url, fang.user, device="fang-tablet")
    try:
        await other.connect()
        await asyncio.gather(remove(), talk(fang), talk(other))
    finally:
        await other.close()
    await lin.ask("message.edit", conversation=room, seq=kept["seq"], body={"text": "AFTER"})
    await mei.sees("conversation", removed=True)
    await mei.settled()
    last = await head(mei, room)
    notice = [m for m in await pages(lin, room) if m["body"].get("type") == "removed"]
    assert [m["seq"] for m in notice] == [last]
    assert max(event["seq"] for event in mei.seen("message")) <= last
    found = await pages(mei, room)
    assert [m["seq"] for m in found] == list(range(1, last + 1))
    for seen in (
        mei.events, found, await mei.ask("conversation.list"), await mei.ask("sync"),
        await mei.ask("changes.get", conversation=room, after=0),
    ):  # fmt: skip
        assert "AFTER" not in str(seen)
    assert await mei.refused("read.who", conversation=room, seq=last + 1) == "not_found"
    talk_with_lin = await mei.open(lin.user)
    for seq in (last + 1, kept["seq"]):
        code = await mei.refused(
            "message.forward", conversation=talk_with_lin, client_id=f"f{seq}", seqs=[seq],
            **{"from": room},
        )  # fmt: skip
        assert code == "not_found"
    await mei.connect()
    await mei.ask("sync")
    await lin.say(room, "AFTER")
    await mei.settled()
    assert not mei.seen("message")


async def test_in_slow_mode_one_of_many_gets_through_whatever_node_they_go_to(
    scene: Scene,
) -> None:
    lin, mei = scene.lin, scene.mei
    room = await scene.begin(mei, slow_mode_s=60)
    tablet = Person(lin.url, mei.user, device="mei-tablet")
    try:
        await tablet.connect()
        calls = [
            device.call(
                "message.send",
                {
                    "conversation": room,
                    "client_id": f"c{number}",
                    "kind": "text",
                    "body": text("hi"),
                },
            )
            for number, device in enumerate((mei, tablet) * 3)
        ]
        acks = await asyncio.gather(*calls)
    finally:
        await tablet.close()
    late = [ack for ack in acks if not ack["ok"]]
    assert len(late) == 5
    for ack in late:
        assert ack["code"] == "rate_limited"
        assert 0 < ack["retry_after_ms"] <= 60_000
