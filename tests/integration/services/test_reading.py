"""Read positions, and the numbers that follow from them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def mei(node: Any) -> Any:
    return await node.arrive("mei")


@pytest_asyncio.fixture
async def lin(node: Any) -> Any:
    return await node.arrive("lin", role="consultant")


@pytest_asyncio.fixture
async def talk(mei: Any, lin: Any) -> str:
    id_: str = await mei.open("lin")
    return id_


async def mark(device: Any, talk: str, seq: int) -> tuple[int, int]:
    answer = await device.call("read.mark", {"conversation": talk, "seq": seq})
    return (answer["read"], answer["unread"])


async def numbers(device: Any, talk: str) -> tuple[int, int, int]:
    view = await device.view(talk)
    return (view["read"], view["unread"], view["mentions"])


async def test_sending_reads_everything_up_to_it(mei: Any, lin: Any, talk: str) -> None:
    for _ in range(3):
        await mei.say(talk)
    assert await numbers(mei, talk) == (3, 0, 0)
    assert await numbers(lin, talk) == (0, 3, 0)
    await lin.say(talk)
    assert await numbers(lin, talk) == (4, 0, 0)
    assert await numbers(mei, talk) == (3, 1, 0)


async def test_ones_own_message_is_never_unread_on_any_node(
    start_node: Any, node: Any, mei: Any, lin: Any, talk: str
) -> None:
    tablet = await (await start_node()).arrive("mei", "tablet")
    await tablet.view(talk)
    for seq in range(1, 11):
        await mei.say(talk)
        assert await numbers(mei, talk) == (seq, 0, 0)
        assert await numbers(tablet, talk) == (seq, 0, 0)
        synced = (await tablet.call("sync", {}))["conversations"][0]
        assert (synced["read"], synced["unread"]) == (seq, 0)


async def test_a_mark_reads_up_to_it_and_no_further(mei: Any, lin: Any, talk: str) -> None:
    for n in range(5):
        await mei.say(talk, mentions=["lin"] if n in (0, 3) else [])
    assert await numbers(lin, talk) == (0, 5, 2)
    assert await mark(lin, talk, 2) == (2, 3)
    assert await numbers(lin, talk) == (2, 3, 1)


async def test_a_mark_ends_at_the_head(mei: Any, lin: Any, talk: str) -> None:
    assert await mark(lin, talk, 7) == (0, 0)
    await mei.say(talk)
    assert await mark(lin, talk, 2**53) == (1, 0)
    assert mei.told("read")[-1]["seq"] == 1
    await mei.say(talk)
    assert await numbers(lin, talk) == (1, 1, 0)


async def test_a_late_mark_takes_nothing_back(mei: Any, lin: Any, talk: str) -> None:
    for _ in range(5):
        await mei.say(talk)
    assert await mark(lin, talk, 4) == (4, 1)
    assert await mark(lin, talk, 2) == (4, 1)
    assert await numbers(lin, talk) == (4, 1, 0)
    assert [event["seq"] for event in mei.told("read")] == [4]


async def test_marks_at_once_end_at_the_highest(
    start_node: Any, mei: Any, lin: Any, talk: str
) -> None:
    tablet = await (await start_node()).arrive("lin", "tablet")
    for _ in range(10):
        await mei.say(talk)
    await asyncio.gather(
        *(mark(device, talk, seq) for device in (lin, tablet) for seq in (3, 9, 1, 7))
    )
    assert await numbers(lin, talk) == await numbers(tablet, talk) == (9, 1, 0)


async def test_an_answered_mark_is_stored(start_node: Any, mei: Any, lin: Any, talk: str) -> None:
    await mei.say(talk)
    await mark(lin, talk, 1)
    fresh = await (await start_node()).arrive("lin", "other")
    assert await numbers(fresh, talk) == (1, 0, 0)


async def test_what_was_recalled_is_not_unread(mei: Any, lin: Any, talk: str) -> None:
    for _ in range(3):
        await mei.say(talk, mentions=["lin"])
    await mei.call("message.recall", {"conversation": talk, "seq": 2})
    assert await numbers(lin, talk) == (0, 2, 2)
    assert await mark(lin, talk, 2) == (2, 1)


async def test_the_badge_adds_up_what_is_not_muted(node: Any, mei: Any, lin: Any) -> None:
    senders = [mei, await node.arrive("bob"), await node.arrive("amy")]
    talks = [await sender.open("lin") for sender in senders]
    for times, talk, sender in zip((1, 2, 3), talks, senders, strict=True):
        for _ in range(times):
            await sender.say(talk, mentions=["lin"])

    async def badge() -> tuple[int, int]:
        told = (await lin.call("sync", {}))["badge"]
        return (told["unread"], told["mentions"])

    assert await badge() == (6, 6)
    for mode, left in (("silent", 4), ("none", 4), ("mentions", 6), ("all", 6)):
        await lin.call("conversation.prefs", {"conversation": talks[1], "mode": mode})
        assert await badge() == (left, left)
        await node.services.badges.flush()
        assert lin.told("badge")[-1] == {"unread": left, "mentions": left}
        assert await numbers(lin, talks[1]) == (0, 2, 2)  # counted all the same
    await mark(lin, talks[2], 3)
    await node.services.badges.flush()
    assert lin.told("badge")[-1] == {"unread": 3, "mentions": 3}


async def test_who_has_read_a_message(mei: Any, lin: Any, talk: str) -> None:
    for _ in range(2):
        await mei.say(talk)
    await mark(lin, talk, 1)

    async def who(seq: int) -> Any:
        return await mei.call("read.who", {"conversation": talk, "seq": seq})

    assert await who(1) == {"read": ["lin"], "unread": [], "read_count": 1, "unread_count": 0}
    assert await who(2) == {"read": [], "unread": ["lin"], "read_count": 0, "unread_count": 1}


async def test_others_see_how_far_one_has_come(mei: Any, lin: Any, talk: str) -> None:
    for _ in range(2):
        await mei.say(talk)
    await mark(lin, talk, 1)
    members = {member["user"]: member for member in (await mei.view(talk))["members"]}
    assert (members["lin"]["read"], members["lin"]["delivered"]) == (1, 2)
    assert (members["mei"]["read"], members["mei"]["delivered"]) == (2, 2)
