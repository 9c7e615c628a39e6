"""Who types and who is there: hints, for those who talk with the person."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from chatserver.domain.person import DeviceInfo

pytestmark = pytest.mark.asyncio

NOON = 1_900_000_000_000


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - told from a timer of the server
            await asyncio.sleep(0.005)


async def come(node: Any, *users: str) -> None:
    """The first connections of these people opened on a node, and all heard of it."""
    for user in users:
        node.services.presence.came(user)
    await node.services.presence.flush(NOON)


async def go(node: Any, *users: str) -> None:
    """These people left a node, and stay away for as long as that takes."""
    for user in users:
        node.services.presence.went(user)
    while node.services.presence._leaving:
        await asyncio.sleep(0.001)
        await node.services.presence.flush(NOON)


def typed(device: Any) -> list[bool]:
    return [event["on"] for event in device.told("typing")]


def states(device: Any) -> list[str]:
    return [event["state"] for event in device.told("presence")]


async def test_typing_that_is_not_renewed_is_taken_back(start_node: Any) -> None:
    node = await start_node(typing_expires_ms=50, typing_interval_ms=1)
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    await mei.call("typing", {"conversation": talk, "on": True})
    assert typed(lin) == [True]
    await until(lambda: typed(lin) == [True, False])
    await mei.call("typing", {"conversation": talk, "on": False})
    assert typed(lin) == [True, False]


async def test_typing_told_too_often_is_dropped(node: Any) -> None:
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    for _ in range(5):
        await mei.call("typing", {"conversation": talk, "on": True})
    assert typed(lin) == [True]
    await mei.call("typing", {"conversation": talk, "on": False})
    assert typed(lin) == [True, False]


async def test_who_sends_no_longer_types(node: Any) -> None:
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    talk = await mei.open("lin")
    await mei.call("typing", {"conversation": talk, "on": True})
    await lin.say(talk)
    assert typed(lin) == [True]
    await mei.say(talk)
    assert typed(lin) == [True, False]


async def test_presence_is_seen_only_by_those_who_share_a_conversation(
    start_node: Any, node: Any
) -> None:
    mei, eve = await node.arrive("mei"), await node.arrive("eve")
    other = await start_node(leaves_after_ms=1)
    lin = await other.arrive("lin")
    await mei.open("lin")
    for watcher in (mei, eve):
        answer = await watcher.call("presence.watch", {"users": ["lin", "nobody", "mei", "eve"]})
        seen = {} if watcher is eve else {"lin": {"state": "offline", "last_seen": None}}
        assert answer == {"presence": seen}

    await come(other, "lin")
    online = {"user": "lin", "state": "online", "last_seen": None}
    assert mei.told("presence") == [online]
    answer = await mei.call("presence.watch", {"users": ["lin"]})
    assert answer["presence"]["lin"] == {"state": "online", "last_seen": None}

    lin.leave()
    await go(other, "lin")
    gone = {"user": "lin", "state": "offline", "last_seen": NOON}
    assert mei.told("presence") == [online, gone]

    await mei.call("presence.unwatch", {"users": ["lin"]})
    await come(other, "lin")
    assert len(mei.told("presence")) == 2
    assert eve.told("presence") == []


async def test_somebody_still_on_another_node_has_not_left(start_node: Any, node: Any) -> None:
    mei, _phone = await node.arrive("mei"), await node.arrive("lin")
    other = await start_node(leaves_after_ms=1)
    await mei.open("lin")
    await mei.call("presence.watch", {"users": ["lin"]})
    for each in (node, other):
        await come(each, "lin")
    await go(other, "lin")
    assert states(mei) == ["online", "online"]


async def watching(node: Any, *users: str) -> Any:
    """Mei, who watches these people."""
    mei = await node.arrive("mei")
    for user in users:
        lin = await node.arrive(user)
        await mei.open(user)
        lin.leave()
    for first in range(0, len(users), 100):
        await mei.call("presence.watch", {"users": list(users[first : first + 100])})
    return mei


async def test_who_comes_back_soon_was_never_away(node: Any) -> None:
    mei = await watching(node, "lin")
    await come(node, "lin")
    for _ in range(3):
        node.services.presence.went("lin")
        node.services.presence.came("lin")
        await node.services.presence.flush(NOON)
    assert states(mei) == ["online"]
    assert (await node.board.states(["lin"]))["lin"] == ("online", None)


async def test_who_leaves_again_has_the_whole_time_again(start_node: Any) -> None:
    node = await start_node(leaves_after_ms=200)
    mei = await watching(node, "lin", "wang")
    await come(node, "lin", "wang")
    presence = node.services.presence
    presence.went("lin")
    presence.went("wang")
    presence.came("lin")
    presence.went("lin")
    while "wang" in presence._leaving:
        await asyncio.sleep(0.001)
        await presence.flush(NOON)
    await go(node)
    gone = [event["user"] for event in mei.told("presence") if event["state"] == "offline"]
    assert gone == ["wang", "lin"]


async def test_who_came_back_while_the_leaving_was_told_is_online_in_the_end(
    start_node: Any,
) -> None:
    node = await start_node(leaves_after_ms=1)
    mei = await watching(node, "lin")
    await come(node, "lin")
    presence = node.services.presence
    presence.went("lin")
    await asyncio.sleep(0.002)
    flushing = asyncio.create_task(presence.flush(NOON))
    await asyncio.sleep(0)  # it is on its way
    presence.came("lin")
    await flushing
    await presence.flush(NOON)
    assert states(mei)[-1] == "online"
    assert (await node.board.states(["lin"]))["lin"] == ("online", None)


async def test_comings_and_goings_are_told_by_themselves(start_node: Any) -> None:
    node = await start_node(leaves_after_ms=1)
    mei = await watching(node, "lin")
    node.tasks.spawn("presence", node.services.presence.run(lambda: NOON))
    node.services.presence.came("lin")
    await until(lambda: states(mei) == ["online"])
    node.services.presence.went("lin")
    await until(lambda: states(mei) == ["online", "offline"])


async def test_a_crowd_that_comes_and_goes_needs_no_task_each(
    start_node: Any, private_valkey: Any
) -> None:
    node = await start_node(leaves_after_ms=1, redis_url=private_valkey.url)
    crowd = [f"user-{number}" for number in range(2000)]
    tasks = len(asyncio.all_tasks())
    for user in crowd:
        node.services.presence.came(user)
    for user in crowd:
        node.services.presence.went(user)
    assert len(asyncio.all_tasks()) == tasks
    await go(node)
    assert set((await node.board.states(crowd)).values()) == {("offline", NOON)}
    async with Redis.from_url(private_valkey.url) as valkey:
        commands = await valkey.info("commandstats")
    assert commands["cmdstat_eval"]["calls"] <= 20


async def test_without_redis_those_of_this_node_are_told_all_the_same(
    start_node: Any, private_valkey: Any
) -> None:
    node = await start_node(leaves_after_ms=1, redis_url=private_valkey.url)
    mei = await watching(node, "lin")
    await asyncio.to_thread(private_valkey.kill)
    await come(node, "lin")
    await go(node, "lin")
    assert states(mei) == ["online", "offline"]


async def turn(device: Any, *, foreground: bool) -> None:
    """A device's app goes to the background or comes back."""
    await device.node.kept.devices.connected(
        device.connection.identity, DeviceInfo(device.caller.device, "ios"), NOON
    )
    await device.call("device.update", {"foreground": foreground})
    await device.node.services.presence.flush(NOON)


async def test_who_has_all_apps_in_the_background_everywhere_is_away(start_node: Any) -> None:
    one, other = await start_node(), await start_node()
    mei, phone = await one.arrive("mei"), await one.arrive("lin")
    await mei.open("lin")
    await mei.call("presence.watch", {"users": ["lin"]})
    pad, till = await one.arrive("lin", "pad"), await other.arrive("lin", "till")
    for node in (one, other):
        await come(node, "lin")
    told = len(states(mei))
    for device in (phone, pad):
        await turn(device, foreground=False)
    assert len(states(mei)) == told  # the till is still looked at
    await turn(till, foreground=False)
    assert mei.told("presence")[told:] == [{"user": "lin", "state": "away", "last_seen": None}]
    answer = await mei.call("presence.watch", {"users": ["lin"]})
    assert answer["presence"]["lin"] == {"state": "away", "last_seen": None}
    await turn(pad, foreground=True)
    assert states(mei)[-1] == "online"


async def test_a_handheld_in_front_is_told_from_a_desktop_and_watchers_hear_nothing_of_it(
    start_node: Any,
) -> None:
    one, other = await start_node(), await start_node()
    mei, phone = await one.arrive("mei"), await one.arrive("lin")
    await mei.open("lin")
    await mei.call("presence.watch", {"users": ["lin"]})
    till = await other.arrive("lin", "till", platform="desktop")
    page = await one.arrive("lin", "page", platform="web")
    await come(one, "lin")
    other.services.presence.came("lin", other.hub.front("lin"))
    await other.services.presence.flush(NOON)
    told = len(states(mei))

    async def in_front() -> Any:
        return (await one.board.in_front(["lin"]))["lin"]

    assert await in_front() == "handheld"
    await turn(phone, foreground=False)
    assert await in_front() == "desktop"
    await turn(phone, foreground=True)
    assert await in_front() == "handheld"
    await one.services.presence.refresh()
    await other.services.presence.refresh()
    for device in (phone, page):
        await turn(device, foreground=False)
    assert await in_front() == "desktop"  # the till is looked at, at another node
    assert len(states(mei)) == told
    await turn(till, foreground=False)
    assert await in_front() == "away"
    assert states(mei)[told:] == ["away"]


async def test_who_loses_the_only_app_in_the_foreground_is_away_or_gone(start_node: Any) -> None:
    one, other = await start_node(leaves_after_ms=1), await start_node(leaves_after_ms=1)
    mei, phone, till = [
        await one.arrive("mei"), await one.arrive("lin"), await other.arrive("lin", "till")
    ]  # fmt: skip
    await mei.open("lin")
    await mei.call("presence.watch", {"users": ["lin"]})
    for node in (one, other):
        await come(node, "lin")
    await turn(phone, foreground=False)
    till.leave()
    await go(other, "lin")
    assert states(mei)[-1] == "away"
    phone.leave()
    await go(one, "lin")
    assert states(mei)[-1] == "offline"


async def test_who_reconnects_at_another_node_in_time_was_never_offline(start_node: Any) -> None:
    one, other = await start_node(leaves_after_ms=20), await start_node()
    mei = await watching(one, "lin")
    await come(one, "lin")
    one.services.presence.went("lin")
    await come(other, "lin")
    while one.services.presence._leaving:
        await asyncio.sleep(0.001)
        await one.services.presence.flush(NOON)
    assert "offline" not in states(mei)
    assert (await one.board.states(["lin"]))["lin"] == ("online", None)


async def test_what_is_as_it_was_is_not_told_again(node: Any) -> None:
    mei = await watching(node, "lin")
    for _ in range(3):
        await come(node, "lin")
    assert states(mei) == ["online"]


async def test_who_is_here_is_refreshed_as_online_or_away(node: Any) -> None:
    await come(node, "lin", "wang")
    node.services.presence.came("wang", "away")
    await node.services.presence.flush(NOON)
    await node.board.left("lin", "wang", at_ms=NOON)
    await node.services.presence.refresh()
    known = await node.board.states(["lin", "wang"])
    assert known == {"lin": ("online", None), "wang": ("away", None)}
