"""Rooms: who comes in, who goes, and what each of them sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from chatserver.clock import now_ms
from chatserver.errors import Forbidden, NotFound

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def people(node: Any) -> AsyncIterator[dict[str, Any]]:
    """Lin works in the shop; Mei and Fang are customers; Eve must not see it."""
    yield {
        "lin": await node.arrive("lin", role="consultant"),
        "mei": await node.arrive("mei"),
        "fang": await node.arrive("fang"),
        "eve": await node.arrive("eve"),
    }


async def begin(owner: Any, *members: str, **settings: Any) -> str:
    """A group with its first members."""
    answer = await owner.call(
        "conversation.open",
        {"kind": "group", "title": "三月宝宝", "members": list(members), "settings": settings},
    )
    id_: str = answer["conversation"]["id"]
    return id_


async def test_whoever_is_in_a_room_hears_it_and_nobody_else(people: dict[str, Any]) -> None:
    lin, mei, fang, eve = people.values()
    room = await begin(lin, "mei", "fang")
    seq = await mei.say(room, "早上好")
    assert [m["seq"] for m in fang.told("message") if m["kind"] == "text"] == [seq]
    assert [m["seq"] for m in lin.told("message") if m["kind"] == "text"] == [seq]
    assert not [m for m in mei.told("message") if m["kind"] == "text"]
    assert not eve.events
    with pytest.raises(NotFound):
        await eve.view(room)


async def test_who_is_removed_keeps_what_was_and_hears_nothing_more(people: dict[str, Any]) -> None:
    lin, mei, fang, _eve = people.values()
    room = await begin(lin, "mei", "fang")
    before = await mei.say(room, "before")
    await lin.call("conversation.remove", {"conversation": room, "user": "mei"})
    view = await mei.view(room)
    fang.frames.clear()
    mei.frames.clear()
    await lin.say(room, "after")
    assert fang.told("message")
    assert not mei.events
    assert view["me"]["state"] == "removed"
    assert view["head"]["seq"] == before + 1  # the notice that says so is the last one
    page = await mei.call("history.get", {"conversation": room})
    assert page["messages"][-1]["body"]["type"] == "removed"
    with pytest.raises(Forbidden):
        await mei.say(room, "let me in")


async def test_a_newcomer_sees_what_the_room_shows_newcomers(people: dict[str, Any]) -> None:
    lin, mei, fang, _eve = people.values()
    room = await begin(lin, "mei", history="joined")
    hidden = await lin.say(room, "earlier")
    await lin.call("conversation.add", {"conversation": room, "users": ["fang"]})
    seen = await lin.say(room, "later")
    page = await fang.call("history.get", {"conversation": room})
    assert [m["seq"] for m in page["messages"]] == [hidden + 1, seen]
    assert (await fang.view(room))["me"]["first"] == hidden + 1
    fang.frames.clear()
    await lin.call(
        "message.edit", {"conversation": room, "seq": hidden, "body": {"text": "secret"}}
    )
    assert not fang.told("change")
    changes = await fang.call("changes.get", {"conversation": room, "after": 0})
    assert [c["type"] for c in changes["changes"]] == ["void"]
    assert (await mei.call("changes.get", {"conversation": room, "after": 0}))["changes"][0][
        "body"
    ] == {"text": "secret"}


def then_first(node: Any, monkeypatch: pytest.MonkeyPatch, what: Callable[[], Any]) -> None:
    """Have something happen while an act on a room is under way: before it is saved."""
    settle = node.kept.rooms.settle

    async def late(*args: Any) -> Any:
        await what()
        return await settle(*args)

    monkeypatch.setattr(node.kept.rooms, "settle", late)


async def test_what_was_heard_before_going_stays_readable(
    people: dict[str, Any], node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, mei, fang, _eve = people.values()
    room = await begin(lin, "mei", "fang")
    seq = await fang.say(room, "hello")

    async def react() -> None:
        await fang.call(
            "message.react", {"conversation": room, "seq": seq, "reaction": "👍", "on": True}
        )

    then_first(node, monkeypatch, react)
    await lin.call("conversation.remove", {"conversation": room, "user": "mei"})
    assert mei.told("change")
    page = await mei.call("history.get", {"conversation": room, "after": seq - 1})
    assert page["messages"][0]["reactions"] == {"👍": ["fang"]}
    assert (await mei.view(room))["head"]["mod"] == 1


async def test_going_quietly_keeps_what_was_heard_before(
    people: dict[str, Any], node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, mei, fang, _eve = people.values()
    room = await begin(lin, "mei", "fang")
    monkeypatch.setattr("chatserver.domain.conversation.LARGE_FROM", 1)
    then_first(node, monkeypatch, lambda: fang.say(room, "hello"))
    view = (await mei.call("conversation.leave", {"conversation": room}))["conversation"]
    assert view["head"]["seq"] == mei.told("message")[-1]["seq"]


async def test_a_refused_invitation_shows_nothing(people: dict[str, Any]) -> None:
    lin, mei, fang, eve = people.values()
    room = await begin(lin, "mei")
    await mei.say(room, "hello")
    await mei.call("conversation.add", {"conversation": room, "users": ["fang"]})
    assert (await fang.view(room))["me"]["state"] == "invited"
    await lin.call("conversation.remove", {"conversation": room, "user": "fang"})
    view = await fang.view(room)
    assert (view["me"]["state"], view["head"]["seq"], view["last"]) == ("removed", 0, None)
    found = await mei.call("conversation.members", {"conversation": room, "users": ["fang"]})
    assert found["members"] == []
    assert not eve.events


async def test_who_went_has_nothing_unread_and_sees_no_news(people: dict[str, Any]) -> None:
    lin, mei, _fang, _eve = people.values()
    room = await begin(lin, "mei")
    await lin.say(room, "unread")
    assert (await mei.view(room))["unread"] == 1
    await lin.call("conversation.remove", {"conversation": room, "user": "mei"})
    await lin.call("conversation.update", {"conversation": room, "announcement": "secret"})
    view = await mei.view(room)
    assert (view["unread"], view["room"]["announcement"]) == (0, None)
    assert (await lin.view(room))["room"]["announcement"]["text"] == "secret"


async def test_who_went_reads_on_and_only_they_hear_it(people: dict[str, Any], node: Any) -> None:
    lin, mei, _fang, _eve = people.values()
    room = await begin(lin, "mei")
    tablet = await node.arrive("mei", "tablet")
    seq = await lin.say(room)
    await lin.call("conversation.remove", {"conversation": room, "user": "mei"})
    await mei.call("read.mark", {"conversation": room, "seq": seq})
    assert tablet.told("read") == [{"conversation": room, "user": "mei", "seq": seq}]
    assert not lin.told("read")


async def test_a_newcomer_is_not_shown_the_message_before(
    people: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, _mei, fang, _eve = people.values()
    monkeypatch.setattr("chatserver.domain.conversation.LARGE_FROM", 1)  # nobody is announced
    room = await begin(lin, history="joined")
    await lin.say(room, "secret")
    await lin.call("conversation.add", {"conversation": room, "users": ["fang"]})
    assert (await fang.view(room))["last"] is None
    assert "secret" not in str(await fang.call("sync", {}))


async def test_a_message_deleted_for_oneself_is_not_unread(people: dict[str, Any]) -> None:
    lin, mei, _fang, _eve = people.values()
    room = await begin(lin, "mei")
    both = [await lin.say(room, mention_all=True) for _ in range(2)]
    await mei.call("message.delete", {"conversation": room, "seq": both[0]})
    view = await mei.view(room)
    assert (view["unread"], view["mentions"]) == (1, 1)
    await lin.call("message.recall", {"conversation": room, "seq": both[0]})
    view = await mei.view(room)
    assert (view["unread"], view["mentions"]) == (1, 1)


async def test_a_sync_tells_of_a_room_in_which_nothing_was_said(
    people: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, mei, _fang, eve = people.values()
    room = await begin(lin, "mei", join="approval")
    head = (await mei.view(room))["head"]
    later = now_ms() + 600_000
    monkeypatch.setattr("chatserver.gateway.handlers.now_ms", lambda: later)

    async def sync(token: str | None) -> Any:
        have = {room: [head["seq"], head["mod"]]}
        return await mei.call("sync", {"have": have, **({"token": token} if token else {})})

    first = await sync((await sync(None))["token"])
    assert first["conversations"] == []
    await eve.call("conversation.join", {"conversation": room})
    second = await sync(first["token"])
    assert [c["room"]["asked"] for c in second["conversations"]] == [1]


async def test_names_of_people_who_spoke_are_found_also_when_they_went(
    people: dict[str, Any],
) -> None:
    lin, mei, fang, eve = people.values()
    room = await begin(lin, "mei", "fang")
    await fang.say(room)
    await fang.call("conversation.leave", {"conversation": room})
    asked = {"conversation": room, "users": ["fang", "lin", "eve"]}
    found = (await mei.call("conversation.members", asked))["members"]
    assert {m["user"]: (m["name"], m["state"]) for m in found} == {
        "fang": ("Fang", "left"), "lin": ("Lin", "in"),
    }  # fmt: skip
    with pytest.raises(Forbidden):
        await fang.call("conversation.members", asked)
    with pytest.raises(NotFound):
        await eve.call("conversation.members", asked)


async def test_members_of_a_channel_find_the_names_of_its_admins_alone(
    people: dict[str, Any],
) -> None:
    lin, mei, _fang, _eve = people.values()
    answer = await lin.call(
        "conversation.open", {"kind": "channel", "title": "新品", "members": ["mei", "fang"]}
    )
    room = answer["conversation"]["id"]
    asked = {"conversation": room, "users": ["lin", "fang"]}
    found = (await mei.call("conversation.members", asked))["members"]
    assert [m["user"] for m in found] == ["lin"]
    with pytest.raises(Forbidden):
        await mei.call("conversation.members", {"conversation": room})


async def test_who_is_removed_during_their_sync_hears_nothing_more(
    people: dict[str, Any], node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, mei, _fang, _eve = people.values()
    room = await begin(lin, "mei")
    compose = node.services.sync._views.compose

    async def slowly(*args: Any) -> Any:
        monkeypatch.undo()
        await lin.call("conversation.remove", {"conversation": room, "user": "mei"})
        return await compose(*args)

    monkeypatch.setattr(node.services.sync._views, "compose", slowly)
    await mei.call("sync", {})
    mei.frames.clear()
    await lin.say(room, "secret")
    assert not mei.events


async def test_who_is_brought_in_during_their_sync_hears_what_is_said(
    people: dict[str, Any], node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, mei, _fang, _eve = people.values()
    room = await begin(lin)
    await mei.open("lin")
    compose = node.services.sync._views.compose

    async def slowly(*args: Any) -> Any:
        monkeypatch.undo()
        await lin.call("conversation.add", {"conversation": room, "users": ["mei"]})
        return await compose(*args)

    monkeypatch.setattr(node.services.sync._views, "compose", slowly)
    await mei.call("sync", {})
    mei.frames.clear()
    await lin.say(room, "welcome")
    assert mei.told("message")
