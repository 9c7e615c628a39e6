"""Who is online, seen from several nodes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chatserver.bus.presence import PresenceBoard
from tests.integration.bus.nodes import admin, until

pytestmark = pytest.mark.asyncio

NOON = 1_790_000_000_000


@asynccontextmanager
async def boards(url: str, *nodes: str, **options: Any) -> AsyncIterator[list[PresenceBoard]]:
    space = f"test-{secrets.token_hex(8)}"
    made = [PresenceBoard(url, node, space=space, **options) for node in nodes]
    try:
        yield made
    finally:
        for board in made:
            await board.close()


async def online(board: PresenceBoard, user: str) -> bool:
    """Whether the board says so."""
    return (await board.states([user])).get(user, ("offline", None))[0] == "online"


async def offline(board: PresenceBoard, user: str) -> bool:
    """Whether the board says so; not knowing is not it."""
    return (await board.states([user])).get(user, ("online", None))[0] == "offline"


async def test_who_arrived_is_online_for_all_nodes(any_url: str) -> None:
    async with boards(any_url, "east", "west") as (east, west):
        await east.arrived("mei")
        expected = {"mei": ("online", None), "lin": ("offline", None)}
        assert await west.states(["mei", "lin"]) == expected
        assert await east.states(["mei", "lin"]) == expected


async def test_who_left_was_last_seen_then(any_url: str) -> None:
    async with boards(any_url, "east", "west") as (east, west):
        await east.arrived("mei")
        await east.left("mei", at_ms=NOON)
        assert await west.states(["mei"]) == {"mei": ("offline", NOON)}

        await west.arrived("mei")
        assert await east.states(["mei"]) == {"mei": ("online", None)}
        await west.left("mei", at_ms=NOON + 1)
        assert await east.states(["mei"]) == {"mei": ("offline", NOON + 1)}


async def test_who_is_on_two_nodes_is_online_until_the_last_is_left(any_url: str) -> None:
    async with boards(any_url, "east", "west") as (east, west):
        await east.arrived("mei")
        await west.arrived("mei")
        await east.left("mei", at_ms=NOON)
        assert await east.states(["mei"]) == {"mei": ("online", None)}
        await west.left("mei", at_ms=NOON + 5)
        assert await east.states(["mei"]) == {"mei": ("offline", NOON + 5)}


async def test_people_of_a_dead_node_go_offline(any_url: str) -> None:
    async with boards(any_url, "east", "west", expires_ms=300) as (east, west):
        await east.arrived("mei")
        await until(lambda: offline(west, "mei"))

        seconds, _ = await west._lanes[0].client.time()
        last_seen = (await west.states(["mei"]))["mei"][1]
        assert last_seen is not None
        assert abs(seconds * 1000 - last_seen) < 5000


async def test_refreshed_people_stay_online(any_url: str) -> None:
    async with boards(any_url, "east", "west", expires_ms=1000) as (east, west):
        await east.arrived("mei")
        await east.arrived("lin")

        async def lin_is_gone_but_mei_is_not() -> bool:
            await east.refresh(["mei"])
            assert await online(west, "mei")
            return await offline(west, "lin")

        await until(lin_is_gone_but_mei_is_not)


async def test_a_thousand_arrivals_are_a_few_round_trips(private_valkey: Any) -> None:
    people = [f"user-{number}" for number in range(1300)]
    async with (
        boards(private_valkey.url, "east", "west") as (east, west),
        admin(private_valkey.url) as client,
    ):
        await asyncio.gather(*(east.arrived(user) for user in people))

        calls = (await client.info("commandstats"))["cmdstat_eval"]["calls"]
        assert calls <= 6
        assert set((await west.states(people)).values()) == {("online", None)}


async def test_marks_of_one_person_keep_their_order(any_url: str) -> None:
    async with boards(any_url, "east") as (east,):
        steps = []
        for number in range(50):
            steps += [east.arrived("mei"), east.left("mei", at_ms=NOON + number)]
        await asyncio.gather(*steps)
        assert await east.states(["mei"]) == {"mei": ("offline", NOON + 49)}


async def test_a_refresh_does_not_bring_back_who_leaves_meanwhile(any_url: str) -> None:
    async with boards(any_url, "east") as (east,):
        await east.arrived("mei")
        await asyncio.gather(east.refresh(["mei"]), east.left("mei", at_ms=NOON))
        assert await east.states(["mei"]) == {"mei": ("offline", NOON)}


async def test_nobody_asked_about_is_no_question(any_url: str) -> None:
    async with boards(any_url, "east") as (east,):
        assert await east.states([]) == {}


async def test_without_redis_nothing_is_known_and_nothing_fails(private_valkey: Any) -> None:
    async with boards(private_valkey.url, "east", "west") as (east, west):
        await east.arrived("mei")
        await asyncio.to_thread(private_valkey.kill)

        assert await east.states(["mei"]) == {}
        assert await east.in_front(["mei"]) == {}
        await east.arrived("lin")
        await east.left("mei", at_ms=NOON)
        await east.refresh(["lin"])

        await asyncio.to_thread(private_valkey.start)

        async def lin_is_back() -> bool:
            await east.refresh(["lin"])
            return await online(west, "lin")

        await until(lin_is_back)


async def test_entries_are_forgotten_in_the_end(any_url: str) -> None:
    async with boards(any_url, "east") as (east,):
        await east.arrived("mei")
        lane = east._lanes[east._lanes.index("mei")]
        client, key = lane.client, f"{lane.prefix}{east._prefix}mei"
        assert 29 * 86_400 < await client.ttl(key) <= 30 * 86_400
        await east.left("mei", at_ms=NOON)
        assert 29 * 86_400 < await client.ttl(key) <= 30 * 86_400


async def state(board: PresenceBoard, user: str) -> str:
    """What the board says."""
    return (await board.states([user]))[user][0]


async def test_who_is_away_on_all_nodes_is_away(redis_url: str) -> None:
    async with boards(redis_url, "east", "west") as (east, west):
        for board in (east, west):
            await board.arrived("mei")
        await east.away("mei")
        assert await state(west, "mei") == "online"
        await west.away("mei")
        assert await east.states(["mei"]) == {"mei": ("away", None)}
        await east.arrived("mei")
        assert await state(west, "mei") == "online"
        await east.left("mei", at_ms=NOON)
        assert await state(east, "mei") == "away"
        await west.left("mei", at_ms=NOON + 1)
        assert await east.states(["mei"]) == {"mei": ("offline", NOON + 1)}


async def test_who_is_away_stays_so_by_being_refreshed(redis_url: str) -> None:
    async with boards(redis_url, "east", "west", expires_ms=500) as (east, west):
        for user in ("mei", "lin"):
            await east.away(user)

        async def lin_is_gone_but_mei_is_away() -> bool:
            await east.refresh([], ["mei"])
            assert await state(west, "mei") == "away"
            return await offline(west, "lin")

        await until(lin_is_gone_but_mei_is_away)


async def test_a_handheld_in_the_foreground_on_any_node_is_told_from_a_desktop(
    any_url: str,
) -> None:
    people = ["mei", "lin", "wang", "fang"]
    async with boards(any_url, "east", "west") as (east, west):
        await east.at_desk("mei", "lin")
        await west.arrived("lin")
        await west.away("wang", "mei")
        expected = {"mei": "desktop", "lin": "handheld", "wang": "away", "fang": "offline"}
        assert await east.in_front(people) == await west.in_front(people) == expected
        online = {user for user, (how, _) in (await west.states(people)).items() if how == "online"}
        assert online == {"mei", "lin"}

        await west.left("lin", at_ms=NOON)
        await east.away("mei")
        assert await west.in_front(["mei", "lin"]) == {"mei": "away", "lin": "desktop"}
        for user in ("mei", "lin"):
            await east.left(user, at_ms=NOON)
        await west.left("mei", at_ms=NOON)
        assert set((await east.in_front(["mei", "lin"])).values()) == {"offline"}


async def test_who_is_at_a_desk_stays_so_by_being_refreshed(redis_url: str) -> None:
    async with boards(redis_url, "east", "west", expires_ms=500) as (east, west):
        await east.at_desk("mei", "lin")

        async def lin_is_gone_but_mei_is_at_her_desk() -> bool:
            await east.refresh([], [], ["mei"])
            assert await west.in_front(["mei"]) == {"mei": "desktop"}
            return await offline(west, "lin")

        await until(lin_is_gone_but_mei_is_at_her_desk)
