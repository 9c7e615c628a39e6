"""A message to a room of a thousand: one in flight, and many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.bench.engine.plan import Plan
from loadtest.bench.engine.results import Sample
from loadtest.bench.engine.room import Delivered, Room, seeded
from loadtest.bench.engine.scenario import Round
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm.worker import Worker

TRIAL = 20  # messages of a first, unmeasured burst, to see how large the real one may be


class Fanout:
    """All rivals stand by with their rooms; only the one whose turn it is has work."""

    measures: tuple[str, ...] = ("fanout", "burst")

    def __init__(self, rivals: tuple[str, ...]) -> None:
        self.rivals = rivals

    def rounds(self, _rival: str, plan: Plan) -> int:
        """All."""
        return plan.rounds

    @contextmanager
    def ready(self, house: House, rival: str, plan: Plan) -> Iterator[Round]:
        """A server, a load process, a room; warmed up."""
        database = f"bench_fanout_{rival}"
        if RIVALS[rival].stores:
            asyncio.run(seeded(plan.listeners).store(house.mongo_url, database))
        with (
            house.running(RIVALS[rival], database=database) as place,
            Worker(house.cores.load, Room, place, plan.patience_s) as worker,
        ):
            worker.do(Room.gather, plan.listeners, plan.senders)
            worker.do(Room.one_in_flight, plan.room_s / 2)
            pace = _pace(worker.do(Room.burst, TRIAL))
            messages = max(1, min(plan.burst, int(pace * plan.burst_s / plan.listeners)))

            def run() -> list[Sample]:
                return [
                    _sample("fanout", worker.do(Room.one_in_flight, plan.room_s)),
                    _sample("burst", worker.do(Room.burst, messages)),
                ]

            yield run


def _sample(measure: str, run: Delivered) -> Sample:
    return Sample(
        measure=measure,
        value=_pace(run),
        usage=run.usage,
        details={
            "messages": run.messages,
            "event bytes": run.event_bytes,
            "server us": 1e6 * run.usage.server_s / run.deliveries,
        },
    )


def _pace(run: Delivered) -> float:
    return run.deliveries / run.seconds
