"""Durable messages per second through the log, beside plain inserts of the same documents."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from msgspec import Struct
from rich.progress import track

from chatserver.store.database import Driver
from chatserver.store.stores import Stores
from loadtest.bench.contestants import Crowd, Inserts
from loadtest.bench.figures import Rate, ratio
from loadtest.bench.node import Processor, fresh_name, node

# documents as the log has them; plain ones have an _id of the driver and no index
BARE = "(a) insert_many, plain"
INDEXED = "(b) insert_many, indexed"


class Plan(Struct, frozen=True, kw_only=True):
    """How much is measured; a round for warming up comes first."""

    messages: int = 10_000
    rounds: int = 7
    senders: int = 1500
    conversations: int = 1000
    contested: int = 10
    drivers: tuple[Driver, ...] = ("motor", "pymongo")


class Contestant(Protocol):
    """Stores messages in its own way."""

    what: str

    async def get_ready(self, messages: int) -> None:
        """Make what will be stored; this is not timed."""

    async def run(self) -> None:
        """Store it; this is timed."""

    async def check(self) -> None:
        """See that all of it is stored, or raise `Broken`."""


class _Measured(Struct, frozen=True):
    rate: float
    client_us: float
    mongod_us: float


_Entrant = tuple[Driver, Contestant]
_Round = dict[tuple[Driver, str], _Measured]


async def run(url: str, plan: Plan) -> list[Rate]:
    """Let all of them run in turn, round by round.

    Raises:
        Broken: messages are missing, or out of order.
    """
    rounds: list[_Round] = []
    async with AsyncExitStack() as stack:
        entrants: list[_Entrant] = []
        for driver in plan.drivers:
            contestants = await stack.enter_async_context(_contestants(url, driver, plan))
            entrants += [(driver, contestant) for contestant in contestants]
        mongod = stack.enter_context(Processor(url))
        for _ in track(range(plan.rounds + 1), "Rounds", transient=True):
            rounds += [{(d, c.what): await _measure(c, plan.messages, mongod) for d, c in entrants}]
    return [_summed_up(driver, c.what, rounds[1:]) for driver, c in entrants]


@asynccontextmanager
async def _contestants(url: str, driver: Driver, plan: Plan) -> AsyncIterator[list[Contestant]]:
    """Each in a database of its own."""
    async with AsyncExitStack() as stack:

        async def fresh(nodes: int = 1) -> list[Stores]:
            name = await stack.enter_async_context(fresh_name(url))
            opening = [node(url, name, driver) for _ in range(nodes)]
            return [await stack.enter_async_context(each) for each in opening]

        senders, many, few = plan.senders, plan.conversations, plan.contested
        yield [
            Inserts(BARE, await fresh(), plain=True),
            Inserts(INDEXED, await fresh(), plain=False),
            await Crowd.gather(f"log, {many:,} conversations", await fresh(), senders, many),
            await Crowd.gather("log, 1 conversation", await fresh(), senders, 1),
            await Crowd.gather(f"log, 2 nodes in {few}", await fresh(2), senders, few),
        ]


async def _measure(contestant: Contestant, messages: int, mongod: Processor) -> _Measured:
    await contestant.get_ready(messages)
    gc.collect()  # what the last one left
    client_s, mongod_s, began = time.process_time(), mongod.used_s(), time.perf_counter()
    await contestant.run()
    took_s = time.perf_counter() - began
    client_s, mongod_s = time.process_time() - client_s, mongod.used_s() - mongod_s
    await contestant.check()
    return _Measured(messages / took_s, 1e6 * client_s / messages, 1e6 * mongod_s / messages)


def _summed_up(driver: Driver, what: str, rounds: Sequence[_Round]) -> Rate:
    rates = [measured[driver, what].rate for measured in rounds]
    return Rate(
        driver=driver,
        what=what,
        median=statistics.median(rates),
        lowest=min(rates),
        highest=max(rates),
        to_bare=ratio(rates, [measured[driver, BARE].rate for measured in rounds]),
        to_indexed=ratio(rates, [measured[driver, INDEXED].rate for measured in rounds]),
        client_us=statistics.median(measured[driver, what].client_us for measured in rounds),
        mongod_us=statistics.median(measured[driver, what].mongod_us for measured in rounds),
    )
