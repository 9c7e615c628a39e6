"""Rooms: who comes in, who goes, and what each of them sees of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatserver.clock import now_ms
from chatserver.domain import room as rules
from chatserver.errors import Busy, ChatError, Forbidden
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


async def test_whoever_is_in_a_room_hears_it_and_nobody_else(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang")
    await mei.say(room, "早上好")
    assert heard(fang) == heard(lin) == ["早上好"]
    assert heard(mei) == []
    assert (await refused(people.eve, "conversation.get", conversation=room))["code"] == "not_found"


async def test_beginning_a_room_again_gives_the_same_one(people: People) -> None:
    call = {"kind": "group", "title": "三月宝宝", "client_id": "c1", "members": ["mei", "mei"]}
    first, again = [
        (await people.lin.call("conversation.open", call))["conversation"] for _ in range(2)
    ]
    assert first["id"] == again["id"]
    assert first["room"]["count"] == again["room"]["count"] == 2
    assert notices(people.mei) == ["added"]
    other = (await people.lin.call("conversation.open", call | {"client_id": "c2"}))["conversation"]
    assert other["id"] != first["id"]


async def test_a_room_has_people_who_exist_and_a_title(people: People) -> None:
    call = {"kind": "group", "title": "三月宝宝"}
    answer = await refused(people.lin, "conversation.open", **call, members=["nobody"])
    assert answer["code"] == "not_found"
    for title in ("", "  ", "a\nb", "a\0b", None):
        answer = await refused(people.lin, "conversation.open", kind="group", title=title)
        assert (answer["code"], answer["path"]) == ("invalid", "title")
    listed = await people.lin.call("conversation.list", {})
    assert listed["conversations"] == []


@pytest.mark.parametrize("name", ["$set", "a.b", "$where.x", "\u202eabc", "<b>x</b>"])
async def test_names_that_mean_something_to_a_database_are_names(people: People, name: str) -> None:
    odd = await people.nodes[0].arrive(name)
    room = await begin(people.lin, name)
    await act(people.lin, "update", room, title=name, announcement=name)
    seq = (await history(odd, room))[-1]["seq"]
    await odd.call("message.react", {"conversation": room, "seq": 2, "reaction": "$inc"})
    await people.lin.call("message.pin", {"conversation": room, "seq": 2})
    added = (await history(odd, room))[1]
    assert (added["body"]["users"], set(added["body"]["names"])) == ([name], {name, "lin"})
    assert (added["reactions"], added["pinned"]) == ({"$inc": [name]}, True)
    view = await odd.view(room)
    assert (view["room"]["title"], view["room"]["announcement"]["text"]) == (name, name)
    await odd.say(room, "hi", mentions=[name, "lin"])
    assert (await people.lin.view(room))["mentions"] == 1
    await act(people.lin, "remove", room, user=name)
    assert (await odd.view(room))["me"]["state"] == "removed"
    assert seq == 4


async def test_what_a_room_shows_of_itself_reaches_everybody(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    people.hush()
    before = now_ms()
    avatar = "https://example.org/a.png"
    await act(lin, "update", room, title="四月宝宝", avatar=avatar, announcement="周六抚触课")
    shown = mei.told("conversation")[-1]["conversation"]["room"]
    assert (shown["title"], shown["avatar"]) == ("四月宝宝", avatar)
    announcement = shown["announcement"]
    assert (announcement["text"], announcement["by"]) == ("周六抚触课", "lin")
    assert before <= announcement["at"] <= now_ms()
    assert notices(mei) == ["title", "avatar", "announcement"]
    people.hush()
    await act(lin, "update", room, title="四月宝宝")
    assert not mei.events


async def test_an_invitation_is_accepted_or_declined(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "fang")
    await lin.say(room, "secret")
    await act(fang, "add", room, users=["mei"])
    view = await mei.view(room)
    assert (view["me"]["state"], view["head"]["seq"], view["last"]) == ("invited", 0, None)
    assert await history(mei, room) == []
    people.hush()
    await lin.say(room, "still secret")
    assert not mei.events
    view = await act(mei, "leave", room)
    assert view["me"]["state"] == "left"
    await act(fang, "add", room, users=["mei"])
    view = await act(mei, "join", room)
    assert (view["me"]["state"], view["room"]["count"], view["unread"]) == ("in", 3, 0)
    people.hush()
    await fang.say(room, "welcome")
    assert heard(mei) == ["welcome"]


async def test_who_asks_is_let_in_by_an_admin(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, join="approval")
    await act(lin, "update", room, announcement="inside")
    view = await act(mei, "join", room)
    assert (view["me"]["state"], view["room"]["announcement"]) == ("asked", None)
    assert lin.told("conversation")[-1]["conversation"]["room"]["asked"] == 1
    waiting = await lin.call("conversation.members", {"conversation": room, "state": "asked"})
    assert [(each["user"], each["name"]) for each in waiting["members"]] == [("mei", "Mei")]
    await act(lin, "add", room, users=["mei"])
    assert mei.told("conversation")[-1]["conversation"]["me"]["state"] == "in"
    assert (await mei.view(room))["room"]["announcement"]["text"] == "inside"
    await act(lin, "remove", room, user="mei")
    await act(mei, "join", room)
    await act(lin, "remove", room, user="mei")
    assert (await mei.view(room))["me"]["state"] == "removed"
    assert (await lin.view(room))["room"]["asked"] == 0


async def test_who_is_banned_stays_out_until_it_is_lifted(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", join="open")
    await act(lin, "ban", room, user="mei", until=now_ms() + HOUR)
    assert (await refused(mei, "conversation.join", conversation=room))["code"] == "not_found"
    answer = await refused(lin, "conversation.add", conversation=room, users=["mei"])
    assert answer["code"] == "forbidden"
    banned = await lin.call("conversation.members", {"conversation": room, "state": "banned"})
    assert [each["user"] for each in banned["members"]] == ["mei"]
    await act(lin, "ban", room, user="mei", until=0)
    assert (await act(mei, "join", room))["me"]["state"] == "in"


async def test_a_ban_is_over_when_its_time_is(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", join="open")
    until = now_ms() + 300
    await act(lin, "ban", room, user="mei", until=until)
    await asyncio.sleep((until + 1 - now_ms()) / 1000)
    assert (await act(mei, "join", room))["me"]["state"] == "in"


async def test_a_room_is_handed_over_before_its_owner_leaves(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    assert (await refused(lin, "conversation.leave", conversation=room))["code"] == "forbidden"
    await act(lin, "role", room, user="mei", role="owner")
    view = await mei.view(room)
    assert (view["me"]["role"], view["room"]["owner"]) == ("owner", "mei")
    assert mei.told("conversation")[-1]["conversation"]["me"]["role"] == "owner"
    await act(lin, "leave", room)
    await act(mei, "update", room, title="mine")
    assert notices(mei)[-3:] == ["role", "left", "title"]


async def test_two_admins_at_once_leave_a_room_in_order(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang")
    for user in ("mei", "fang"):
        await act(lin, "role", room, user=user, role="admin")
    outcomes = await asyncio.gather(
        act(lin, "role", room, user="mei", role="owner"),
        act(lin, "role", room, user="fang", role="owner"),
        act(mei, "mute", room, until=now_ms() + HOUR),
        act(fang, "update", room, title="race"),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Forbidden) for each in outcomes[:2]) == 1
    page = await lin.call("conversation.members", {"conversation": room})
    owners = [each["user"] for each in page["members"] if each["role"] == "owner"]
    view = await lin.view(room)
    assert owners == [view["room"]["owner"]]
    assert view["room"]["title"] == "race"


async def test_of_the_last_two_places_two_are_taken(people: People, start_node: Any) -> None:
    small = await start_node(room_members_max=3)
    owner = await small.arrive("owner", role="consultant")
    room = await begin(owner, join="open")
    crowd = [await people.nodes[n % 2].arrive(f"user{n}") for n in range(6)]

    async def come(device: Any) -> bool:
        while True:
            try:
                await act(device, "join", room)
            except Busy:
                continue
            except ChatError:
                return False
            return True

    came = await asyncio.gather(*(come(device) for device in crowd))
    page = await owner.call("conversation.members", {"conversation": room})
    assert sum(came) == 2
    assert (await owner.view(room))["room"]["count"] == len(page["members"]) == 3


async def test_a_hundred_people_come_in_by_one_call(people: People) -> None:
    names = [f"user{n:03}" for n in range(100)]
    await asyncio.gather(*(people.nodes[0].arrive(name) for name in names))
    room = await begin(people.lin)
    view = await act(people.lin, "add", room, users=names)
    assert view["room"]["count"] == 101
    assert view["last"]["body"]["users"] == names
    page = await people.lin.call("conversation.members", {"conversation": room, "limit": 60})
    rest = await people.lin.call(
        "conversation.members", {"conversation": room, "after": page["members"][-1]["user"]}
    )
    assert [page["more"], rest["more"]] == [True, False]
    seen = [each["user"] for each in [*page["members"], *rest["members"]]]
    assert seen == sorted(["lin", *names])


async def test_a_newcomer_sees_what_the_room_shows_newcomers(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", history="joined")
    hidden = await lin.say(room, "earlier")
    await act(lin, "add", room, users=["fang"])
    seen = await lin.say(room, "later")
    assert [m["seq"] for m in await history(fang, room)] == [hidden + 1, seen]
    assert (await fang.view(room))["me"]["first"] == hidden + 1
    assert await history(fang, room, around=hidden) == await history(fang, room)
    fang.frames.clear()
    edit = {"conversation": room, "seq": hidden, "body": {"text": "secret"}}
    await lin.call("message.edit", edit)
    assert not fang.told("change")
    changes = await fang.call("changes.get", {"conversation": room, "after": 0})
    assert [c["type"] for c in changes["changes"]] == ["void"]
    changes = await mei.call("changes.get", {"conversation": room, "after": 0})
    assert changes["changes"][0]["body"] == {"text": "secret"}
    for name, fields in (
        ("message.react", {"seq": hidden, "reaction": "👍"}),
        ("message.delete", {"seq": hidden}),
        ("read.who", {"seq": hidden}),
    ):
        assert (await refused(fang, name, conversation=room, **fields))["code"] == "not_found"
    with pytest.raises(ChatError):
        await fang.say(room, reply_to=hidden)


async def test_a_newcomer_sees_the_last_messages_where_the_room_says_so(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, history="last", history_last=2)
    for number in range(5):
        await lin.say(room, str(number))
    await act(lin, "add", room, users=["mei"])
    await lin.say(room, "5")
    assert texts(await history(mei, room)) == ["3", "4", "5"]


async def test_a_message_told_late_is_not_heard_by_who_came_in_after_it(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "fang", history="joined")
    node = people.nodes[0]
    tell, late = node.delivery.tell_sent, []
    node.delivery.tell_sent = lambda *args, **given: late.append((args, given))
    await lin.say(room, "before mei")
    node.delivery.tell_sent = tell
    await act(lin, "add", room, users=["mei"])
    for args, given in late:
        tell(*args, **given)
    assert heard(people.fang) == ["before mei"]
    assert heard(mei) == []


async def test_who_comes_again_sees_what_newcomers_see(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", join="open", history="joined")
    await lin.say(room, "first time")
    await act(mei, "leave", room)
    await lin.say(room, "while away")
    view = await act(mei, "join", room)
    await lin.say(room, "second time")
    assert view["unread"] == 0
    assert texts(await history(mei, room)) == ["second time"]
    assert heard(mei)[-1] == "second time"


async def test_what_the_server_says_is_nobodys_to_change_and_counts_for_nobody(
    people: People,
) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    await act(lin, "update", room, title="四月宝宝")
    view = await mei.view(room)
    said = view["last"]
    assert (view["unread"], view["mentions"]) == (0, 0)
    assert (said["kind"], said["sender"]) == ("system", "")
    assert (said["body"]["by"], said["body"]["names"]) == ("lin", {"lin": "Lin"})
    place = {"conversation": room, "seq": said["seq"]}
    for name, fields in (
        ("message.edit", {"body": {"text": "no"}}),
        ("message.recall", {}),
    ):
        assert (await refused(lin, name, **place, **fields))["code"] == "forbidden"
    talk = await lin.open("fang")
    forward = {"conversation": talk, "client_id": "f", "from": room, "seqs": [said["seq"]]}
    assert (await refused(lin, "message.forward", **forward))["code"] == "forbidden"


async def test_the_last_one_out_leaves_a_room_to_which_only_its_owner_returns(
    people: People,
) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", join="open")
    await act(mei, "leave", room)
    await act(lin, "leave", room)
    assert (await refused(mei, "conversation.join", conversation=room))["code"] == "not_found"
    view = await act(lin, "join", room)
    assert (view["me"]["role"], view["room"]["count"]) == ("owner", 1)
    assert (await act(mei, "join", room))["room"]["count"] == 2


async def test_the_rule_of_admins_holds_also_when_two_are_made_at_once(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "ADMINS_MAX", 1)
    room = await begin(people.lin, "mei", "fang")
    outcomes = await asyncio.gather(
        *(act(people.lin, "role", room, user=user, role="admin") for user in ("mei", "fang")),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Forbidden) for each in outcomes) == 1
