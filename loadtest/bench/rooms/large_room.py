"""A message to a room of thousands, on one node and on two."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from loadtest.bench.engine.room import Delivered, Room, seeded
from loadtest.bench.rooms.nodes import Nodes
from loadtest.bench.rooms.parts import SERVER
from loadtest.bench.rooms.plan import Plan
from loadtest.bench.rooms.results import Sample
from loadtest.rivals.house import House
from loadtest.swarm.worker import Worker

NODES = {1: "one node", 2: "two nodes"}


def samples(house: House, plan: Plan) -> Iterator[Sample]:
    """One message in flight and a burst; the two servers take turns."""
    with ExitStack() as stack:
        rooms = {count: stack.enter_context(_gathered(house, plan, count)) for count in NODES}
        for _ in range(plan.rounds):
            for count, room in rooms.items():
                yield _sample("one in flight", count, room.do(Room.one_in_flight, plan.room_s))
                yield _sample("a burst", count, room.do(Room.burst, plan.burst))


@contextmanager
def _gathered(house: House, plan: Plan, count: int) -> Iterator[Worker[Room]]:
    """The room of a server of so many nodes, with everybody there; warmed up."""
    database = f"bench_room_{count}"
    asyncio.run(seeded(plan.members).store(house.mongo_url, database))
    with Nodes(house, database) as nodes:
        first, *others = nodes.grow(count)
        with Worker(house.cores.load, Room, first, plan.patience_s, *others) as worker:
            worker.do(Room.gather, plan.members, plan.senders)
            worker.do(Room.one_in_flight, plan.room_s / 2)
            yield worker


def _sample(what: str, count: int, run: Delivered) -> Sample:
    return Sample(
        part="room",
        case=f"{what}, {NODES[count]}",
        base="" if count == 1 else f"{what}, {NODES[1]}",
        values={
            "deliveries/s": run.deliveries / run.seconds,
            SERVER: 1e6 * run.usage.server_s / run.deliveries,
        },
    )
