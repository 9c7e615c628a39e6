"""Who has read what in a room, and what large rooms do without."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatserver.domain.membership import Membership
from tests.integration.services.rooms import People, act, begin, heard, notices, refused

pytestmark = pytest.mark.asyncio


async def who(device: Any, room: str, seq: int, **fields: Any) -> tuple[Any, ...]:
    answer = await device.call("read.who", {"conversation": room, "seq": seq, **fields})
    return (answer["read"], answer["unread"], answer["read_count"], answer["unread_count"])


async def test_the_sender_sees_who_has_read_and_who_has_not(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang")
    seq = await mei.say(room, "question")
    assert await who(mei, room, seq) == ([], ["fang", "lin"], 0, 2)
    await fang.call("read.mark", {"conversation": room, "seq": seq})
    assert await who(mei, room, seq) == (["fang"], ["lin"], 1, 1)
    assert mei.told("read") == [{"conversation": room, "user": "fang", "seq": seq}]
    await lin.say(room, "answer")  # who writes has read, which is written a moment later
    await people.nodes[0].kept.heads.flush()
    assert await who(mei, room, seq) == (["fang", "lin"], [], 2, 0)
    assert await who(mei, room, seq, limit=1) == (["fang"], [], 2, 0)


async def test_the_sender_and_admins_may_ask_and_nobody_else(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang")
    seq = await mei.say(room, "question")
    place = {"conversation": room, "seq": seq}
    assert (await refused(fang, "read.who", **place))["code"] == "forbidden"
    await act(lin, "role", room, user="fang", role="admin")
    for device in (lin, fang):
        assert (await who(device, room, seq))[3] == 2
    for stranger, code in ((people.eve, "not_found"),):
        assert (await refused(stranger, "read.who", **place))["code"] == code
    assert (await refused(lin, "read.who", **{**place, "seq": 1000}))["code"] == "not_found"
    await act(lin, "remove", room, user="mei")
    assert (await refused(mei, "read.who", **place))["code"] == "not_found"


async def test_who_cannot_see_a_message_or_is_gone_is_not_counted(people: People) -> None:
    lin = people.lin
    room = await begin(lin, "fang", history="joined")
    seq = await lin.say(room, "before mei")
    await act(lin, "add", room, users=["mei"])
    assert await who(lin, room, seq) == ([], ["fang"], 0, 1)
    await act(lin, "remove", room, user="fang")
    assert await who(lin, room, seq) == ([], [], 0, 0)


async def fill(node: Any, room: str, count: int, **fields: Any) -> None:
    """More members than anybody would let in one by one."""
    memberships = node.kept.database.collection("memberships")
    await memberships.insert_many(
        {
            "_id": {"c": room, "u": f"u{number:04}"},
            "conversation": room,
            "user": f"u{number:04}",
            "role": "member",
            "state": "in",
            "room": True,
            "seated": True,
            "since": Membership(conversation=room, user="").since,
            "read": 0,
            **fields,
        }
        for number in range(count)
    )
    conversations = node.kept.database.collection("conversations")
    await conversations.update_one({"_id": room}, {"$inc": {"room.count": count}})


async def test_up_to_500_members_have_names_and_more_are_counts(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    seq = await lin.say(room, "news")
    await mei.call("read.mark", {"conversation": room, "seq": seq})
    await fill(people.nodes[0], room, 498)
    await act(lin, "update", room, title="500")  # every node looks anew
    read, unread, *counts = await who(lin, room, seq, limit=1000)
    assert (read, len(unread), counts) == (["mei"], 498, [1, 498])
    await act(lin, "add", room, users=["fang"])
    assert await who(lin, room, seq, limit=1000) == ([], [], 2, 498)  # who comes has nothing unread


async def test_reading_is_told_to_rooms_up_to_50(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    await fill(people.nodes[0], room, 48)
    await act(lin, "update", room, title="50")
    seq = await lin.say(room, "one")
    await mei.call("read.mark", {"conversation": room, "seq": seq})
    assert lin.told("read") == [{"conversation": room, "user": "mei", "seq": seq}]
    tablet = await people.nodes[0].arrive("mei", "tablet")
    await act(lin, "add", room, users=["fang"])
    people.hush()
    seq = await lin.say(room, "two")
    await mei.call("read.mark", {"conversation": room, "seq": seq})
    assert not lin.told("read")
    assert not people.fang.told("read")
    assert tablet.told("read") == [{"conversation": room, "user": "mei", "seq": seq}]


async def test_a_large_room_tells_neither_typing_nor_who_comes_and_goes(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", join="open")
    await fill(people.nodes[0], room, 499)
    await act(lin, "update", room, title="501")
    people.hush()
    await mei.call("typing", {"conversation": room, "on": True})
    view = await act(fang, "join", room)
    assert (view["me"]["state"], view["room"]["count"]) == ("in", 502)
    await act(fang, "leave", room)
    assert lin.events == mei.events == []
    await act(fang, "join", room)
    await lin.say(room, "hello")
    assert heard(mei) == heard(fang) == ["hello"]
    assert notices(mei) == []
    await act(lin, "update", room, announcement="still told")
    assert mei.told("conversation")[-1]["conversation"]["room"]["count"] == 502
    seen = (await lin.call("presence.watch", {"users": ["fang"]}))["presence"]
    assert seen == {}


async def test_presence_is_for_those_who_share_a_room(people: People) -> None:
    lin = people.lin
    await begin(lin, "mei")
    users = {"users": ["mei", "fang", "eve"]}
    assert list((await lin.call("presence.watch", users))["presence"]) == ["mei"]
    assert (await people.fang.call("presence.watch", users))["presence"] == {}


async def test_typing_in_a_room_is_seen_by_those_in_it(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", "fang")
    await mei.call("typing", {"conversation": room, "on": True})
    await mei.say(room, "done")
    for device in (lin, people.fang):
        assert [event["on"] for event in device.told("typing")] == [True, False]


async def test_many_who_read_at_once_are_all_counted(people: People) -> None:
    room = await begin(people.lin, "mei", "fang")
    seqs = [await people.lin.say(room, str(number)) for number in range(5)]
    await asyncio.gather(
        *(
            device.call("read.mark", {"conversation": room, "seq": seq})
            for seq in seqs
            for device in (people.mei, people.fang)
        )
    )
    for seq in seqs:
        assert await who(people.lin, room, seq) == (["fang", "mei"], [], 2, 0)
