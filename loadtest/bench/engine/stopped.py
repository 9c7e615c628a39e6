"""One of a thousand stops reading: does the server keep what it cannot send, do others wait?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from loadtest.bench.engine.paced import Paced, PacedRoom
from loadtest.bench.engine.plan import Plan
from loadtest.bench.engine.results import Sample
from loadtest.bench.engine.room import seeded
from loadtest.bench.engine.scenario import Round
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm.usage import settle
from loadtest.swarm.worker import Worker

DATABASE = "bench_stopped"
MB = 1e6


class Stopped:
    """The product at half of what it can deliver, without and with a reader that stopped."""

    measures: tuple[str, ...] = ("stopped-memory", "stopped-latency")

    def __init__(self, rivals: tuple[str, ...]) -> None:
        self.rivals = rivals

    def rounds(self, _rival: str, plan: Plan) -> int:
        """All."""
        return plan.rounds

    @contextmanager
    def ready(self, house: House, rival: str, plan: Plan) -> Iterator[Round]:
        """A room, and the pace that suits it."""
        asyncio.run(seeded(plan.listeners).store(house.mongo_url, DATABASE))
        with (
            house.running(RIVALS[rival], database=DATABASE) as place,
            Worker(house.cores.load, PacedRoom, place, plan.patience_s) as worker,
        ):
            worker.do(PacedRoom.gather, plan.listeners, plan.senders)
            worker.do(PacedRoom.fill, plan.stopped_text_bytes)
            fastest = worker.do(PacedRoom.one_in_flight, plan.room_s)
            rate = fastest.messages / fastest.seconds / 2
            messages = max(plan.stopped_messages, int(rate * plan.stopped_s))
            worker.do(PacedRoom.paced, messages // 4, rate)  # to warm up

            def run() -> list[Sample]:
                alone = worker.do(PacedRoom.paced, messages, rate)
                port = worker.do(PacedRoom.stop_one)
                settle(place.pid, plan.settle_s)
                beside = worker.do(PacedRoom.paced, messages, rate)
                return _samples(alone, beside, closed=not _holds(place.pid, port))

            yield run


def _holds(server: int, port: int) -> bool:
    """Whether the server still has the connection of the client at this port."""
    connections = psutil.Process(server).net_connections("tcp")
    return any(each.raddr and each.raddr.port == port for each in connections)


def _samples(alone: Paced, beside: Paced, *, closed: bool) -> list[Sample]:
    memory = {
        "messages": float(beside.messages),
        "MB without": alone.gained_bytes / MB,
        "closed": float(closed),
    }
    latency = {"p99 ms": beside.p99_ms, "p99 ms without": alone.p99_ms}
    return [
        Sample(
            measure="stopped-memory",
            value=beside.gained_bytes / MB,
            usage=beside.usage,
            details=memory,
        ),
        Sample(
            measure="stopped-latency",
            value=beside.p99_ms / alone.p99_ms,
            usage=beside.usage,
            details=latency,
        ),
    ]
