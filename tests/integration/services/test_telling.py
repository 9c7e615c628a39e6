"""Who is told what: mei and lin talk; eve, who knows both, must not hear it."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio


class Shop(NamedTuple):
    """mei and lin each have a phone and, at another node, a tablet; eve has a phone at both."""

    talk: str
    mei: Any
    mei_tablet: Any
    lin: Any
    lin_tablet: Any
    eves: tuple[Any, Any]

    @property
    def devices(self) -> tuple[Any, ...]:
        return (self.mei, self.mei_tablet, self.lin, self.lin_tablet, *self.eves)

    def told(self, name: str) -> dict[str, list[Any]]:
        """By device, what events of this name said; nobody else was told anything so."""
        names = ("mei", "mei_tablet", "lin", "lin_tablet")
        heard = {each: getattr(self, each).told(name) for each in names}
        return {each: told for each, told in heard.items() if told}


@pytest_asyncio.fixture
async def shop(start_node: Any) -> Any:
    one, other = await start_node(), await start_node()
    eves = (await one.arrive("eve"), await other.arrive("eve", "tablet"))
    mei, mei_tablet = await one.arrive("mei"), await other.arrive("mei", "tablet")
    lin = await one.arrive("lin", role="consultant")
    lin_tablet = await other.arrive("lin", "tablet", role="consultant")
    for known in ("mei", "lin"):
        await eves[0].say(await eves[0].open(known))
    shop = Shop(await mei.open("lin"), mei, mei_tablet, lin, lin_tablet, eves)
    for device in shop.devices:
        device.frames.clear()
    yield shop
    for eve in eves:
        assert eve.events == []


def both_of_lin(*events: Any) -> dict[str, list[Any]]:
    """Both devices of lin heard these events, and no other device any of this name."""
    return {"lin": list(events), "lin_tablet": list(events)}


async def test_a_message_goes_to_all_devices_of_both_but_the_one_that_sent_it(shop: Shop) -> None:
    seq = await shop.mei.say(shop.talk, "宝宝", mentions=["lin"])
    told = shop.told("message")
    assert set(told) == {"mei_tablet", "lin", "lin_tablet"}
    for (message,) in told.values():
        assert (message["seq"], message["body"], message["sender"]) == (
            seq,
            {"text": "宝宝"},
            "mei",
        )
        assert message["mentions"] == ["lin"]


async def test_a_retry_is_told_nobody_again_by_the_node_that_stored_it(shop: Shop) -> None:
    for _ in range(2):
        await shop.mei.say(shop.talk, client_id="c-1")
    assert {each: len(told) for each, told in shop.told("message").items()} == {
        "mei_tablet": 1,
        "lin": 1,
        "lin_tablet": 1,
    }


async def test_a_retry_at_another_node_is_told_again_as_the_message_is_now(shop: Shop) -> None:
    seq = await shop.mei.say(shop.talk, client_id="c-1")
    await shop.mei.call("message.recall", {"conversation": shop.talk, "seq": seq})
    await shop.mei_tablet.say(shop.talk, client_id="c-1", retry=True)
    for device in (shop.mei, shop.lin, shop.lin_tablet):
        again = device.told("message")[-1]
        assert (again["seq"], again["body"], again["recalled"]) == (seq, {}, True)


async def test_an_arrived_message_is_told_delivered_to_its_sender(shop: Shop) -> None:
    seq = await shop.mei.say(shop.talk)
    told = shop.told("delivered")
    assert set(told) == {"mei", "mei_tablet"}
    for events in told.values():
        assert events == [{"conversation": shop.talk, "user": "lin", "seq": seq}]


async def test_what_arrives_through_another_node_alone_is_told_delivered_once_and_stored(
    shop: Shop,
) -> None:
    shop.lin.leave()
    seq = await shop.mei.say(shop.talk)
    told = [{"conversation": shop.talk, "user": "lin", "seq": seq}]
    assert shop.told("delivered") == {"mei": told, "mei_tablet": told}
    await shop.lin_tablet.node.kept.cursors.written()
    members = {member["user"]: member for member in (await shop.mei.view(shop.talk))["members"]}
    assert (members["lin"]["read"], members["lin"]["delivered"]) == (0, seq)
    await shop.lin_tablet.call(
        "message.react", {"conversation": shop.talk, "seq": seq, "reaction": "👍"}
    )
    shop.lin_tablet.leave()
    await shop.mei.say(shop.talk)
    assert shop.told("delivered") == {"mei": told, "mei_tablet": told}


async def test_nobody_is_told_what_is_delivered_in_a_room(shop: Shop) -> None:
    room = {"kind": "group", "title": "Newborns", "members": ["mei"]}
    opened = await shop.lin.call("conversation.open", room)
    await shop.lin.say(opened["conversation"]["id"])
    assert set(shop.told("message")) >= {"lin_tablet", "mei", "mei_tablet"}
    assert shop.told("delivered") == {}


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("message.edit", {"body": {"text": "new"}}, {"type": "edit", "body": {"text": "new"}}),
        ("message.recall", {}, {"type": "recall"}),
        ("message.react", {"reaction": "👍"}, {"type": "react", "reaction": "👍", "on": True}),
    ],
)
async def test_a_change_goes_to_all_devices_of_both_also_to_the_one_that_made_it(
    shop: Shop, name: str, fields: Any, says: Any
) -> None:
    seq = await shop.mei.say(shop.talk)
    for _ in range(2):  # the second time nothing changes, and it is told as it was: in case
        answer = await shop.mei.call(name, {"conversation": shop.talk, "seq": seq, **fields})
        assert answer == {"mod": 1}
    told = shop.told("change")
    assert set(told) == {"mei", "mei_tablet", "lin", "lin_tablet"}
    for change, again in told.values():
        assert change == again
        assert change.pop("at")
        assert change == {"conversation": shop.talk, "mod": 1, "seq": seq, "by": "mei", **says}


async def test_a_read_mark_goes_to_the_others_and_to_own_other_devices(shop: Shop) -> None:
    seq = await shop.mei.say(shop.talk)
    assert await shop.lin.call("read.mark", {"conversation": shop.talk, "seq": seq}) == {
        "read": seq,
        "unread": 0,
    }
    told = shop.told("read")
    assert set(told) == {"mei", "mei_tablet", "lin_tablet"}
    for events in told.values():
        assert events == [{"conversation": shop.talk, "user": "lin", "seq": seq}]
    await shop.lin.node.services.badges.flush()
    badges = shop.told("badge")  # one message of eve is left
    assert badges == both_of_lin({"unread": 1, "mentions": 0})


async def test_a_read_mark_behind_is_told_nobody(shop: Shop) -> None:
    first, seq = await shop.mei.say(shop.talk), await shop.mei.say(shop.talk)
    for marked in (seq, first):
        await shop.lin.call("read.mark", {"conversation": shop.talk, "seq": marked})
    await shop.mei.call("read.mark", {"conversation": shop.talk, "seq": first})
    assert {each: len(told) for each, told in shop.told("read").items()} == {
        "mei": 1,
        "mei_tablet": 1,
        "lin_tablet": 1,
    }


async def test_typing_is_told_the_others_only(shop: Shop) -> None:
    await shop.mei.call("typing", {"conversation": shop.talk, "on": True})
    await shop.mei.say(shop.talk)
    told = [{"conversation": shop.talk, "user": "mei", "on": on} for on in (True, False)]
    assert shop.told("typing") == both_of_lin(*told)


async def test_own_settings_are_told_own_other_devices_only(shop: Shop) -> None:
    await shop.mei.say(shop.talk)
    answer = await shop.lin.call(
        "conversation.prefs", {"conversation": shop.talk, "mode": "silent", "pinned": True}
    )
    my = answer["conversation"]["my"]
    assert (my["mode"], my["pinned"], my["archived"]) == ("silent", True, False)
    told = shop.told("conversation")
    assert set(told) == {"lin_tablet"}
    assert told["lin_tablet"][0]["conversation"] == answer["conversation"]
    await shop.lin.node.services.badges.flush()
    assert shop.told("badge") == both_of_lin({"unread": 1, "mentions": 0})


async def test_a_new_conversation_is_told_both_as_each_sees_it_and_only_once(
    shop: Shop,
) -> None:
    bob = await shop.mei.node.arrive("bob")
    for _ in range(2):
        talk = await shop.mei.open("bob")
        assert talk == await bob.open("mei")
    assert [event["conversation"]["id"] for event in bob.told("conversation")] == [talk]
    told = shop.told("conversation")
    assert set(told) == {"mei_tablet"}
    assert len(told["mei_tablet"]) == 1
    members = told["mei_tablet"][0]["conversation"]["members"]
    assert [(member["user"], member["name"]) for member in members] == [
        ("bob", "Bob"),
        ("mei", "Mei"),
    ]


async def test_who_left_is_told_nothing(shop: Shop) -> None:
    shop.lin.leave()
    await shop.mei.say(shop.talk)
    assert set(shop.told("message")) == {"mei_tablet", "lin_tablet"}


async def test_events_wait_while_a_sync_is_answered(shop: Shop) -> None:
    shop.lin.connection.hold()
    await shop.mei.say(shop.talk)
    assert shop.lin.events == []
    await shop.lin.call("sync", {})
    assert [name for name, _ in shop.lin.events][:1] == ["message"]
    assert shop.lin.frames[0] == "ack"


async def test_what_was_stored_after_its_caller_gave_up_is_told(shop: Shop) -> None:
    log = shop.mei.node.kept.log
    sending = asyncio.create_task(shop.mei.say(shop.talk, client_id="c-9"))
    while not log.waiting:  # noqa: ASYNC110 - nothing tells when the log takes it
        await asyncio.sleep(0)
    sending.cancel()  # as a call whose time is over
    await asyncio.gather(sending, return_exceptions=True)
    await log.drain()
    assert set(shop.told("message")) == {"mei_tablet", "lin", "lin_tablet"}
    assert await shop.mei.say(shop.talk, client_id="c-9", retry=True) == 1
