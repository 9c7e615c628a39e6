"""Ten thousand who are just there: their memory, what they cost idle, and what if all drop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from chatserver.domain.conversation import direct_id
from chatserver.store.database import Database
from loadtest.bench.engine.idlers import STAFF, Idlers, somebody
from loadtest.bench.engine.plan import Plan
from loadtest.bench.engine.probe import Probe
from loadtest.bench.engine.results import Sample
from loadtest.bench.engine.scenario import Round
from loadtest.bench.node import populate
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm.crowd import Place
from loadtest.swarm.failed import Failed
from loadtest.swarm.usage import Stopwatch, resident_bytes, settle
from loadtest.swarm.worker import Worker

DATABASE = "bench_crowd"
DROPPED_WITHIN_S = 60.0
LOOK_S = 0.1
FEW = 20  # descriptors that may come and go by themselves


class Crowd:
    """A crowd comes to a fresh server, idles, and drops; each rival in its turn."""

    measures: tuple[str, ...] = ("memory", "idle", "drop")

    def __init__(self, rivals: tuple[str, ...]) -> None:
        self.rivals = rivals

    def rounds(self, rival: str, plan: Plan) -> int:
        """All for the product; one for the others, which are there to be compared with."""
        return plan.rounds if rival == "product" else 1

    @contextmanager
    def ready(self, house: House, rival: str, plan: Plan) -> Iterator[Round]:
        """The conversations without which nobody may watch anybody."""
        if RIVALS[rival].stores:
            asyncio.run(_befriend(house.mongo_url, plan.crowd))

        def run() -> list[Sample]:
            with _fresh(house, rival, plan) as (place, crowd):
                before = resident_bytes(place.pid)
                crowd.do(Idlers.come, plan.crowd)
                settle(place.pid, plan.settle_s)
                gained = resident_bytes(place.pid) - before
                memory = Sample(measure="memory", value=gained / 1024 / plan.crowd)
                idle = _idle(rival, crowd, plan.idle_s)
                return [memory, *idle, _drop("drop", place, crowd, plan)]

        yield run


class HalfDrop:
    """Half the crowd drops, to see whether the stall grows with their number."""

    measures: tuple[str, ...] = ("half-drop",)

    def __init__(self, rivals: tuple[str, ...]) -> None:
        self.rivals = rivals

    def rounds(self, _rival: str, plan: Plan) -> int:
        """All."""
        return plan.rounds

    @contextmanager
    def ready(self, house: House, rival: str, plan: Plan) -> Iterator[Round]:
        """As for the whole crowd."""
        if RIVALS[rival].stores:
            asyncio.run(_befriend(house.mongo_url, plan.crowd))

        def run() -> list[Sample]:
            with _fresh(house, rival, plan) as (place, crowd):
                crowd.do(Idlers.come, plan.half_crowd)
                settle(place.pid, plan.settle_s)
                return [_drop("half-drop", place, crowd, plan)]

        yield run


@contextmanager
def _fresh(house: House, rival: str, plan: Plan) -> Iterator[tuple[Place, Worker[Idlers]]]:
    with (
        house.running(RIVALS[rival], database=DATABASE) as place,
        Worker(house.cores.load, Idlers, place) as crowd,
    ):
        crowd.do(Idlers.warm_up, plan.warm_up)
        settle(place.pid, plan.settle_s)
        yield place, crowd


def _idle(rival: str, crowd: Worker[Idlers], for_s: float) -> list[Sample]:
    if not RIVALS[rival].beats:
        return []
    usage = crowd.do(Idlers.idle, for_s)
    return [Sample(measure="idle", value=100 * usage.server_share, usage=usage)]


def _drop(measure: str, place: Place, crowd: Worker[Idlers], plan: Plan) -> Sample:
    """Kill the process of the crowd: the kernel ends all its connections in one go."""
    # The probe may run on both cores: the kernel clears up after the crowd on the load's.
    with Worker(None, Probe, place) as probe:
        probe.do(Probe.start)
        few = psutil.Process(place.pid).num_fds() - crowd.do(Idlers.count) + FEW
        calm = _calm_share(place, plan.drop_s / 5)
        probe.do(Probe.reset)
        watch = Stopwatch(place)
        crowd.kill()
        _wait_until_dropped(place.pid, few)
        dropped_s = watch.stop().wall_s
        time.sleep(max(0.0, plan.drop_s - dropped_s))
        longest_s = probe.do(Probe.stop)
        usage = watch.stop()
    settle(place.pid, plan.settle_s)
    return Sample(
        measure=measure,
        value=1000 * longest_s,
        details={"server s": usage.server_s - calm * usage.wall_s, "gone after s": dropped_s},
    )


def _calm_share(place: Place, for_s: float) -> float:
    """How busy the server is with the crowd at rest and the probe."""
    watch = Stopwatch(place)
    time.sleep(for_s)
    return watch.stop().server_share


def _wait_until_dropped(server: int, few: int) -> None:
    process, deadline = psutil.Process(server), time.monotonic() + DROPPED_WITHIN_S
    while process.num_fds() > few:
        if time.monotonic() > deadline:
            raise Failed(f"dropped connections were still open {DROPPED_WITHIN_S:.0f} s later")
        time.sleep(LOOK_S)


async def _befriend(url: str, count: int) -> None:
    """Everybody has talked with the staff before."""
    database = Database(url, DATABASE)
    try:
        if await database.collection("conversations").find_one({}) is None:
            people = [somebody(number).user for number in range(count)]
            pairs = [(direct_id(one, staff), one, staff) for one in people for staff in STAFF]
            members = [(pair[0], user) for pair in pairs for user in pair[1:]]
            await populate(database, members)
    finally:
        await database.close()
