"""From the sender's hand to the peer's socket, by way of the majority and the journal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chatserver.store.database import Database
from loadtest.bench.engine.bare import Bare
from loadtest.bench.engine.pairs import Pairs, Talk
from loadtest.bench.engine.plan import Plan
from loadtest.bench.engine.results import Sample
from loadtest.bench.engine.scenario import Round
from loadtest.bench.guard import Broken, Told
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm.failed import Failed
from loadtest.swarm.worker import Worker

DATABASE = "bench_durable"
ALONE = "mongodb"
SINGLES = 400
HEADS_WITHIN_S = 10.0


class Durable:
    """The product, and MongoDB alone; both with MongoDB on any core that has time."""

    measures: tuple[str, ...] = ("durable", "latency")
    rivals: tuple[str, ...] = (ALONE, "product")

    def rounds(self, _rival: str, plan: Plan) -> int:
        """All."""
        return plan.rounds

    @contextmanager
    def ready(self, house: House, rival: str, plan: Plan) -> Iterator[Round]:
        """Pairs that know each other; or a loop."""
        house.place_databases(None)
        try:
            with _alone(house, plan) if rival == ALONE else _product(house, plan) as run:
                yield run
        finally:
            house.place_databases(house.cores.load)


@contextmanager
def _alone(house: House, plan: Plan) -> Iterator[Round]:
    with Worker(house.cores.server, Bare, house.mongo_url) as worker:
        worker.do(Bare.inserts_per_s, plan.bare_messages)  # to warm up

        def run() -> list[Sample]:
            rate = worker.do(Bare.inserts_per_s, plan.bare_messages)
            p99_ms = worker.do(Bare.insert_p99_ms, SINGLES)
            return [
                Sample(measure="durable", value=rate),
                Sample(measure="latency", value=p99_ms),
            ]

        yield run


@contextmanager
def _product(house: House, plan: Plan) -> Iterator[Round]:
    with (
        house.running(RIVALS["product"], database=DATABASE) as place,
        Worker(house.cores.load, Pairs, place) as worker,
    ):
        worker.do(Pairs.gather, plan.pairs)
        worker.do(Pairs.talk, plan.durable_s / 4)

        def run() -> list[Sample]:
            full = worker.do(Pairs.talk, plan.durable_s)
            half = worker.do(Pairs.talk_at, _rate(full) / 2, plan.durable_s)
            asyncio.run(_check(house.mongo_url, worker.do(Pairs.numbers)))
            return [_sample("durable", _rate(full), full), _sample("latency", half.p99_ms, half)]

        yield run


def _rate(talk: Talk) -> float:
    return talk.messages / talk.usage.wall_s


def _sample(measure: str, value: float, talk: Talk) -> Sample:
    return Sample(
        measure=measure,
        value=value,
        usage=talk.usage,
        details={
            "rate": _rate(talk),
            "p50 ms": talk.p50_ms,
            "p99 ms": talk.p99_ms,
            "server us": 1e6 * talk.usage.server_s / talk.messages,
            "data us": 1e6 * talk.usage.data_s / talk.messages,
        },
    )


async def _check(url: str, numbers: dict[str, list[int]]) -> None:
    """The log holds exactly what was acknowledged, and the heads have followed."""
    told = Told()
    for conversation, given in numbers.items():
        told.note(conversation, given)
    database = Database(url, DATABASE)
    deadline = time.monotonic() + HEADS_WITHIN_S
    try:
        while (wrong := await _broken(told, database)) is not None:
            if time.monotonic() > deadline:
                raise Failed(wrong)
            await asyncio.sleep(0.1)
    finally:
        await database.close()


async def _broken(told: Told, database: Database) -> str | None:
    try:
        await told.check(database)
    except Broken as broken:
        return str(broken)
    return None
