"""How many clients a second get from nothing to `ready`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.bench.engine.newcomers import Newcomers
from loadtest.bench.engine.plan import Plan
from loadtest.bench.engine.results import Sample
from loadtest.bench.engine.scenario import Round
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm.usage import Usage, settle
from loadtest.swarm.worker import Worker


class Connect:
    """Round by round a crowd comes to each rival."""

    measures: tuple[str, ...] = ("connect",)

    def __init__(self, rivals: tuple[str, ...]) -> None:
        self.rivals = rivals

    def rounds(self, _rival: str, plan: Plan) -> int:
        """All."""
        return plan.rounds

    @contextmanager
    def ready(self, house: House, rival: str, plan: Plan) -> Iterator[Round]:
        """A server that knows half of those who will come."""
        with (
            house.running(RIVALS[rival]) as place,
            Worker(house.cores.load, Newcomers, place) as worker,
        ):
            worker.do(Newcomers.get_known, plan.connects // 2, plan.connects_at_once)
            settle(place.pid, plan.settle_s)

            def run() -> list[Sample]:
                usage = worker.do(Newcomers.come, plan.connects, plan.connects_at_once)
                settle(place.pid, plan.settle_s)  # nobody else's turn suffers from those who leave
                return [_sample(plan.connects, usage)]

            yield run


def _sample(clients: int, usage: Usage) -> Sample:
    return Sample(
        measure="connect",
        value=clients / usage.wall_s,
        usage=usage,
        details={"server us": 1e6 * usage.server_s / clients},
    )
