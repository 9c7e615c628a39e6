"""What a device that was away finds of its rooms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.services.client import Client
from tests.integration.services.rooms import People, act, begin, texts

pytestmark = pytest.mark.asyncio


async def sync(device: Any, **fields: Any) -> Any:
    return await device.call("sync", fields)


async def away(people: People, room: str) -> Client:
    """A device of Mei's that knew the room until now."""
    phone = Client(people.nodes[1], "mei", "old phone")
    await phone.come()
    assert room in phone.state.conversations
    phone.go()
    return phone


def have(answer: Any) -> dict[str, Any]:
    heads = {each["id"]: each["head"] for each in answer["conversations"]}
    return {id_: [head["seq"], head["mod"]] for id_, head in heads.items()}


@pytest.mark.parametrize("kind", ["group", "channel"])
async def test_what_changed_about_a_room_while_away_is_in_the_next_sync(
    people: People, kind: str
) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", kind=kind)
    known = await sync(mei)
    await act(lin, "role", room, user="mei", role="admin")
    await act(lin, "update", room, title="四月宝宝", announcement="周六")
    (told,) = (await sync(mei, have=have(known), token=known["token"]))["conversations"]
    assert (told["me"]["role"], told["room"]["title"]) == ("admin", "四月宝宝")
    assert told["room"]["announcement"]["by"] == "lin"
    types = [each["body"]["type"] for each in told["messages"]]
    assert types == ["role", "title", "announcement"]
    assert (told["unread"], told.get("reset", False)) == (0, False)


async def test_an_admin_who_was_away_learns_who_asks_to_come_in(people: People) -> None:
    """Nothing of it is in the log."""
    room = await begin(people.lin, join="approval")
    known = await sync(people.lin)
    database = people.nodes[0].kept.database
    long_ago = {"$set": {"touched_at": 0, "changed_at": 0}}
    await database.collection("memberships").update_many({"_id.c": room}, long_ago)
    await database.collection("conversations").update_one({"_id": room}, long_ago)
    nothing = await sync(people.lin, have=have(known), token=known["token"])
    assert nothing["conversations"] == []
    await act(people.mei, "join", room)
    knows = await sync(people.mei)
    await database.collection("memberships").update_many({"_id.u": "mei"}, long_ago)
    (told,) = (await sync(people.lin, have=have(known), token=known["token"]))["conversations"]
    assert (told["id"], told["room"]["asked"], told["messages"]) == (room, 1, [])
    # what moves in there is no news to who stands outside
    outside = await sync(people.mei, have=have(knows), token=knows["token"])
    assert outside["conversations"] == []


async def test_an_invitation_made_while_away_is_found(people: People) -> None:
    room = await begin(people.lin, "fang")
    known = await sync(people.mei)
    await act(people.fang, "add", room, users=["mei"])
    (told,) = (await sync(people.mei, have={}, token=known["token"]))["conversations"]
    assert (told["me"]["state"], told["messages"], told["head"]["seq"]) == ("invited", [], 0)
    await people.lin.say(room, "SECRET")
    assert not people.mei.told("message")  # a seat comes with the membership alone


async def test_who_left_and_came_again_on_another_device_catches_up(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", join="open")
    phone = await away(people, room)
    await act(mei, "leave", room)
    await lin.say(room, "while out")
    await act(mei, "join", room)
    await lin.say(room, "in again")
    await phone.come()
    talk = phone.state.conversations[room]
    assert talk.log.last == (await mei.view(room))["head"]["seq"]
    assert talk.unread == (await mei.view(room))["unread"]


async def test_a_device_starts_afresh_where_what_one_may_see_begins_later(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", join="open", history="joined")
    await lin.say(room, "first time")
    known = await sync(mei)
    await act(mei, "leave", room)
    for _ in range(3):
        await lin.say(room, "SECRET")
    view = await act(mei, "join", room)
    await lin.say(room, "second time")
    (told,) = (await sync(mei, have=have(known), token=known["token"]))["conversations"]
    assert told["reset"] is True
    assert told["messages"][0]["seq"] == told["me"]["first"] == view["me"]["first"]
    assert texts(told["messages"]) == ["second time"]
    assert "SECRET" not in str(told)
    (fresh,) = (await sync(mei))["conversations"]
    assert texts(fresh["messages"]) == ["second time"]
    assert "more" not in fresh or fresh["more"] is False


async def test_a_device_that_was_away_too_long_gets_the_last_page(people: People) -> None:
    node = people.nodes[0]
    room = await begin(people.lin, "mei")
    known = await sync(people.mei)
    for number in range(60):
        await people.lin.say(room, str(number))
    behind = await sync(people.mei, have=have(known), token=known["token"])
    (told,) = behind["conversations"]
    assert (len(told["messages"]), told["more"]) == (50, True)
    assert texts(told["messages"])[:1] == ["0"]
    node.services.sync._reset_after = people.nodes[1].services.sync._reset_after = 59
    (told,) = (await sync(people.mei, have=have(known), token=known["token"]))["conversations"]
    assert told["reset"] is True
    assert texts(told["messages"])[-1:] == ["59"]


async def test_devices_of_a_person_agree_whatever_happens_to_the_rooms(people: People) -> None:
    """One device hears it live, another finds it afterwards, a third begins anew."""
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang", join="open")
    live = Client(people.nodes[0], "mei", "live")
    await live.come()
    offline = await away(people, room)
    seqs = [await lin.say(room, str(number)) for number in range(3)]
    await act(lin, "update", room, title="四月宝宝")
    await fang.call("message.react", {"conversation": room, "seq": seqs[0], "reaction": "👍"})
    await lin.call("message.recall", {"conversation": room, "seq": seqs[1]})
    await mei.call("message.delete", {"conversation": room, "seq": seqs[2]})
    await act(fang, "leave", room)
    await mei.say(room, "bye")
    await act(lin, "role", room, user="mei", role="admin")
    await live.pump()
    await offline.come()
    fresh = Client(people.nodes[1], "mei", "new phone")
    await fresh.come()
    pictures = [device.picture(room) for device in (live, offline, fresh)]
    for picture in pictures:
        picture.pop("read")
    assert pictures[0] == pictures[1] == pictures[2]
