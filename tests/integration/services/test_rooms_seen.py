"""Rooms: what somebody may see of a room they joined late, left, or were asked into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatserver.errors import Forbidden, NotFound
from tests.integration.services.rooms import People, begin

pytestmark = pytest.mark.asyncio


def then_first(people: People, monkeypatch: pytest.MonkeyPatch, what: Callable[[], Any]) -> None:
    """Have something happen while an act on a room is under way: before it is saved."""

    def late(settle: Callable[..., Any]) -> Callable[..., Any]:
        async def settle_late(*args: Any, **options: Any) -> Any:
            await what()
            return await settle(*args, **options)

        return settle_late

    for rooms in (node.kept.rooms for node in people.nodes):
        monkeypatch.setattr(rooms, "settle", late(rooms.settle))


async def test_what_was_heard_before_going_stays_readable(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang")
    seq = await fang.say(room, "hello")

    async def react() -> None:
        await fang.call(
            "message.react", {"conversation": room, "seq": seq, "reaction": "👍", "on": True}
        )

    then_first(people, monkeypatch, react)
    await lin.call("conversation.remove", {"conversation": room, "user": "mei"})
    assert mei.told("change")
    page = await mei.call("history.get", {"conversation": room, "after": seq - 1})
    assert page["messages"][0]["reactions"] == {"👍": ["fang"]}
    assert (await mei.view(room))["head"]["mod"] == 1


async def test_going_quietly_keeps_what_was_heard_before(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei", "fang")
    monkeypatch.setattr("chatserver.domain.conversation.LARGE_FROM", 1)
    then_first(people, monkeypatch, lambda: fang.say(room, "hello"))
    view = (await mei.call("conversation.leave", {"conversation": room}))["conversation"]
    assert view["head"]["seq"] == mei.told("message")[-1]["seq"]


async def test_a_refused_invitation_shows_nothing(people: People) -> None:
    lin, mei, fang = people.lin, people.mei, people.fang
    room = await begin(lin, "mei")
    await mei.say(room, "hello")
    await mei.call("conversation.add", {"conversation": room, "users": ["fang"]})
    assert (await fang.view(room))["me"]["state"] == "invited"
    await lin.call("conversation.remove", {"conversation": room, "user": "fang"})
    view = await fang.view(room)
    assert (view["me"]["state"], view["head"]["seq"], view["last"]) == ("removed", 0, None)
    found = await mei.call("conversation.members", {"conversation": room, "users": ["fang"]})
    assert found["members"] == []


async def test_who_went_has_nothing_unread_and_sees_no_news(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    await lin.say(room, "unread")
    assert (await mei.view(room))["unread"] == 1
    await lin.call("conversation.remove", {"conversation": room, "user": "mei"})
    await lin.call("conversation.update", {"conversation": room, "announcement": "secret"})
    view = await mei.view(room)
    assert (view["unread"], view["room"]["announcement"]) == (0, None)
    assert (await lin.view(room))["room"]["announcement"]["text"] == "secret"


async def test_a_newcomer_is_not_shown_the_message_before(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    lin, fang = people.lin, people.fang
    monkeypatch.setattr("chatserver.domain.conversation.LARGE_FROM", 1)  # nobody is announced
    room = await begin(lin, history="joined")
    await lin.say(room, "secret")
    await lin.call("conversation.add", {"conversation": room, "users": ["fang"]})
    assert (await fang.view(room))["last"] is None
    assert "secret" not in str(await fang.call("sync", {}))


async def test_a_message_deleted_for_oneself_is_not_unread(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei")
    both = [await lin.say(room, mention_all=True) for _ in range(2)]
    await mei.call("message.delete", {"conversation": room, "seq": both[0]})
    view = await mei.view(room)
    assert (view["unread"], view["mentions"]) == (1, 1)
    await lin.call("message.recall", {"conversation": room, "seq": both[0]})
    view = await mei.view(room)
    assert (view["unread"], view["mentions"]) == (1, 1)


async def test_names_of_people_who_spoke_are_found_also_when_they_went(
    people: People,
) -> None:
    lin, mei, fang, eve = people.lin, people.mei, people.fang, people.eve
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
    people: People,
) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", "fang", kind="channel")
    asked = {"conversation": room, "users": ["lin", "fang"]}
    found = (await mei.call("conversation.members", asked))["members"]
    assert [m["user"] for m in found] == ["lin"]
    with pytest.raises(Forbidden):
        await mei.call("conversation.members", {"conversation": room})
