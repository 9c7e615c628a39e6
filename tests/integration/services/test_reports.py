"""Reports: who may make them, who reads them, and what becomes of what was reported."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatserver.errors import ChatError
from tests.integration.services.conftest import StartNode
from tests.integration.services.desk import Shop, desk, make_shop, shop
from tests.integration.services.rooms import act, begin, refused

__all__ = ["shop"]

pytestmark = pytest.mark.asyncio


async def report(device: Any, conversation: str, seq: int, **fields: Any) -> Any:
    payload = {"conversation": conversation, "seq": seq, "reason": "spam", **fields}
    return await device.call("report.create", payload)


async def listed(device: Any, **fields: Any) -> list[Any]:
    found: list[Any] = (await device.call("report.list", fields))["reports"]
    return found


async def resolve(device: Any, found: Any, verdict: str, **fields: Any) -> Any:
    payload = {name: found[name] for name in ("conversation", "seq", "revision")}
    return (await device.call("report.resolve", {**payload, "verdict": verdict, **fields}))[
        "report"
    ]


async def group(shop: Shop, *members: str) -> str:
    """A group of Lin's."""
    room = await begin(shop.lin, *(members or ("mei", "fang")))
    for name in members or ("mei", "fang"):
        await shop.devices[name].call("conversation.join", {"conversation": room})
    shop.hush()
    return room


async def test_who_looks_after_the_room_and_the_shop_read_what_was_reported(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room, "加我领红包")
    assert await report(shop.fang, room, seq, reason="fraud", note="骗子") == {}
    (of_room,) = await listed(shop.lin, conversation=room)
    for manager in (shop.wang, shop.boss):
        assert await listed(manager) == [of_room]
    assert (of_room["sender"], of_room["state"], of_room["count"]) == ("mei", "open", 1)
    (complaint,) = of_room["complaints"]
    assert (complaint["user"], complaint["reason"], complaint["note"]) == ("fang", "fraud", "骗子")
    assert of_room["copies"][0]["body"] == {"text": "加我领红包"}


@pytest.mark.parametrize("who", ["ting", "zhou", "hua", "mei", "fang", "bot"])
async def test_nobody_else_learns_of_it(shop: Shop, who: str) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room, "加我领红包")
    await report(shop.fang, room, seq)
    device = shop.devices[who]
    before = len(device.events)
    place = {"conversation": room, "seq": seq}
    assert (await refused(device, "report.get", **place))["code"] == "not_found"
    if who == "hua":
        assert await listed(device) == []
    else:
        assert (await refused(device, "report.list"))["code"] == "forbidden"
    resolving = {**place, "revision": 1, "verdict": "dismiss"}
    assert (await refused(device, "report.resolve", **resolving))["code"] == "not_found"
    assert len(device.events) == before


async def test_everybody_reports_a_message_once_and_all_are_counted(shop: Shop) -> None:
    room = await group(shop, "mei", "fang", "ting", "bot")
    seq = await shop.mei.say(room, "$set 广告")
    reporters = [shop.fang, shop.ting, shop.bot]
    answers = await asyncio.gather(*(report(each, room, seq, note="$x") for each in reporters * 2))
    assert answers.count({}) == answers.count({"duplicate": True}) == 3
    (found,) = await listed(shop.lin, conversation=room)
    assert found["count"] == 3
    assert {each["user"] for each in found["complaints"]} == {"fang", "ting", "bot"}
    assert [each["body"] for each in found["copies"]] == [{"text": "$set 广告"}]


async def test_what_was_reported_is_kept_also_where_it_was_changed_since(shop: Shop) -> None:
    room = await group(shop)
    for number in range(8):
        await shop.fang.say(room, f"前{number}")
    seq = await shop.mei.say(room, "坏话")
    await report(shop.fang, room, seq)
    await act(shop.lin, "mute", room, user="fang", until=1)
    change = {"conversation": room, "seq": seq}
    await shop.mei.call("message.edit", {**change, "body": {"text": "好话"}})
    await report(shop.lin, room, seq)
    await shop.mei.call("message.recall", change)
    found = (await shop.wang.call("report.get", change))["report"]
    assert [each["body"]["text"] for each in found["copies"]] == ["坏话", "好话"]
    assert [each["mod"] for each in found["complaints"]] == [
        each.get("mod", 0) for each in found["copies"]
    ]
    texts = [each["body"].get("text") for each in found["context"]]
    assert texts == ["前3", "前4", "前5", "前6", "前7", "坏话"]


async def test_the_context_is_what_the_reporter_saw(shop: Shop) -> None:
    room = await begin(shop.lin, "mei", history="joined")
    await shop.mei.call("conversation.join", {"conversation": room})
    await shop.mei.say(room, "只有我们")
    await shop.lin.call("conversation.add", {"conversation": room, "users": ["fang"]})
    await shop.fang.call("conversation.join", {"conversation": room})
    seq = await shop.mei.say(room, "坏话")
    await report(shop.fang, room, seq)
    found = (await shop.wang.call("report.get", {"conversation": room, "seq": seq}))["report"]
    assert "只有我们" not in str(found)


async def test_who_is_not_in_the_room_learns_what_it_and_everybody_is_called(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room, "坏话")
    await report(shop.fang, room, seq)
    (found,) = await listed(shop.wang)
    assert found["place"] == {"kind": "group", "title": "三月宝宝", "titles": {}, "members": []}
    assert found["names"] == {"fang": "Fang", "mei": "Mei"}
    settled = await resolve(shop.wang, found, "dismiss")
    assert settled["names"]["wang"] == "Wang"


async def test_a_conversation_without_a_title_is_told_by_those_in_it(shop: Shop) -> None:
    id_ = await shop.mei.open("fang")
    seq = await shop.mei.say(id_, "坏话")
    await report(shop.fang, id_, seq)
    asked = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", asked)
    await report(shop.lin, asked, await shop.mei.say(asked, "坏话"))
    places = {each["place"]["kind"]: each["place"]["members"] for each in await listed(shop.wang)}
    assert places == {"direct": ["fang", "mei"], "service": ["mei"]}


async def test_a_direct_conversation_with_a_consultant_is_the_shops(shop: Shop) -> None:
    id_ = await shop.lin.open("mei")
    seq = await shop.lin.say(id_, "坏话")
    await report(shop.mei, id_, seq)
    assert [each["sender"] for each in await listed(shop.wang)] == ["lin"]
    assert await listed(shop.hua) == []


async def test_what_customers_say_to_each_other_is_their_shops(shop: Shop) -> None:
    id_ = await shop.mei.open("fang")
    seq = await shop.mei.say(id_, "坏话")
    await report(shop.fang, id_, seq)
    assert [each["conversation"] for each in await listed(shop.wang)] == [id_]


async def test_who_was_reported_does_not_read_by_whom(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.lin.say(room, "坏话")
    await report(shop.fang, room, seq)
    assert await listed(shop.lin, conversation=room) == []
    place = {"conversation": room, "seq": seq}
    assert (await refused(shop.lin, "report.get", **place))["code"] == "not_found"
    assert len(await listed(shop.wang)) == 1


async def test_there_is_nothing_to_report_of_ones_own_or_what_is_not_seen(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room)
    place = {"conversation": room, "seq": seq, "reason": "spam"}
    assert (await refused(shop.mei, "report.create", **place))["code"] == "forbidden"
    assert (await refused(shop.hua, "report.create", **place))["code"] == "not_found"
    notice = {**place, "seq": 1}
    assert (await refused(shop.mei, "report.create", **notice))["code"] == "forbidden"
    missing = {**place, "seq": seq + 1}
    assert (await refused(shop.fang, "report.create", **missing))["code"] == "not_found"
    await shop.mei.call("message.recall", {"conversation": room, "seq": seq})
    assert (await refused(shop.fang, "report.create", **place))["code"] == "not_found"


async def test_reports_have_a_rate(start_node: StartNode) -> None:
    shop = await make_shop(start_node)
    id_ = await shop.lin.open("mei")
    seqs = [await shop.lin.say(id_) for _ in range(20)]
    reporting = (report(shop.mei, id_, seq) for seq in seqs)
    outcomes = await asyncio.gather(*reporting, return_exceptions=True)
    lost = {each.code for each in outcomes if isinstance(each, ChatError)}
    assert lost == {"rate_limited"}


async def test_those_who_look_are_told_how_many_wait(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room)
    for device, fields in ((shop.wang, {}), (shop.lin, {"conversation": room})):
        assert (await device.call("report.list", fields))["open"] == 0
    shop.hush()
    await report(shop.fang, room, seq)
    await resolve(shop.wang, (await listed(shop.wang))[0], "dismiss")
    assert shop.wang.told("reports") == [
        {"conversation": None, "open": 1}, {"conversation": None, "open": 0},
    ]  # fmt: skip
    assert [each["open"] for each in shop.lin.told("reports")] == [1, 0]
    assert not any(shop.devices[name].told("reports") for name in ("mei", "fang", "ting", "hua"))


async def test_pages_of_reports_follow_each_other(shop: Shop) -> None:
    room = await group(shop)
    seqs = [await shop.mei.say(room) for _ in range(3)]
    for seq in seqs:
        await report(shop.fang, room, seq)
    first = await shop.wang.call("report.list", {"limit": 2})
    assert (first["more"], first["open"]) == (True, 3)
    last = first["reports"][-1]
    rest = await listed(shop.wang, limit=2, after=[last["conversation"], last["seq"]])
    found = [each["seq"] for each in (*first["reports"], *rest)]
    assert found == sorted(seqs, reverse=True)


async def test_a_moderator_takes_a_message_back_without_being_in_the_room(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room, "坏话")
    await report(shop.fang, room, seq)
    settled = await resolve(shop.wang, (await listed(shop.wang))[0], "recall", note="广告")
    assert settled["state"] == "resolved"
    assert settled["resolutions"][0]["by"] == "wang"
    assert [each["type"] for each in shop.fang.told("change")] == ["recall"]
    assert await listed(shop.wang) == []
    assert [each["seq"] for each in await listed(shop.wang, state="resolved")] == [seq]


@pytest.mark.parametrize("verdict", ["mute", "remove", "ban"])
async def test_a_rooms_admin_acts_on_its_member(shop: Shop, verdict: str) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room, "坏话")
    await report(shop.fang, room, seq)
    (found,) = await listed(shop.lin, conversation=room)
    await resolve(shop.lin, found, verdict)
    fields = {"conversation": room, "client_id": "c", "kind": "text", "body": {"text": "x"}}
    assert (await refused(shop.mei, "message.send", **fields))["code"] == "forbidden"


async def test_an_act_that_is_refused_leaves_the_report_open(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room, "坏话")
    await report(shop.fang, room, seq)
    with pytest.raises(ChatError):
        await resolve(shop.wang, (await listed(shop.wang))[0], "ban")
    assert len(await listed(shop.wang)) == 1


async def test_of_two_moderators_one_decides_and_saying_it_again_is_harmless(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room, "坏话")
    await report(shop.fang, room, seq)
    (found,) = await listed(shop.wang)
    settled = await resolve(shop.wang, found, "dismiss")
    assert await resolve(shop.wang, found, "dismiss") == settled
    with pytest.raises(ChatError) as refusal:
        await resolve(shop.lin, found, "recall")
    assert refusal.value.code == "conflict"
    assert shop.fang.told("change") == []


async def test_another_complaint_opens_it_again(shop: Shop) -> None:
    room = await group(shop)
    seq = await shop.mei.say(room, "坏话")
    await report(shop.fang, room, seq)
    await resolve(shop.wang, (await listed(shop.wang))[0], "dismiss")
    await report(shop.lin, room, seq)
    (found,) = await listed(shop.wang)
    assert (found["count"], len(found["resolutions"]), found["revision"]) == (2, 1, 3)
