"""Mei and Lin talk; Yu lives next door, and is never to see any of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from loadtest.faults.nodes import CANARY, ChatServer
from loadtest.faults.people import Person, eventually, text, token
from tests.acceptance.conftest import Cast
from tests.acceptance.javascript import JavaScriptPerson

CLIENTS = {"python": Person, "javascript": JavaScriptPerson}


@dataclass
class Scene:
    """Who is there, and where Mei and Lin talk."""

    mei: Person
    lin: Person
    yu: Person
    room: str


PAIRS = [("python", "python"), ("python", "javascript"), ("javascript", "python")]


@pytest_asyncio.fixture(params=PAIRS, ids="-".join)
async def scene(request: Any, house: ChatServer, cast: Cast) -> AsyncIterator[Scene]:
    mei_client, lin_client = (CLIENTS[name] for name in request.param)
    mei = await cast.join("mei", house, client=mei_client)
    lin = await cast.join("lin", house, client=lin_client, role="consultant")
    yu = await cast.join("yu", house)
    yield Scene(mei, lin, yu, await mei.open(lin.user))


async def nothing_reached(neighbour: Person, room: str) -> None:
    """The neighbour was told nothing about this conversation, nor any of its texts."""
    await neighbour.settled()
    assert room not in str(neighbour.events)
    assert CANARY not in str(neighbour.events)


@pytest.mark.asyncio
async def test_ready_says_who_came_in(scene: Scene) -> None:
    ready = await scene.lin.sees("ready", protocol=1)
    assert ready["me"]["user"] == scene.lin.user
    assert ready["me"]["role"] == "consultant"
    assert ready["device"] == scene.lin.device
    assert scene.lin.events[0][0] in ("ready", "connect")


@pytest.mark.asyncio
async def test_two_people_chat_in_both_directions(scene: Scene) -> None:
    asked = await scene.mei.say(scene.room, "which milk for three months?")
    got = await scene.lin.sees("message", conversation=scene.room, seq=asked["seq"])
    assert got["sender"] == scene.mei.user
    assert got["body"] == text("which milk for three months?")
    assert got["at"] == asked["at"]
    answered = await scene.lin.say(scene.room, "stage one")
    assert answered["seq"] == asked["seq"] + 1
    await scene.mei.sees("message", conversation=scene.room, seq=answered["seq"])
    await nothing_reached(scene.yu, scene.room)


@pytest.mark.asyncio
async def test_the_sending_device_gets_only_its_ack_and_the_other_devices_the_message(
    scene: Scene, house: ChatServer, cast: Cast
) -> None:
    tablet = await cast.join("mei", house, device="tablet")
    sent = await scene.mei.say(scene.room, "from the phone")
    await tablet.sees("message", seq=sent["seq"], sender=scene.mei.user)
    await scene.mei.settled()
    assert not scene.mei.seen("message", seq=sent["seq"])


@pytest.mark.asyncio
async def test_ticks_tell_of_delivery_and_reading(scene: Scene) -> None:
    sent = await scene.mei.say(scene.room, "hello")
    await scene.lin.sees("message", seq=sent["seq"])
    await scene.mei.sees("delivered", conversation=scene.room, user=scene.lin.user, seq=sent["seq"])
    ack = await scene.lin.ask("read.mark", conversation=scene.room, seq=sent["seq"])
    assert (ack["read"], ack["unread"]) == (sent["seq"], 0)
    await scene.mei.sees("read", conversation=scene.room, user=scene.lin.user, seq=sent["seq"])
    who = await scene.mei.ask("read.who", conversation=scene.room, seq=sent["seq"])
    assert (who["read_count"], who["unread_count"]) == (1, 0)
    await nothing_reached(scene.yu, scene.room)


@pytest.mark.asyncio
async def test_a_late_read_mark_changes_nothing(scene: Scene) -> None:
    for words in ("one", "two", "three"):
        await scene.mei.say(scene.room, words)
    await scene.lin.ask("read.mark", conversation=scene.room, seq=3)
    late = await scene.lin.ask("read.mark", conversation=scene.room, seq=1)
    assert (late["read"], late["unread"]) == (3, 0)


@pytest.mark.asyncio
async def test_unread_and_badge_count_what_others_sent(
    scene: Scene, house: ChatServer, cast: Cast
) -> None:
    await scene.mei.say(scene.room, "one")
    await scene.mei.say(scene.room, "two", mentions=[scene.lin.user])
    view = (await scene.lin.ask("conversation.get", conversation=scene.room))["conversation"]
    assert (view["unread"], view["mentions"], view["head"]["seq"]) == (2, 1, 2)
    assert (await scene.lin.ask("sync"))["badge"] == {"unread": 2, "mentions": 1}
    own = (await scene.mei.ask("conversation.get", conversation=scene.room))["conversation"]
    assert own["unread"] == 0
    tablet = await cast.join("lin", house, device="tablet", role="consultant")
    await scene.lin.ask("read.mark", conversation=scene.room, seq=1)
    await tablet.sees("badge", unread=1, mentions=1)
    await scene.lin.ask("read.mark", conversation=scene.room, seq=2)
    await tablet.sees("badge", unread=0, mentions=0)
    assert not scene.mei.seen("badge")


@pytest.mark.asyncio
async def test_typing_is_shown_to_the_other_and_ends(scene: Scene) -> None:
    await scene.mei.ask("typing", conversation=scene.room, on=True)
    await scene.lin.sees("typing", conversation=scene.room, user=scene.mei.user, on=True)
    await scene.mei.ask("typing", conversation=scene.room, on=False)
    await scene.lin.sees("typing", conversation=scene.room, user=scene.mei.user, on=False)
    await nothing_reached(scene.yu, scene.room)


@pytest.mark.asyncio
async def test_edit_react_and_recall_reach_everybody_who_may_see(scene: Scene) -> None:
    seq = (await scene.mei.say(scene.room, "thre months"))["seq"]
    await scene.mei.ask("message.edit", conversation=scene.room, seq=seq, body=text("three months"))
    edit = await scene.lin.sees("change", conversation=scene.room, mod=1, type="edit", seq=seq)
    assert edit["body"] == text("three months")
    await scene.lin.ask("message.react", conversation=scene.room, seq=seq, reaction="👍")
    await scene.mei.sees("change", mod=2, type="react", reaction="👍", by=scene.lin.user, on=True)
    page = await scene.lin.ask("history.get", conversation=scene.room)
    assert page["messages"][0]["reactions"] == {"👍": [scene.lin.user]}
    await scene.mei.ask("message.recall", conversation=scene.room, seq=seq)
    await scene.lin.sees("change", mod=3, type="recall", seq=seq)
    page = await scene.lin.ask("history.get", conversation=scene.room)
    assert page["messages"][0]["recalled"] is True
    assert CANARY not in str(page)
    await nothing_reached(scene.yu, scene.room)


@pytest.mark.asyncio
async def test_only_the_sender_may_edit_or_recall(scene: Scene) -> None:
    seq = (await scene.mei.say(scene.room, "mine"))["seq"]
    where: dict[str, Any] = {"conversation": scene.room, "seq": seq}
    assert await scene.lin.refused("message.edit", **where, body=text("yours")) == "forbidden"
    assert await scene.lin.refused("message.recall", **where) == "forbidden"


@pytest.mark.asyncio
async def test_a_new_device_gets_everything_by_sync(
    scene: Scene, house: ChatServer, cast: Cast
) -> None:
    for words in ("one", "two", "three"):
        await scene.mei.say(scene.room, words)
    await scene.lin.ask("read.mark", conversation=scene.room, seq=2)
    await scene.mei.ask("message.edit", conversation=scene.room, seq=1, body=text("first"))
    tablet = await cast.join("lin", house, device="tablet", role="consultant")
    answer = await tablet.ask("sync", have={})
    mine = next(c for c in answer["conversations"] if c["id"] == scene.room)
    assert [message["seq"] for message in mine["messages"]] == [1, 2, 3]
    assert mine["messages"][0]["body"] == text("first")
    assert (mine["unread"], mine["read"]) == (1, 2)
    assert mine["head"] == {"seq": 3, "mod": 1}


@pytest.mark.asyncio
async def test_a_device_that_was_away_gets_only_what_it_missed(scene: Scene) -> None:
    await scene.mei.say(scene.room, "before")
    await scene.lin.sees("message", seq=1)
    first = await scene.lin.ask("sync", have={scene.room: [1, 0]})
    await scene.lin.close()
    await scene.mei.say(scene.room, "meanwhile")
    await scene.lin.connect()
    have = {scene.room: [1, 0]}
    answer = await scene.lin.ask("sync", have=have, token=first["token"])
    mine = next(c for c in answer["conversations"] if c["id"] == scene.room)
    assert [message["seq"] for message in mine["messages"]] == [2]


@pytest.mark.asyncio
async def test_a_retry_gets_the_original_answer(scene: Scene) -> None:
    first = await scene.mei.say(scene.room, "once", client_id="c-1")
    again = await scene.mei.say(scene.room, "once", client_id="c-1", retry=True)
    unmarked = await scene.mei.say(scene.room, "once", client_id="c-1")
    for ack in (again, unmarked):
        assert ack["duplicate"] is True
        assert (ack["seq"], ack["at"]) == (first["seq"], first["at"])
    page = await scene.lin.ask("history.get", conversation=scene.room)
    assert len(page["messages"]) == 1


@pytest.mark.asyncio
async def test_the_same_id_with_another_body_is_a_conflict(scene: Scene) -> None:
    await scene.mei.say(scene.room, "once", client_id="c-1")
    other: dict[str, Any] = {"client_id": "c-1", "kind": "text", "body": text("other")}
    assert await scene.mei.refused("message.send", conversation=scene.room, **other) == "conflict"
    ack = await scene.lin.say(scene.room, "the id of somebody else is free", client_id="c-1")
    assert ack["seq"] == 2


@pytest.mark.asyncio
async def test_a_neighbour_cannot_tell_a_forbidden_conversation_from_none(scene: Scene) -> None:
    await scene.mei.say(scene.room, "private")
    absent = "d" + "0" * 30
    calls: dict[str, dict[str, Any]] = {
        "conversation.get": {},
        "conversation.prefs": {"pinned": True},
        "message.send": {"client_id": "c", "kind": "text", "body": text("let me in")},
        "message.edit": {"seq": 1, "body": text("changed")},
        "message.recall": {"seq": 1},
        "message.react": {"seq": 1, "reaction": "👍"},
        "history.get": {},
        "changes.get": {"after": 0},
        "read.mark": {"seq": 1},
        "read.who": {"seq": 1},
        "typing": {"on": True},
    }
    for event, fields in calls.items():
        there = await scene.yu.call(event, {"conversation": scene.room, **fields})
        nowhere = await scene.yu.call(event, {"conversation": absent, **fields})
        assert there == nowhere, event
        assert (there["ok"], there["code"]) == (False, "not_found"), event
    answer = await scene.yu.ask("sync", have={scene.room: [0, 0]})
    assert scene.room not in [conversation["id"] for conversation in answer["conversations"]]
    await nothing_reached(scene.yu, scene.room)
    await scene.mei.settled()
    assert not scene.mei.seen("typing", user=scene.yu.user)


@pytest.mark.asyncio
async def test_a_direct_conversation_is_the_same_for_ever(scene: Scene) -> None:
    assert await scene.lin.open(scene.mei.user) == scene.room
    assert await scene.mei.open(scene.lin.user) == scene.room
    assert await scene.yu.open(scene.lin.user) != scene.room


@pytest.mark.asyncio
async def test_a_muted_conversation_counts_and_does_not_badge(scene: Scene) -> None:
    await scene.lin.ask("conversation.prefs", conversation=scene.room, mode="silent")
    await scene.mei.say(scene.room, "quietly")
    await scene.lin.sees("message", seq=1)
    view = (await scene.lin.ask("conversation.get", conversation=scene.room))["conversation"]
    assert view["unread"] == 1
    await scene.lin.settled()
    assert not [badge for badge in scene.lin.seen("badge") if badge["unread"]]


@pytest.mark.asyncio
async def test_people_cannot_write_in_somebody_elses_name(scene: Scene) -> None:
    forged = {"sender": scene.lin.user, "seq": 99, "at": 1}
    ack = await scene.mei.say(scene.room, "honest", **forged)
    assert ack["seq"] == 1
    message = await scene.lin.sees("message", seq=1)
    assert message["sender"] == scene.mei.user
    assert message["at"] > 1


@pytest.mark.asyncio
async def test_presence_is_told_to_those_who_share_a_conversation(
    house: ChatServer, cast: Cast
) -> None:
    mei, lin, yu = [await cast.join(who, house) for who in ("mei", "lin", "yu")]
    await mei.open(lin.user)
    shown = await mei.ask("presence.watch", users=[lin.user, yu.user])
    assert set(shown["presence"]) == {lin.user}
    assert shown["presence"][lin.user]["state"] == "online"
    hidden = await yu.ask("presence.watch", users=[lin.user])
    assert hidden["presence"] == {}
    await lin.close()
    gone = await mei.sees("presence", user=lin.user, state="offline")
    assert gone["last_seen"] > 0
    await lin.connect()
    await mei.sees("presence", user=lin.user, state="online")
    await nothing_reached(yu, lin.user)


@pytest.mark.asyncio
async def test_who_turns_away_from_the_app_is_away_and_the_shop_without_staff_too(
    house: ChatServer, cast: Cast
) -> None:
    mei, shop = await cast.join("mei", house), cast.name("shop")
    lin = cast.person("lin", house)
    lin.role, lin.token = "consultant", token(lin.user, "consultant", name="Lin", shop=shop)
    assert (await mei.ask("shop.status", shop=f"{shop}-2"))["online"] is False
    await lin.connect()
    await mei.open(lin.user)
    await mei.ask("presence.watch", users=[lin.user])
    await lin.ask("device.update", foreground=False)
    await mei.sees("presence", user=lin.user, state="away")
    assert await mei.ask("shop.status", shop=shop) == {
        "ok": True, "online": False, "answers_in_ms": None,
    }  # fmt: skip
    await lin.ask("device.update", foreground=True)
    await mei.sees("presence", user=lin.user, state="online")

    async def is_online() -> bool:
        return bool((await mei.ask("shop.status", shop=shop))["online"])

    await eventually(is_online, "somebody is back in the shop")
