"""Customers ask their shop; staff take that on, hand it over and settle it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chatserver.errors import ChatError
from tests.integration.services.client import Client
from tests.integration.services.desk import Shop, desk, ids, listed, shop
from tests.integration.services.rooms import heard, history, notices, refused, texts

__all__ = ["shop"]

pytestmark = pytest.mark.asyncio


async def test_a_customer_has_one_conversation_with_the_shop_for_ever(shop: Shop) -> None:
    first = await shop.opened(shop.mei)
    assert await shop.opened(shop.mei) == first
    assert await shop.opened(shop.fang) != first
    view = await shop.mei.view(first)
    assert (view["kind"], view["room"]["title"]) == ("service", "暖芽·人民路店")
    assert view["room"]["service"]["names"] == {"mei": "Mei"}


async def test_opening_at_once_on_two_nodes_begins_one(shop: Shop) -> None:
    tablet = await shop.nodes[1].arrive("mei", "tablet", shop="renmin")
    opened = await asyncio.gather(shop.opened(shop.mei), shop.opened(tablet))
    assert len(set(opened)) == 1
    assert (await shop.mei.view(opened[0]))["room"]["count"] == 1


@pytest.mark.parametrize("who", ["lin", "wang", "bot", "boss"])
async def test_only_customers_ask_the_shop(shop: Shop, who: str) -> None:
    answer = await refused(shop.devices[who], "conversation.open", kind="service")
    assert answer["code"] == "forbidden"


async def test_customers_of_no_shop_have_none_to_ask(shop: Shop) -> None:
    nobody = await shop.nodes[0].arrive("nobody")
    answer = await refused(nobody, "conversation.open", kind="service")
    assert answer["code"] == "forbidden"


async def test_nothing_lies_on_the_desk_until_something_was_asked(shop: Shop) -> None:
    id_ = await shop.opened(shop.mei)
    assert await ids(shop.lin, "unassigned") == await ids(shop.wang, "all") == []
    await shop.mei.say(id_)
    assert await ids(shop.lin, "unassigned") == await ids(shop.wang, "all") == [id_]


async def test_a_question_reaches_all_who_serve_and_nobody_else(shop: Shop) -> None:
    for name in ("lin", "ting", "wang", "zhou", "hua"):
        await listed(shop.devices[name], "unassigned")
    shop.hush()
    id_ = await shop.asked(shop.mei, "有小罐的吗")
    for name in ("lin", "ting", "wang"):
        told = shop.devices[name].told("desk")
        assert {each["id"] for each in told} == {id_}
        assert told[-1]["conversation"]["last"]["body"] == {"text": "有小罐的吗"}
    for name in ("zhou", "hua", "fang", "bot", "boss"):
        assert shop.devices[name].events == []


async def test_who_waits_longest_is_first(shop: Shop) -> None:
    fang, mei = await shop.asked(shop.fang), await shop.asked(shop.mei)
    await shop.fang.say(fang, "还在吗")
    assert await ids(shop.lin, "unassigned") == [fang, mei]


async def test_of_many_who_claim_one_wins_and_the_others_learn_who(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    rivals = [shop.lin, shop.ting, shop.wang]
    outcomes = await asyncio.gather(
        *(desk(each, "claim", id_) for each in rivals), return_exceptions=True
    )
    won = [each for each in outcomes if isinstance(each, dict)]
    lost = [each.to_wire() for each in outcomes if isinstance(each, ChatError)]
    assert len(won) == 1
    winner = won[0]["room"]["service"]["assignee"]
    assert [(each["code"], each["by"]) for each in lost] == [
        ("taken", {"user": winner, "name": winner.title()})
    ] * 2
    assert won[0]["room"]["count"] == 2


async def test_claiming_again_is_harmless(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    first = await desk(shop.lin, "claim", id_)
    assert await desk(shop.lin, "claim", id_) == first


async def test_the_customer_sees_who_serves_and_everything_said(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    shop.hush()
    await desk(shop.lin, "claim", id_)
    await shop.lin.say(id_, "九点")
    assert notices(shop.mei) == ["claimed"]
    assert heard(shop.mei) == ["九点"]
    view = shop.mei.told("conversation")[-1]["conversation"]
    assert view["room"]["service"]["names"] == {"mei": "Mei", "lin": "Lin"}
    assert [member["user"] for member in view["members"]] == ["mei", "lin"]


async def test_who_claims_sees_what_was_asked_and_nothing_of_it_is_unread(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei, "几点关门？")
    view = await desk(shop.lin, "claim", id_)
    assert (view["unread"], view["me"]) == (
        0, {"role": "admin", "state": "in", "muted_until": 0, "first": 1},
    )  # fmt: skip
    assert texts(await history(shop.lin, id_)) == ["几点关门？"]
    await shop.mei.say(id_, "周日呢")
    assert (await shop.lin.view(id_))["unread"] == 1
    assert heard(shop.lin) == ["周日呢"]


async def test_both_see_how_far_the_other_has_read(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", id_)
    seq = await shop.mei.say(id_)
    shop.hush()
    await shop.lin.call("read.mark", {"conversation": id_, "seq": seq})
    assert shop.mei.told("read") == [{"conversation": id_, "user": "lin", "seq": seq}]
    readers = await shop.mei.call("read.who", {"conversation": id_, "seq": seq})
    assert readers["read"] == ["lin"]


async def test_who_releases_hears_nothing_more(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", id_)
    view = await desk(shop.lin, "release", id_)
    assert (view["me"]["state"], view["room"]["service"]) == ("released", None)
    await desk(shop.ting, "claim", id_)
    shop.hush()
    await shop.mei.say(id_, "SECRET")
    await shop.settled()
    assert shop.lin.events == []
    assert (await refused(shop.lin, "history.get", conversation=id_))["code"] == "not_found"
    assert heard(shop.ting) == ["SECRET"]


async def test_what_somebody_serves_is_told_to_managers_alone(shop: Shop) -> None:
    for name in ("lin", "ting", "wang"):
        await listed(shop.devices[name], "unassigned")
    id_ = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", id_)
    seen = shop.ting.told("desk")[-1]
    assert (seen["id"], seen["conversation"]) == (id_, None)
    shop.hush()
    seq = await shop.mei.say(id_, "SECRET")
    await shop.settled()
    await shop.lin.call("message.react", {"conversation": id_, "seq": seq, "reaction": "👍"})
    await shop.settled()
    assert shop.ting.events == []
    heard_of = [each["conversation"]["last"] for each in shop.wang.told("desk")]
    assert [each["body"]["text"] for each in heard_of] == ["SECRET"] * 2
    assert heard_of[-1]["reactions"] == {"👍": ["lin"]}


async def test_a_recalled_question_is_seen_on_the_desk_no_longer(shop: Shop) -> None:
    await listed(shop.lin, "unassigned")
    id_ = await shop.asked(shop.mei, "SECRET")
    shop.hush()
    await shop.mei.call("message.recall", {"conversation": id_, "seq": 1})
    await shop.settled()
    assert shop.lin.told("desk")[-1]["conversation"]["last"]["recalled"]
    assert "SECRET" not in str(await listed(shop.lin, "unassigned"))


async def test_a_device_learns_of_what_was_released_only_if_it_had_it(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", id_)
    await desk(shop.lin, "assign", id_, user="ting")
    assert (await shop.lin.call("sync", {}))["conversations"] == []
    (told,) = (await shop.lin.call("sync", {"have": {id_: [1, 0]}}))["conversations"]
    assert (told["me"]["state"], told["room"]["service"]) == ("released", None)
    assert (told["messages"], told["last"], told["members"]) == ([], None, [])


async def test_what_was_released_waits_again_since_then(shop: Shop) -> None:
    mei, fang = await shop.asked(shop.mei), await shop.asked(shop.fang)
    await desk(shop.lin, "claim", mei)
    await listed(shop.ting, "unassigned")
    shop.hush()
    await desk(shop.lin, "release", mei)
    assert await ids(shop.ting, "unassigned") == [fang, mei]
    assert shop.ting.told("desk")[-1]["conversation"]["id"] == mei
    assert notices(shop.mei) == ["released"]


async def test_whoever_serves_hands_over_to_a_colleague(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", id_)
    shop.hush()
    view = await desk(shop.lin, "assign", id_, user="ting")
    assert view["me"]["state"] == "released"
    mine = shop.ting.told("conversation")[-1]["conversation"]
    assert (mine["room"]["service"]["assignee"], mine["me"]["state"]) == ("ting", "in")
    members = (await shop.mei.call("conversation.members", {"conversation": id_}))["members"]
    assert [each["user"] for each in members] == ["mei", "ting"]
    assert await ids(shop.lin, "mine") == []
    assert await ids(shop.ting, "mine") == [id_]


async def test_a_manager_assigns_without_being_in_it(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    view = await desk(shop.wang, "assign", id_, user="lin")
    assert view["me"]["state"] == "viewing"
    assert view["room"]["service"]["assignee"] == "lin"
    view = await desk(shop.wang, "assign", id_, user="wang")
    assert view["me"]["state"] == "in"


@pytest.mark.parametrize("user", ["zhou", "fang", "bot", "boss", "nobody"])
async def test_only_colleagues_of_the_shop_are_assigned(shop: Shop, user: str) -> None:
    id_ = await shop.asked(shop.mei)
    answer = await refused(shop.wang, "desk.assign", conversation=id_, user=user)
    assert answer["code"] == "not_found"


async def test_a_message_of_the_customer_opens_again_what_was_settled(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", id_)
    await desk(shop.lin, "resolve", id_)
    await shop.lin.say(id_, "还有问题随时找我")
    assert (await shop.mei.view(id_))["room"]["service"]["status"] == "resolved"
    await shop.mei.say(id_, "又来了")
    service = (await shop.lin.view(id_))["room"]["service"]
    assert (service["status"], service["assignee"]) == ("open", "lin")
    assert notices(shop.mei) == ["claimed", "resolved"]


async def test_staff_say_that_something_is_not_settled_after_all(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    await desk(shop.wang, "resolve", id_)
    assert await ids(shop.lin, "unassigned") == []
    await desk(shop.wang, "reopen", id_)
    assert await ids(shop.lin, "unassigned") == [id_]


async def test_a_question_that_nobody_served_when_it_was_settled_waits_again(shop: Shop) -> None:
    id_ = await shop.asked(shop.mei)
    await desk(shop.wang, "resolve", id_)
    await shop.mei.say(id_)
    assert await ids(shop.ting, "unassigned") == [id_]


async def are_in_order(node: Any, talks: list[str]) -> bool:
    """Whether the times of the last messages, which are written behind them, are there."""
    collection = node.kept.database.collection("conversations")
    return bool(await collection.count_documents({"spoken_at": {"$gt": 0}}) == len(talks))


async def wait_until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.02)


async def test_lists_come_by_pages(shop: Shop) -> None:
    talks = [await shop.asked(shop.mei), await shop.asked(shop.fang)]
    for number in range(3):
        customer = await shop.nodes[0].arrive(f"c{number}", shop="renmin")
        talks.append(await shop.asked(customer))
    await wait_until(lambda: are_in_order(shop.nodes[0], talks))
    for view, order in (("unassigned", talks), ("all", talks[::-1])):
        found: list[str] = []
        more = True
        while more:
            after = {"after": found[-1]} if found else {}
            page = await shop.wang.call("desk.list", {"view": view, "limit": 2, **after})
            found += [each["id"] for each in page["conversations"]]
            more = page["more"]
        assert found == order


async def test_a_client_that_follows_what_is_told_knows_what_a_new_one_finds(shop: Shop) -> None:
    """Old state and events together are a fresh one, for every act."""
    people = {
        name: Client(shop.nodes[0], name, "phone", role)
        for name, role in (("mei", "customer"), ("lin", "consultant"), ("ting", "consultant"))
    }
    for each in people.values():
        await arrive(each)
    id_ = await shop.asked(shop.mei)
    acts: list[tuple[str, str, dict[str, Any]]] = [
        ("lin", "claim", {}), ("lin", "assign", {"user": "ting"}), ("ting", "resolve", {}),
        ("ting", "reopen", {}), ("ting", "release", {}), ("lin", "claim", {}),
    ]  # fmt: skip
    for who, act, fields in acts:
        await desk(shop.devices[who], act, id_, **fields)
        await shop.mei.say(id_, f"after {act}")
        for name, each in people.items():
            await each.pump()
            fresh = Client(shop.nodes[1], name, "tablet", each.role)
            await arrive(fresh)
            if id_ in fresh.state.conversations:
                assert each.picture(id_) == fresh.picture(id_), (who, act, name)
            else:
                assert id_ not in each.state.conversations
            fresh.go()


class Looker:
    """Somebody who fetched a list once and follows what is told."""

    def __init__(self, device: Any, view: str) -> None:
        self.device, self.view = device, view
        self.known: dict[str, Any] = {}

    async def look(self) -> None:
        self.known = {each["id"]: each for each in await listed(self.device, self.view)}
        self.device.frames.clear()

    def follow(self) -> None:
        for told in self.device.told("desk"):
            known = self.known.get(told["id"])
            if known and told["revision"] < known["room"]["revision"]:
                continue
            self.known.pop(told["id"], None)
            if told["conversation"]:
                self.known[told["id"]] = told["conversation"]
        self.device.frames.clear()


async def test_who_follows_the_desk_knows_what_a_new_list_says(shop: Shop) -> None:
    """Old list and events together are a fresh one, for every act and through both nodes."""
    lookers = [Looker(shop.ting, "unassigned"), Looker(shop.wang, "all")]
    await shop.asked(shop.fang)
    for each in lookers:
        await each.look()
    id_ = await shop.asked(shop.mei)
    acts: list[tuple[str, str, dict[str, Any]]] = [
        ("lin", "claim", {}), ("wang", "assign", {"user": "lin"}), ("lin", "release", {}),
        ("wang", "resolve", {}), ("wang", "reopen", {}), ("lin", "claim", {}),
        ("lin", "resolve", {}), ("lin", "release", {}),
    ]  # fmt: skip
    for who, act, fields in acts:
        await desk(shop.devices[who], act, id_, **fields)
        await shop.settled()
        for step in ("act", "message"):
            for each in lookers:
                each.follow()
                fresh = {view["id"]: view for view in await listed(each.device, each.view)}
                assert each.known == fresh, (act, step, each.view)
            if step == "act":
                await shop.mei.say(id_, f"after {act}")
                await shop.settled()


async def arrive(client: Client) -> None:
    """A client of somebody of the shop connects."""
    node, client.node = client.node, _Here(client.node)
    await client.come()
    client.node = node


class _Here:
    """A node at which everybody is of the shop."""

    def __init__(self, node: Any) -> None:
        self._node = node

    async def arrive(self, user: str, device: str, role: Any) -> Any:
        return await self._node.arrive(user, device, role, "renmin")
