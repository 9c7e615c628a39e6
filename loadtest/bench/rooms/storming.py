"""Thousands of devices that were all away ask at once what they have missed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Struct

from chatserver.domain.conversation import direct_id
from loadtest.bench.figures import percentile
from loadtest.bench.rooms.counters import Asked
from loadtest.bench.rooms.parts import ASKED, P50, P99, SERVER
from loadtest.bench.rooms.plan import Plan
from loadtest.bench.rooms.results import Sample
from loadtest.bench.rooms.syncing import having
from loadtest.bench.seed import Seed
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm import frames
from loadtest.swarm.client import Client
from loadtest.swarm.crowd import Door, Place, Who
from loadtest.swarm.failed import Failed
from loadtest.swarm.usage import Stopwatch, Usage, settle
from loadtest.swarm.worker import Worker

DATABASE = "bench_storm"
HISTORY = 3  # messages of each conversation
MOVED = 2  # conversations of each person
AT_ONCE = 200
ANSWERED_WITHIN_S = 120.0
RESYNC = b'"resync"'
AGAIN_AFTER_MS = 1000  # where a refusal does not say when


class Stormed(Struct, frozen=True, kw_only=True):
    """A storm: how long each waited for its answer, in ms, and what all of it cost."""

    waits: list[float]
    refusals: int
    usage: Usage


def samples(house: House, plan: Plan) -> Iterator[Sample]:
    """Everybody is there; in a storm everybody syncs at once, through one node."""
    asyncio.run(_seeded(plan).store(house.mongo_url, DATABASE))
    with (
        house.running(RIVALS["product"], database=DATABASE) as place,
        Worker(house.cores.load, Storm, place, plan) as worker,
        Asked(house.mongo_url) as asked,
    ):
        worker.do(Storm.come)
        settle(place.pid, plan.patience_s)
        for _ in range(plan.storms):
            before = asked.count()
            stormed = worker.do(Storm.sync)
            settle(place.pid, plan.patience_s)
            yield _sample(stormed, asked.count() - before)


class Storm:
    """Everybody's devices."""

    def __init__(self, place: Place, plan: Plan) -> None:
        self._place = place
        self._plan = plan
        self._clients: list[Client] = []
        self._refusals = 0

    async def come(self) -> None:
        """Connect."""
        door = Door(self._place)
        people = [Who(_user(number), "phone") for number in range(self._plan.storm)]
        self._clients = await door.come_all(door.greetings(people), AT_ONCE)

    async def sync(self) -> Stormed:
        """All ask in the same moment; who is refused asks again when called, or when
        the server said.

        Raises:
            Failed: somebody had no answer after two minutes.
        """
        calls = [
            msgspec.json.encode(
                ["sync", having(_conversations(number, self._plan), MOVED, HISTORY)]
            )
            for number in range(len(self._clients))
        ]
        self._refusals, watch = 0, Stopwatch(self._place)
        began = time.perf_counter()
        asking = zip(self._clients, calls, strict=True)
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                ends = await asyncio.gather(*(self._answered(*each) for each in asking))
        except TimeoutError:
            raise Failed(f"not all were answered within {ANSWERED_WITHIN_S:.0f} s") from None
        waits = [1000 * (end - began) for end in ends]
        return Stormed(waits=waits, refusals=self._refusals, usage=watch.stop())

    async def _answered(self, client: Client, call: bytes) -> float:
        called = asyncio.Event()
        client.told = lambda packet: called.set() if RESYNC in packet else None
        while not (answer := await _ask(client, call))["ok"]:
            self._refusals += 1
            with suppress(TimeoutError):
                again_s = answer.get("retry_after_ms", AGAIN_AFTER_MS) / 1000
                await asyncio.wait_for(called.wait(), again_s)
            called.clear()
        return time.perf_counter()


async def _ask(client: Client, call: bytes) -> dict[str, Any]:
    answer = client.expect(1)
    client.send(frames.masked("421" + call.decode()))
    answered: dict[str, Any] = await answer
    return answered


def _sample(stormed: Stormed, commands: int) -> Sample:
    people = len(stormed.waits)
    return Sample(
        part="storm",
        case="one node",
        values={
            "all answered, s": max(stormed.waits) / 1000,
            P50: percentile(stormed.waits, 0.5),
            P99: percentile(stormed.waits, 0.99),
            ASKED: commands / people,
            SERVER: 1e6 * stormed.usage.server_s / people,
            "refusals": stormed.refusals / people,
        },
    )


def _seeded(plan: Plan) -> Seed:
    """Everybody knows their neighbours in a ring, and shares rooms with some."""
    seed, people = Seed(), [_user(number) for number in range(plan.storm)]
    seed.people(people)
    for number, user in enumerate(people):
        for other in _neighbours(number, plan)[: plan.storm_directs // 2]:
            seed.direct(user, other, history=HISTORY)
    for first in range(0, plan.storm, plan.storm_room_members):
        members = people[first : first + plan.storm_room_members]
        for room in _rooms(first, plan):
            seed.room(room, members, history=HISTORY)
    return seed


def _conversations(number: int, plan: Plan) -> list[str]:
    directs = [direct_id(_user(number), other) for other in _neighbours(number, plan)]
    return [*directs, *_rooms(number, plan)]


def _neighbours(number: int, plan: Plan) -> list[str]:
    """Those behind in the ring, then those before."""
    steps = range(1, plan.storm_directs // 2 + 1)
    return [_user((number + step) % plan.storm) for step in (*steps, *(-step for step in steps))]


def _rooms(number: int, plan: Plan) -> list[str]:
    group = number // plan.storm_room_members
    return [f"r-{group}-{room}" for room in range(plan.storm_rooms)]


def _user(number: int) -> str:
    return f"stormy-{number}"
