"""Everybody in a large room reads a notice in the same moment, and marks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from loadtest.bench.figures import percentile
from loadtest.bench.rooms.counters import Asked
from loadtest.bench.rooms.parts import ASKED, DATA, P50, P99, SERVER
from loadtest.bench.rooms.plan import Plan
from loadtest.bench.rooms.results import Sample
from loadtest.bench.seed import Seed
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm.client import Client
from loadtest.swarm.crowd import Door, Place, Who
from loadtest.swarm.usage import Stopwatch, Usage, settle
from loadtest.swarm.worker import Worker

DATABASE = "bench_marks"
ROOM = "notices"
SHOP = "shop"
UNREAD = 2  # messages of the direct conversation that each has with the shop
AT_ONCE = 200


def samples(house: House, plan: Plan) -> Iterator[Sample]:
    """A notice more is marked in each round; its cost ends when all badges are counted."""
    asyncio.run(_seeded(plan).store(house.mongo_url, DATABASE))
    with (
        house.running(RIVALS["product"], database=DATABASE) as place,
        Worker(house.cores.load, Readers, place, plan) as worker,
        Asked(house.mongo_url) as asked,
    ):
        worker.do(Readers.come)
        for notice in range(1, plan.rounds + 1):
            settle(place.pid, plan.patience_s)
            before = asked.count()
            waits = worker.do(Readers.mark, notice)
            settle(place.pid, plan.patience_s)
            usage = worker.do(Readers.used)
            yield _sample(waits, usage, asked.count() - before)


class Readers:
    """Everybody's devices."""

    def __init__(self, place: Place, plan: Plan) -> None:
        self._place = place
        self._plan = plan
        self._clients: list[Client] = []

    async def come(self) -> None:
        """Connect."""
        door = Door(self._place)
        people = [Who(user, "phone") for user in _readers(self._plan)]
        self._clients = await door.come_all(door.greetings(people), AT_ONCE)
        for client in self._clients:
            client.told = lambda _event: None  # nothing is counted

    async def mark(self, seq: int) -> list[float]:
        """All mark a message as read; how long each waited, in ms.

        Raises:
            Failed: somebody was refused, or had no answer.
        """
        self._watch = Stopwatch(self._place)
        began = time.perf_counter()
        return await asyncio.gather(*(_marked(each, seq, began) for each in self._clients))

    async def used(self) -> Usage:
        """What was used since they began to mark."""
        return self._watch.stop()


async def _marked(client: Client, seq: int, began: float) -> float:
    await client.call("read.mark", {"conversation": ROOM, "seq": seq})
    return 1000 * (time.perf_counter() - began)


def _sample(waits: list[float], usage: Usage, commands: int) -> Sample:
    people = len(waits)
    return Sample(
        part="marks",
        case="one node",
        values={
            "all answered, s": max(waits) / 1000,
            P50: percentile(waits, 0.5),
            P99: percentile(waits, 0.99),
            ASKED: commands / people,
            SERVER: 1e6 * usage.server_s / people,
            DATA: 1e6 * usage.data_s / people,
        },
    )


def _seeded(plan: Plan) -> Seed:
    """A notice for each round and one more, which stays unread; and a talk with the shop."""
    seed, people = Seed(), _readers(plan)
    notices = plan.rounds + 1
    seed.people([SHOP, *people])
    seed.room(ROOM, [SHOP, *people], history=notices, unread=notices)
    for user in people:
        seed.direct(SHOP, user, history=UNREAD, unread=UNREAD)
    return seed


def _readers(plan: Plan) -> list[str]:
    return [f"reader-{number}" for number in range(plan.members)]
