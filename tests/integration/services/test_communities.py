"""Communities: people come into rooms by what they are, and leave them when that changes."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from chatserver.clock import now_ms
from chatserver.domain.community_rules import parse_rules
from chatserver.domain.person import SERVER
from chatserver.domain.room import bring_in
from chatserver.services.communities import Communities

pytestmark = pytest.mark.asyncio

KEYS = ("test:" + base64.b64encode(b"k" * 32).decode(),)
SETTINGS = {"profile_changes_per_s": 10_000, "data_keys": KEYS}
RULES = """
[[community]]
id = "same-month"
by = ["shop", "child.birth_month"]
title = { zh = "{year}年{month}月宝宝妈妈群{no}", en = "Babies of {month_name} {year} {no}" }
cap = 3
admins = "consultants of the shop"
history = "all"
"""


class Shop:
    """Lin is the consultant of the shop Bund; mothers come as the test says."""

    def __init__(self, node: Any, communities: Communities) -> None:
        self.node = node
        self.communities = communities
        self.rule = parse_rules(RULES)[0]

    async def mother(self, user: str, born: str, shop: str = "bund") -> Any:
        device = await self.node.arrive(user, shop=shop)
        consent = {"purpose": "child_birth_date", "version": "1"}
        await device.call("consent.give", consent)
        await device.call("profile.update", {"children": {"one": born}})
        return device

    async def settle(self) -> None:
        while await self.communities.look(now_ms()):
            pass

    async def rooms(self, device: Any) -> dict[str, Any]:
        """The titles of the communities a person is in, with what the person sees of each."""
        answer = await device.call("conversation.list", {})
        return {
            view["room"]["title"]: view
            for view in answer["conversations"]
            if view["room"] and view["me"]["state"] == "in"
        }


@pytest_asyncio.fixture
async def shop(start_node: Any, tmp_path: Path) -> Shop:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    node = await start_node(**SETTINGS, communities_file=str(tmp_path / "rules.toml"))
    services = node.services
    rules = parse_rules(RULES)
    return Shop(
        node,
        Communities(node.kept, services.profiles, services.rooms, rules, services.desk.see_off),
    )


async def test_mothers_of_one_month_meet_with_the_consultant_of_their_shop(shop: Shop) -> None:
    lin = await shop.node.arrive("lin", role="consultant", shop="bund")
    mei = await shop.mother("mei", "2026-03-14")
    fang = await shop.mother("fang", "2026-03-30")
    other = await shop.mother("eve", "2026-04-01")
    elsewhere = await shop.mother("gao", "2026-03-14", shop="jingan")
    await shop.settle()
    (room,) = (await shop.rooms(mei)).values()
    assert room["room"]["title"] == "2026年3月宝宝妈妈群"
    assert room["room"]["titles"]["en"] == "Babies of March 2026"
    assert [view["id"] for view in (await shop.rooms(fang)).values()] == [room["id"]]
    assert {each["me"]["role"] for each in (await shop.rooms(lin)).values()} == {"admin"}
    await mei.say(room["id"], "大家好")
    assert [m["body"]["text"] for m in fang.told("message") if m["kind"] == "text"] == ["大家好"]
    for stranger in (other, elsewhere):
        assert room["id"] not in {view["id"] for view in (await shop.rooms(stranger)).values()}
        assert not [m for m in stranger.told("message") if m["kind"] == "text"]


async def test_who_finds_the_room_full_comes_into_the_next_one(shop: Shop) -> None:
    mothers = [await shop.mother(f"m{number}", "2026-03-14") for number in range(7)]
    await shop.settle()
    titles = [next(iter(await shop.rooms(each))) for each in mothers]
    assert sorted(titles) == [
        *["2026年3月宝宝妈妈群"] * 3,
        *["2026年3月宝宝妈妈群2"] * 3,
        "2026年3月宝宝妈妈群3",
    ]


async def test_two_nodes_that_place_many_at_once_neither_overfill_nor_double(
    shop: Shop, start_node: Any
) -> None:
    other = await start_node(**SETTINGS)
    services = other.services
    second = Communities(
        other.kept, services.profiles, services.rooms, parse_rules(RULES), services.desk.see_off
    )
    mothers = [await shop.mother(f"m{number}", "2026-03-14") for number in range(8)]
    both = (shop.communities, second)
    await asyncio.gather(*(each.place(f"m{n}", now_ms()) for n in range(8) for each in both))
    counts = [view["room"]["count"] for m in mothers for view in (await shop.rooms(m)).values()]
    assert len(counts) == 8
    assert max(counts) == 3


async def test_who_came_into_two_rooms_of_a_family_keeps_the_first(shop: Shop) -> None:
    """As two nodes leave it of which one found the first room full and the other one did not."""
    mei, *_ = [await shop.mother(f"m{number}", "2026-03-14") for number in range(4)]
    await shop.settle()
    rooms = await shop.node.kept.memberships.in_communities("m3")
    await shop.node.services.rooms.enact(
        SERVER, rooms[0].conversation, ("m0",), lambda scene: bring_in(scene, "m0", "member"), 1
    )
    assert len(await shop.rooms(mei)) == 2
    await shop.communities.place("m0", now_ms())
    assert list(await shop.rooms(mei)) == ["2026年3月宝宝妈妈群"]


async def test_who_came_back_to_another_room_of_a_family_is_not_brought_into_the_former_one(
    shop: Shop,
) -> None:
    first, _, _, mei = [await shop.mother(f"m{number}", "2026-03-14") for number in range(4)]
    await shop.settle()
    assert list(await shop.rooms(mei)) == ["2026年3月宝宝妈妈群2"]
    for device, born in ((mei, "2026-04-02"), (first, "2026-04-02"), (mei, "2026-03-14")):
        await device.call("profile.update", {"children": {"one": born}})
        await shop.settle()
    await shop.communities.place("m3", now_ms())
    assert list(await shop.rooms(mei)) == ["2026年3月宝宝妈妈群"]


async def test_who_changes_is_moved_and_keeps_what_was(shop: Shop) -> None:
    mei = await shop.mother("mei", "2026-03-14")
    await shop.settle()
    (march,) = (await shop.rooms(mei)).values()
    seq = await mei.say(march["id"], "hello")
    await mei.call("profile.update", {"children": {"one": "2026-04-02"}})
    await shop.settle()
    assert list(await shop.rooms(mei)) == ["2026年4月宝宝妈妈群"]
    left = await mei.view(march["id"])
    assert (left["me"]["state"], left["head"]["seq"] >= seq) == ("moved", True)
    await mei.call("profile.update", {"children": {"one": "2026-03-14"}})
    await shop.settle()
    assert list(await shop.rooms(mei)) == ["2026年3月宝宝妈妈群"]


async def test_without_consent_nobody_is_in_a_community_of_births(shop: Shop) -> None:
    mei = await shop.mother("mei", "2026-03-14")
    await shop.settle()
    assert await shop.rooms(mei)
    await mei.call("consent.withdraw", {"purpose": "child_birth_date"})
    await shop.settle()
    assert not await shop.rooms(mei)


async def test_who_left_by_themselves_is_not_brought_back(shop: Shop) -> None:
    mei = await shop.mother("mei", "2026-03-14")
    await shop.settle()
    (room,) = (await shop.rooms(mei)).values()
    await mei.call("conversation.leave", {"conversation": room["id"]})
    await shop.communities.place("mei", now_ms())
    assert not await shop.rooms(mei)


async def test_a_new_consultant_looks_after_the_rooms_of_the_shop_and_one_who_goes_no_longer_does(
    shop: Shop,
) -> None:
    for number in range(4):  # more than one room of the family holds
        await shop.mother(f"m{number}", "2026-03-14")
    await shop.settle()
    lin = await shop.node.arrive("lin", role="consultant", shop="bund")
    await shop.settle()
    assert [view["me"]["role"] for view in (await shop.rooms(lin)).values()] == ["admin"] * 2
    await shop.node.arrive("lin", device="new", role="consultant", shop="jingan")
    await shop.settle()
    assert not await shop.rooms(lin)


async def test_everybody_is_due_when_the_rules_change(shop: Shop) -> None:
    mei = await shop.mother("mei", "2026-03-14")
    await shop.settle()
    changed = (msgspec.structs.replace(shop.rule, id="same-birth-month"),)
    services = shop.node.services
    renamed = Communities(
        shop.node.kept, services.profiles, services.rooms, changed, services.desk.see_off
    )
    running = asyncio.create_task(renamed.run(now_ms))
    async with asyncio.timeout(60):
        while await ruled(shop, mei) != ["same-birth-month"]:  # noqa: ASYNC110 - another task's doing
            await asyncio.sleep(0.02)
    running.cancel()


async def ruled(shop: Shop, device: Any) -> list[str]:
    """By which rules a person is in communities."""
    return [view["room"]["community"] for view in (await shop.rooms(device)).values()]
