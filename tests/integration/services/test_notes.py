"""Notes beside a service conversation: what the customer must not see never reaches them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatserver.clock import now_ms
from chatserver.domain.conversation import notes_id
from tests.integration.services.desk import Shop, desk, shop
from tests.integration.services.rooms import heard, history, notices, refused, texts

__all__ = ["shop"]

pytestmark = pytest.mark.asyncio

SECRET = "她上次退过货"


async def enter(device: Any, conversation: str) -> Any:
    """The notes beside a conversation, as one who is in them sees them."""
    return (await device.call("conversation.notes", {"conversation": conversation}))["conversation"]


async def everything(device: Any, talk: str) -> str:
    """All that somebody can find out, as text."""
    found = [
        device.events,
        await device.call("conversation.list", {}),
        await device.call("sync", {"have": {notes_id(talk): [0, 0]}}),
    ]
    for name, fields in (
        ("conversation.get", {}), ("history.get", {}), ("changes.get", {"after": 0}),
        ("conversation.members", {}), ("conversation.members", {"users": ["lin", "ting"]}),
        ("history.get", {"pinned": True}), ("read.who", {"seq": 1}),
    ):  # fmt: skip
        for conversation in (talk, notes_id(talk)):
            try:
                found.append(await device.call(name, {"conversation": conversation, **fields}))
            except Exception as refusal:
                found.append(str(refusal))
    return json.dumps(found, ensure_ascii=False)


async def test_staff_who_may_look_write_notes_to_each_other(shop: Shop) -> None:
    talk = await shop.asked(shop.mei)
    notes = await enter(shop.lin, talk)
    assert (notes["kind"], notes["room"]["notes_of"]) == ("notes", talk)
    assert (await enter(shop.wang, talk))["id"] == notes["id"]
    shop.hush()
    await shop.lin.say(notes["id"], SECRET)
    assert heard(shop.wang) == [SECRET]
    assert texts(await history(shop.wang, notes["id"])) == [SECRET]
    assert (await shop.wang.view(notes["id"]))["unread"] == 1
    synced = (await shop.wang.call("sync", {}))["conversations"]
    assert SECRET in str([each for each in synced if each["id"] == notes["id"]])


@pytest.mark.parametrize("who", ["mei", "fang", "zhou", "boss"])
async def test_the_customer_and_outsiders_find_no_trace_of_notes(shop: Shop, who: str) -> None:
    talk = await shop.asked(shop.mei)
    device, notes = shop.devices[who], (await enter(shop.lin, talk))["id"]
    await enter(shop.wang, talk)
    before = json.dumps(await shop.mei.view(talk))
    shop.hush()
    seq = await shop.lin.say(notes, SECRET)
    await shop.lin.say(notes, SECRET, reply_to=seq, mentions=["wang"])
    target = {"conversation": notes, "seq": seq}
    await shop.wang.call("message.react", {**target, "reaction": "👀"})
    await shop.lin.call("message.edit", {**target, "body": {"text": SECRET + "!"}})
    await shop.lin.call("message.pin", target)
    await shop.wang.call("typing", {"conversation": notes, "on": True})
    await shop.wang.call("read.mark", target)
    assert device.events == []
    found = await everything(device, talk)
    assert SECRET not in found
    assert "👀" not in found
    assert json.dumps(await shop.mei.view(talk)) == before
    answer = await refused(device, "conversation.notes", conversation=talk)
    assert answer == await refused(device, "conversation.notes", conversation="s0")


async def test_notes_are_carried_among_notes_only(shop: Shop) -> None:
    talk, other = await shop.asked(shop.mei), await shop.asked(shop.fang)
    notes, others = (await enter(shop.wang, talk))["id"], (await enter(shop.wang, other))["id"]
    await desk(shop.wang, "claim", talk)
    seq = await shop.wang.say(notes, SECRET)
    group = await shop.wang.call("conversation.open", {"kind": "group", "title": "晨会"})
    carried = {"client_id": "f", "from": notes, "seqs": [seq]}
    for target in (talk, group["conversation"]["id"], await shop.wang.open("lin")):
        answer = await refused(shop.wang, "message.forward", conversation=target, **carried)
        assert answer["code"] == "forbidden"
    await shop.wang.call("message.forward", {"conversation": others, **carried})
    again = {**carried, "from": others, "seqs": [1], "conversation": talk}
    assert (await refused(shop.wang, "message.forward", **again))["code"] == "forbidden"
    assert SECRET not in str(await history(shop.mei, talk))


async def test_a_reply_names_a_message_of_its_own_conversation(shop: Shop) -> None:
    talk = await shop.asked(shop.mei)
    notes = (await enter(shop.lin, talk))["id"]
    for _ in range(3):
        seq = await shop.lin.say(notes, SECRET)
    answer = await refused(
        shop.mei, "message.send", conversation=talk, client_id="c", kind="text",
        body={"text": "?"}, reply_to=seq,
    )  # fmt: skip
    assert answer["path"] == "reply_to"


async def test_when_somebody_takes_it_on_the_notes_are_theirs_and_the_managers(shop: Shop) -> None:
    talk = await shop.asked(shop.mei)
    notes = (await enter(shop.lin, talk))["id"]
    await enter(shop.wang, talk)
    await desk(shop.ting, "claim", talk)
    await enter(shop.ting, talk)
    shop.hush()
    await shop.ting.say(notes, SECRET)
    assert shop.lin.events == []
    assert (await refused(shop.lin, "history.get", conversation=notes))["code"] == "not_found"
    assert heard(shop.wang) == [SECRET]


async def test_who_comes_back_to_it_finds_the_notes_again(shop: Shop) -> None:
    talk = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", talk)
    notes = (await enter(shop.lin, talk))["id"]
    await shop.lin.say(notes, "first")
    await desk(shop.lin, "assign", talk, user="ting")
    await enter(shop.ting, talk)
    await shop.ting.say(notes, "second")
    await desk(shop.ting, "assign", talk, user="lin")
    assert (await enter(shop.lin, talk))["me"]["state"] == "in"
    assert texts(await history(shop.lin, notes)) == ["first", "second"]


async def test_who_was_too_late_to_look_is_not_left_in_the_notes(shop: Shop) -> None:
    """Somebody claims between the look and the entering: the one who entered goes again."""
    talk = await shop.asked(shop.mei)
    service = shop.lin.node.services.notes
    looked, claimed = service._of, []

    async def of(caller: Any, conversation: str) -> Any:
        found = await looked(caller, conversation)
        if not claimed:
            claimed.append(await desk(shop.ting, "claim", conversation))
        return found

    service._of = of
    assert (await refused(shop.lin, "conversation.notes", conversation=talk))["code"] == "not_found"
    await enter(shop.ting, talk)
    await shop.ting.say(notes_id(talk), SECRET)
    assert SECRET not in str(shop.lin.events)


@pytest.mark.parametrize(("role", "where"), [("consultant", "wuyi"), ("bot", "renmin")])
async def test_who_leaves_the_shop_leaves_its_desk_and_its_notes(
    shop: Shop, role: Any, where: str
) -> None:
    mine, waiting = await shop.asked(shop.mei), await shop.asked(shop.fang)
    await desk(shop.lin, "claim", mine)
    notes = [(await enter(shop.lin, each))["id"] for each in (mine, waiting)]
    node = shop.nodes[0]
    while await node.services.communities.look(now_ms()):  # those who are new
        pass
    assert (await shop.mei.view(mine))["room"]["service"]["assignee"] == "lin"
    lin = await node.arrive("lin", "tablet", role=role, shop=where)
    while await node.services.communities.look(now_ms()):
        pass
    assert (await shop.mei.view(mine))["room"]["service"]["assignee"] is None
    assert notices(shop.mei)[-1] == "released"
    for each in (mine, waiting, *notes):
        assert (await refused(lin, "history.get", conversation=each))["code"] == "not_found"
    shop.hush()
    await enter(shop.ting, waiting)
    await shop.ting.say(notes[1], SECRET)
    assert SECRET not in str(shop.lin.events + lin.events)
