"""What people do with messages in rooms: speak or be silent, mention, reply, forward, pin."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatserver.clock import now_ms
from chatserver.errors import ChatError, RateLimited
from tests.integration.services.rooms import (
    People,
    act,
    begin,
    heard,
    history,
    notices,
    refused,
    texts,
)

pytestmark = pytest.mark.asyncio

HOUR = 3_600_000


async def cannot_write(device: Any, room: str) -> dict[str, Any]:
    fields = {"conversation": room, "client_id": "c", "kind": "text", "body": {"text": "hi"}}
    return await refused(device, "message.send", **fields)


# --- silence ----------------------------------------------------------------------------------


async def test_who_is_muted_is_silent_in_every_way_until_it_is_lifted(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", "fang")
    seq = await mei.say(room, "before")
    await act(lin, "mute", room, user="mei", until=now_ms() + HOUR)
    answer = await cannot_write(mei, room)
    assert answer["code"] == "forbidden"
    assert 0 < answer["retry_after_ms"] <= HOUR
    place = {"conversation": room}
    edit = {**place, "seq": seq, "body": {"text": "edited"}}
    forward = {**place, "client_id": "f", "from": room, "seqs": [seq]}
    for name, fields in (
        ("message.edit", edit), ("message.forward", forward), ("typing", {**place, "on": True}),
    ):  # fmt: skip
        assert (await refused(mei, name, **fields))["code"] == "forbidden"
    assert (await mei.view(room))["me"]["muted_until"] > now_ms()
    await act(lin, "mute", room, user="mei", until=0)
    await mei.say(room, "after")
    assert heard(people.fang) == ["before", "after"]
    assert notices(people.fang)[-2:] == ["muted", "unmuted"]


async def test_when_all_are_muted_admins_and_speakers_are_heard(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang")
    await act(lin, "mute", room, until=now_ms() + HOUR, except_=["fang"])
    assert (await cannot_write(mei, room))["code"] == "forbidden"
    await fang.say(room, "a speaker")
    await lin.say(room, "the owner")
    assert heard(mei) == ["a speaker", "the owner"]
    assert mei.told("conversation")[-1]["conversation"]["room"]["speakers"] == ["fang"]
    await act(lin, "mute", room, until=0)
    await mei.say(room, "at last")


async def test_in_slow_mode_a_member_waits_whatever_node_the_message_goes_through(
    people: People,
) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", slow_mode_s=30)
    tablet = await people.nodes[0].arrive("mei", "tablet")
    outcomes = await asyncio.gather(
        *(device.say(room, "me first") for device in (mei, tablet, mei, tablet)),
        return_exceptions=True,
    )
    late = [each for each in outcomes if isinstance(each, RateLimited)]
    assert len(late) == 3
    assert all(0 < (each.retry_after_ms or 0) <= 30_000 for each in late)
    assert heard(lin) == ["me first"]
    for _ in range(3):
        await lin.say(room, "the owner does not wait")
    await act(lin, "update", room, settings={"slow_mode_s": 0})
    await mei.say(room, "now")


async def test_a_clock_that_was_wrong_silences_nobody_for_long(people: People) -> None:
    room = await begin(people.lin, "mei", slow_mode_s=1)
    memberships = people.nodes[0].kept.memberships
    now = now_ms()
    assert await memberships.spoke(room, "mei", now + HOUR, 1000) == 0
    assert await memberships.spoke(room, "mei", now, 1000) == 0
    assert 0 < await memberships.spoke(room, "mei", now + 1, 1000) <= 1000


# --- mentions and replies ---------------------------------------------------------------------


async def test_mentions_are_counted_for_those_they_mean(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang")
    await lin.say(room, "mei?", mentions=["mei"])
    await lin.say(room, "all", mention_all=True)
    seq = await lin.say(room, "nobody")

    async def counts(device: Any) -> tuple[int, int]:
        view = await device.view(room)
        return view["unread"], view["mentions"]

    assert [await counts(each) for each in (lin, mei, fang)] == [(0, 0), (3, 2), (3, 1)]
    assert (await mei.call("sync", {}))["badge"] == {"unread": 3, "mentions": 2}
    await lin.call("message.recall", {"conversation": room, "seq": seq - 1})
    assert await counts(mei) == (2, 1)
    await mei.call("read.mark", {"conversation": room, "seq": seq})
    assert await counts(mei) == (0, 0)


async def test_only_members_are_mentioned(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang")
    await act(lin, "remove", room, user="fang")
    for stranger in ("fang", "eve", "nobody", "$where"):
        fields = {"conversation": room, "client_id": "c", "kind": "text", "body": {"text": "hi"}}
        answer = await refused(mei, "message.send", **fields, mentions=["lin", stranger])
        assert (answer["code"], answer["path"]) == ("invalid", "mentions[1]")
    assert texts(await history(fang, room)) == []


async def test_everybody_is_mentioned_by_admins_unless_the_room_lets_all(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    with pytest.raises(ChatError):
        await mei.say(room, mention_all=True)
    await act(lin, "update", room, settings={"mention_all": "everyone"})
    await mei.say(room, mention_all=True)
    assert (await lin.view(room))["mentions"] == 1


async def test_a_reply_names_a_message_that_is_there(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    seq = await lin.say(room, "question")
    await mei.say(room, "answer", reply_to=seq)
    assert lin.told("message")[-1]["reply_to"] == seq
    with pytest.raises(ChatError) as refusal:
        await mei.say(room, reply_to=seq + 2)
    assert refusal.value.path == "reply_to"


# --- forwarding -------------------------------------------------------------------------------


async def forward(device: Any, room: str, from_: str, *seqs: int, **more: Any) -> int:
    fields = {
        "conversation": room,
        "client_id": f"f{min(seqs)}",
        "from": from_,
        "seqs": seqs,
        **more,
    }
    seq: int = (await device.call("message.forward", fields))["seq"]
    return seq


async def test_one_message_is_forwarded_as_it_is_and_names_who_said_it_first(
    people: People,
) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room, other = await begin(lin, "mei"), await begin(lin, "fang", "mei")
    seq = await lin.say(room, "news", mentions=["mei"])
    once = await forward(mei, other, room, seq)
    (message,) = [m for m in fang.told("message") if m["kind"] == "text"]
    assert (message["sender"], message["body"]) == ("mei", {"text": "news"})
    said = message["forwarded"]
    assert (said["sender"], said["name"]) == ("lin", "Lin")
    assert "mentions" not in message
    talk = await fang.open("mei")
    await forward(fang, talk, other, once)
    assert mei.told("message")[-1]["forwarded"] == said


async def test_several_are_forwarded_as_one_card(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room, other = await begin(lin, "mei"), await begin(lin, "fang", "mei")
    seqs = [await lin.say(room, "one"), await mei.say(room, "two")]
    await forward(mei, other, room, *reversed(seqs))
    card = fang.told("message")[-1]
    assert (card["kind"], card["body"]["type"]) == ("card", "forward")
    said = [(each["name"], each["body"]["text"]) for each in card["body"]["messages"]]
    assert said == [("Lin", "one"), ("Mei", "two")]


async def test_what_i_do_not_see_i_cannot_forward(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "fang", history="joined")
    before = await lin.say(room, "before mei")
    await act(lin, "add", room, users=["mei"])
    recalled = await lin.say(room, "recalled")
    await lin.call("message.recall", {"conversation": room, "seq": recalled})
    hidden = await lin.say(room, "hidden")
    await mei.call("message.delete", {"conversation": room, "seq": hidden})
    seen = await lin.say(room, "seen")
    talk = await mei.open("fang")
    for seqs in ([before], [recalled], [hidden], [seen + 1], [seen, before]):
        fields = {"conversation": talk, "client_id": "f", "from": room, "seqs": seqs}
        assert (await refused(mei, "message.forward", **fields))["code"] == "not_found"
    await forward(mei, talk, room, seen)
    assert heard(people.fang)[-1] == "seen"


async def test_a_forward_is_no_way_into_a_room(people: People) -> None:
    lin, fang = people.lin, people.fang
    room, own = await begin(lin, "mei"), await begin(lin, "fang")
    seq = await fang.say(own, "advertisement")
    fields = {"conversation": room, "client_id": "f", "from": own, "seqs": [seq]}
    answers = [
        await refused(fang, "message.forward", **{**fields, "conversation": id_})
        for id_ in (room, "r-none")
    ]
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "not_found"


# --- pins, and what I deleted for myself ------------------------------------------------------


async def test_pins_are_set_by_admins_and_seen_by_all(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", "fang")
    seqs = [await mei.say(room, str(number)) for number in range(3)]
    for seq in (seqs[2], seqs[0]):
        await lin.call("message.pin", {"conversation": room, "seq": seq})
    assert [change["type"] for change in mei.told("change")] == ["pin", "pin"]
    assert texts(await history(mei, room, pinned=True)) == ["0", "2"]
    await lin.call("message.pin", {"conversation": room, "seq": seqs[0], "on": False})
    await lin.call("message.recall", {"conversation": room, "seq": seqs[2]})
    assert await history(people.fang, room, pinned=True) == []


async def test_what_i_delete_for_myself_is_gone_on_all_my_devices_and_nobody_elses(
    people: People,
) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    tablet = await people.nodes[0].arrive("mei", "tablet")
    seqs = [await lin.say(room, str(number)) for number in range(4)]
    people.hush()
    await mei.call("message.delete", {"conversation": room, "up_to": seqs[0]})
    await mei.call("message.delete", {"conversation": room, "seq": seqs[2]})
    my = tablet.told("conversation")[-1]["conversation"]["my"]
    assert (my["cleared"], my["hidden"]) == (seqs[0], [seqs[2]])
    for device in (mei, tablet):
        assert texts(await history(device, room)) == ["1", "3"]
        synced = (await device.call("sync", {}))["conversations"][0]
        assert texts(synced["messages"]) == ["1", "3"]
    assert texts(await history(lin, room)) == ["0", "1", "2", "3"]
    assert not lin.events


async def test_a_room_of_names_on_one_message_is_bounded(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatserver.domain.message.REACTORS_PER_MESSAGE", 2)
    room = await begin(people.lin, "mei", "fang")
    place = {"conversation": room, "seq": await people.lin.say(room)}
    for device in (people.lin, people.mei):
        await device.call("message.react", {**place, "reaction": "👍"})
    answer = await refused(people.fang, "message.react", **place, reaction="👍")
    assert answer["code"] == "conflict"
    await people.mei.call("message.react", {**place, "reaction": "👍", "on": False})
    await people.fang.call("message.react", {**place, "reaction": "👍"})


# --- channels ---------------------------------------------------------------------------------


async def test_in_a_channel_few_write_and_members_are_for_admins_to_see(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "fang", kind="channel", join="open")
    await act(mei, "join", room)
    people.hush()
    assert (await cannot_write(mei, room))["code"] == "forbidden"
    seq = await lin.say(room, "sale tonight")
    assert heard(mei) == heard(fang) == ["sale tonight"]
    await mei.call("message.react", {"conversation": room, "seq": seq, "reaction": "❤"})
    await mei.call("read.mark", {"conversation": room, "seq": seq})
    assert not lin.told("read")
    answer = await lin.call("read.who", {"conversation": room, "seq": seq})
    assert answer == {"read": [], "unread": [], "read_count": 1, "unread_count": 1}
    assert (await refused(mei, "conversation.members", conversation=room))["code"] == "forbidden"
    members = await lin.call("conversation.members", {"conversation": room})
    assert [each["user"] for each in members["members"]] == ["fang", "lin", "mei"]
    assert notices(fang) == []


# --- retries ----------------------------------------------------------------------------------


@pytest.mark.parametrize("obstacle", ["slow mode", "muted", "removed"])
async def test_a_retry_of_what_was_stored_gets_its_number_whatever_happened_since(
    people: People, obstacle: str
) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", slow_mode_s=60 if obstacle == "slow mode" else 0)
    call = {"conversation": room, "client_id": "c", "kind": "text", "body": {"text": "once"}}
    first = await mei.call("message.send", call)
    if obstacle == "muted":
        await act(lin, "mute", room, user="mei", until=now_ms() + HOUR)
    if obstacle == "removed":
        await act(lin, "remove", room, user="mei")
    elsewhere = await people.nodes[0].arrive("mei", "tablet")
    for device in (mei, elsewhere):
        again = await device.call("message.send", {**call, "retry": True})
        assert again == {**first, "duplicate": True}
    other = {**call, "body": {"text": "twice"}, "retry": True}
    assert (await refused(elsewhere, "message.send", **other))["code"] == "conflict"
    assert set(heard(lin)) == {"once"}  # a node that finds it stored tells of it again
    new = {**call, "client_id": "d", "retry": True}
    assert (await refused(mei, "message.send", **new))["code"] in {"forbidden", "rate_limited"}


async def test_a_retry_of_a_forward_gets_its_number_though_its_source_was_changed(
    people: People,
) -> None:
    lin, mei = people.lin, people.mei
    room, other = await begin(lin, "mei"), await begin(lin, "mei")
    seq = await lin.say(room, "news")
    call = {"conversation": other, "client_id": "f", "from": room, "seqs": [seq]}
    first = await mei.call("message.forward", call)
    await lin.call("message.recall", {"conversation": room, "seq": seq})
    again = await mei.call("message.forward", {**call, "retry": True})
    assert again == {**first, "duplicate": True}
