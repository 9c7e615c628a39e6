"""What was reported: moderators read it, also outside the conversation and after its recall."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import pytest_asyncio

from chatserver.errors import NotFound
from tests.integration.media.conftest import Door, doors, links, send, settings_of, sweep
from tests.integration.media.pictures import photo

DAY_MS = 86_400_000
SHOP = "s1"

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def door(mongo_url: str, redis_url: str, empty_database: str) -> AsyncIterator[Door]:
    async with doors(settings_of(mongo_url, redis_url, empty_database)) as open_door:
        yield await open_door()


async def manager(door: Door, user: str = "wang", shop: str = SHOP) -> Any:
    return await door.node.arrive(user, role="manager", shop=shop)


async def reported(door: Door, *, by: str = "fang") -> tuple[Any, str, int]:
    """Mei sends a picture and then another one to a group of the shop, and the latter is reported;
    Mei's device, the group and the number of the reported one."""
    lin = await door.node.arrive("lin", role="consultant", shop=SHOP)
    mei, fang = await door.node.arrive("mei", shop=SHOP), await door.node.arrive(by, shop=SHOP)
    opened = await lin.call("conversation.open", {"kind": "group", "title": "x"})
    room = opened["conversation"]["id"]
    for each in (mei, fang):
        await lin.call("conversation.add", {"conversation": room, "users": [each.caller.user]})
        await each.call("conversation.join", {"conversation": room})
    for width in (300, 400):
        seq = await send(mei, room, await door.upload("image", photo(width, 200)))
    await fang.call("report.create", {"conversation": room, "seq": seq, "reason": "fraud"})
    return mei, room, seq


async def of_report(device: Any, room: str, report: int, *seqs: int) -> list[dict[str, str]]:
    """The addresses that a moderator gets."""
    call = {"conversation": room, "seqs": list(seqs), "report": report}
    return [each["urls"] for each in (await device.call("media.links", call))["links"]]


async def status(door: Door, url: str) -> int:
    return (await door.read(url)).status


async def test_a_moderator_outside_the_conversation_reads_what_a_report_shows(door: Door) -> None:
    _, room, seq = await reported(door)
    wang = await manager(door)
    with pytest.raises(NotFound):
        await links(wang, room, seq)
    urls = await of_report(wang, room, seq, seq - 1, seq)
    assert [await status(door, each["256"]) for each in urls] == [200, 200]
    assert await of_report(wang, room, seq, 1) == [], "nothing that the report does not show"


@pytest.mark.parametrize("who", ["mei", "fang", "other shop"])
async def test_nobody_else_does(door: Door, who: str) -> None:
    _, room, seq = await reported(door)
    device = (
        await manager(door, "zhou", "s2") if who == "other shop" else await door.node.arrive(who)
    )
    with pytest.raises(NotFound):
        await of_report(device, room, seq, seq)


async def test_who_was_reported_does_not_learn_of_it_as_a_manager_either(door: Door) -> None:
    _, room, seq = await reported(door)
    mei = await door.node.arrive("mei", role="manager", shop=SHOP)
    with pytest.raises(NotFound):
        await of_report(mei, room, seq, seq)


async def test_an_address_ends_with_the_place_of_a_moderator(door: Door) -> None:
    _, room, seq = await reported(door)
    (urls,) = await of_report(await manager(door), room, seq, seq)
    assert await status(door, urls["original"]) == 200
    await door.node.arrive("wang", role="consultant", shop=SHOP)
    assert await status(door, urls["original"]) == 404


@pytest.mark.parametrize("change", [{"r": "2"}, {"r": ""}, {"r": "-1"}, {"r": None}])
async def test_an_address_of_one_report_is_none_of_another(
    door: Door, change: dict[str, str | None]
) -> None:
    _, room, seq = await reported(door)
    (urls,) = await of_report(await manager(door), room, seq, seq)
    said = urlsplit(urls["original"])
    query = {**dict(parse_qsl(said.query)), **change}
    assert query != dict(parse_qsl(said.query))
    changed = urlencode({name: value for name, value in query.items() if value is not None})
    assert await status(door, f"{said.path}?{changed}") == 404


async def test_what_was_reported_is_kept_after_its_recall_as_long_as_the_report(door: Door) -> None:
    mei, room, seq = await reported(door)
    (own,) = await links(mei, room, seq)
    for each in (seq - 1, seq):
        await mei.call("message.recall", {"conversation": room, "seq": each})
    await sweep(door.node, later_ms=2 * DAY_MS)
    wang = await manager(door)
    (urls,) = await of_report(wang, room, seq, seq - 1, seq)
    assert urls["original"] != own["original"]
    assert await status(door, urls["original"]) == 200
    assert await status(door, own["original"]) == 404
    reports = door.node.kept.database.collection("reports")
    await reports.delete_many({})  # as half a year later
    await sweep(door.node, later_ms=100 * DAY_MS)
    assert await door.node.kept.database.collection("media").count_documents({}) == 0


async def test_without_a_report_of_the_message_a_moderator_reads_nothing(door: Door) -> None:
    _, room, seq = await reported(door)
    wang = await manager(door)
    with pytest.raises(NotFound):
        await of_report(wang, room, seq - 1, seq - 1)
