"""After somebody went at message k nothing beyond k reaches them, whichever way they ask."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from chatserver.errors import Busy, ChatError
from chatserver.services import sync as syncing
from tests.integration.services.client import Client
from tests.integration.services.rooms import People, act, begin, heard, history, refused, texts

pytestmark = pytest.mark.asyncio

GOING = {
    "left": ("mei", "leave", {}),
    "removed": ("lin", "remove", {"user": "mei"}),
    "banned": ("lin", "ban", {"user": "mei"}),
}


async def go(people: People, room: str, state: str) -> int:
    """Mei goes; the number of the notice that says so."""
    by, name, fields = GOING[state]
    await act(getattr(people, by), name, room, **fields)
    last: int = (await people.mei.view(room))["head"]["seq"]
    return last


async def everything(device: Any, room: str) -> dict[str, Any]:
    """All that a person can find out about a room."""
    listed = await device.call("conversation.list", {})
    return {
        "events": device.events,
        "get": await device.view(room),
        "list": [each for each in listed["conversations"] if each["id"] == room],
        "sync": (await device.call("sync", {}))["conversations"],
        "history": await history(device, room),
        "beyond": await history(device, room, after=0, limit=100),
        "pins": await history(device, room, pinned=True),
        "changes": await device.call("changes.get", {"conversation": room, "after": 0}),
    }


@pytest.mark.parametrize("state", GOING)
async def test_who_went_finds_nothing_of_what_came_after(people: People, state: str) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", "fang")
    edited = await lin.say(room, "public")
    recalled = await lin.say(room, "public as well")
    last = await go(people, room, state)
    mei.frames.clear()
    await lin.say(room, "SECRET", mention_all=True)
    await act(lin, "update", room, title="SECRET", announcement="SECRET")
    for name, fields in (
        ("message.edit", {"seq": edited, "body": {"text": "SECRET"}}),
        ("message.pin", {"seq": recalled}),
        ("message.react", {"seq": recalled, "reaction": "SECRET"}),
    ):
        await lin.call(name, {"conversation": room, **fields})
    await people.fang.call("read.mark", {"conversation": room, "seq": last + 1})
    await act(lin, "role", room, user="fang", role="admin")
    found = await everything(mei, room)
    assert "SECRET" not in str(found)
    assert found["events"] == []
    view = found["get"]
    assert view["me"]["state"] == state
    assert (view["head"], view["last"]["seq"]) == ({"seq": last, "mod": 0}, last)
    assert (view["unread"], view["mentions"]) == ((await mei.view(room))["unread"], 0)
    assert (view["room"]["title"], view["room"]["count"]) == ("三月宝宝", 0)
    assert [each["seq"] for each in found["history"]] == list(range(1, last + 1))
    assert found["pins"] == found["changes"]["changes"] == []
    for name, fields in (
        ("message.forward", {"client_id": "f", "from": room, "seqs": [last + 1]}),
        ("read.who", {"seq": last + 1}),
        ("message.delete", {"seq": last + 1}),
    ):
        place = await mei.open("fang") if name == "message.forward" else room
        assert (await refused(mei, name, conversation=place, **fields))["code"] == "not_found"
    assert (await refused(mei, "message.send", conversation=room, client_id="r", kind="text",
                          body={"text": "hi"}, reply_to=last))["code"] == "forbidden"  # fmt: skip


async def test_who_went_keeps_what_was_and_may_send_it_on(people: People) -> None:
    room = await begin(people.lin, "mei", "fang")
    seq = await people.lin.say(room, "public")
    await go(people, room, "removed")
    talk = await people.mei.open("fang")
    forward = {"conversation": talk, "client_id": "f", "from": room, "seqs": [seq]}
    await people.mei.call("message.forward", forward)
    assert texts(await history(people.fang, talk)) == ["public"]


async def test_what_somebody_reads_who_went_is_told_to_nobody(people: People) -> None:
    lin, mei = people.lin, people.mei
    room = await begin(lin, "mei", "fang")
    seq = await lin.say(room, "public")
    await go(people, room, "left")
    tablet = await people.nodes[0].arrive("mei", "tablet")
    people.hush()
    assert (await mei.call("read.mark", {"conversation": room, "seq": seq}))["read"] == seq
    assert lin.events == people.fang.events == []
    assert tablet.told("read") == [{"conversation": room, "user": "mei", "seq": seq}]


@pytest.mark.parametrize("remover", [0, 1], ids=["on another node", "on the same node"])
async def test_sends_that_race_with_a_removal_stop_at_its_notice(
    people: People, remover: int
) -> None:
    """Everybody talks while Mei is removed; she knows all up to the notice and nothing after."""
    room = await begin(people.lin, "mei", "fang")
    await act(people.lin, "role", room, user="fang", role="admin")
    admin = await people.nodes[remover].arrive("lin", "till", role="consultant")
    talkers = [
        people.lin,
        people.fang,
        await people.nodes[1].arrive("fang", "tablet"),  # where Mei is
    ]
    removed = asyncio.Event()

    async def talk(device: Any) -> None:
        after = 0
        while after < 5:
            gone = removed.is_set()
            with suppress(Busy):  # two nodes that fight for numbers
                await device.say(room, "after" if gone else "before")
            after += gone
            await asyncio.sleep(0.005)  # the others have their turn at the numbers

    async def remove() -> None:
        for _ in range(5):
            with suppress(Busy):
                await people.mei.say(room, "before")
        await act(admin, "remove", room, user="mei")
        removed.set()

    await asyncio.gather(remove(), *(talk(device) for device in talkers))
    view = await people.mei.view(room)
    last = view["head"]["seq"]
    (notice,) = [
        m["seq"] for m in people.fang.told("message") if m["body"].get("type") == "removed"
    ]
    assert last == notice
    assert max(m["seq"] for m in people.mei.told("message")) <= notice
    assert "after" not in heard(people.mei)
    pages = await history(people.mei, room, after=max(0, notice - 50), limit=100)
    assert "after" not in texts(pages)
    assert pages[-1]["seq"] == notice


async def test_a_sync_under_way_gives_nobody_a_seat_that_was_taken_meanwhile(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await begin(people.lin, "mei")
    looked_up, moved = asyncio.Event(), asyncio.Event()
    compose = syncing.Sync._fill

    async def slowly(self: Any, *given: Any) -> Any:
        looked_up.set()
        await moved.wait()
        return await compose(self, *given)

    monkeypatch.setattr(syncing.Sync, "_fill", slowly)
    under_way = asyncio.create_task(people.mei.call("sync", {}))
    await looked_up.wait()
    await act(people.lin, "remove", room, user="mei")
    moved.set()
    await under_way
    people.mei.frames.clear()
    await people.lin.say(room, "SECRET")
    assert not people.mei.events


async def test_a_sync_under_way_keeps_a_seat_that_was_given_meanwhile(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await begin(people.lin)
    looked_up, moved = asyncio.Event(), asyncio.Event()
    compose = syncing.Sync._fill

    async def slowly(self: Any, *given: Any) -> Any:
        looked_up.set()
        await moved.wait()
        return await compose(self, *given)

    monkeypatch.setattr(syncing.Sync, "_fill", slowly)
    under_way = asyncio.create_task(people.mei.call("sync", {}))
    await looked_up.wait()
    await act(people.lin, "add", room, users=["mei"])
    moved.set()
    await under_way
    await people.lin.say(room, "welcome")
    assert heard(people.mei) == ["welcome"]


async def test_history_looked_up_during_a_removal_ends_before_it(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is still a member after the end of the log was read was one when it was reached."""
    room = await begin(people.lin, "mei")
    kept = people.nodes[1].kept
    finders = {each: each.of for each in (kept.heads, kept.cursors)}

    def removing_after(find: Any) -> Any:
        async def find_and_remove(wanted: Any) -> Any:
            found = await find(wanted)
            for each, original in finders.items():
                monkeypatch.setattr(each, "of", original)
            await act(people.lin, "remove", room, user="mei")
            await people.lin.say(room, "SECRET")
            return found

        return find_and_remove

    for each, find in finders.items():
        monkeypatch.setattr(each, "of", removing_after(find))
    assert "SECRET" not in str(await history(people.mei, room))
    assert (await people.mei.view(room))["me"]["state"] == "removed"


async def test_without_the_bus_a_removal_is_told_when_every_node_has_looked(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes that hear nothing go by what they know for two seconds; the notice waits for that."""
    monkeypatch.setattr("chatserver.services.notices.UNHEARD_S", 0.3)
    room = await begin(people.lin, "mei")
    for node in people.nodes:
        node.bus.cut = True
    begun = asyncio.get_running_loop().time()
    await act(people.lin, "remove", room, user="mei")
    assert asyncio.get_running_loop().time() - begun >= 0.3


async def test_a_device_that_was_away_learns_that_it_is_out_and_keeps_what_was(
    people: People,
) -> None:
    lin = people.lin
    room = await begin(lin, "mei")
    phone = Client(people.nodes[1], "mei", "old phone")
    await phone.come()
    await lin.say(room, "before")
    await phone.pump()
    phone.go()
    await lin.say(room, "missed")
    last = await go(people, room, "removed")
    await lin.say(room, "SECRET")
    await phone.come()
    talk = phone.state.conversations[room]
    assert talk.log.last == last
    assert "SECRET" not in str(talk.log)
    await phone.pump()
    with pytest.raises(ChatError):
        await phone.device.say(room)
