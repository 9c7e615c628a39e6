"""How long one message takes when nothing else happens, beside a bare insert."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from msgspec import Struct
from rich.progress import track

from chatserver import clock
from chatserver.store.database import Driver
from chatserver.store.messages import to_document
from chatserver.store.stores import Stores
from loadtest.bench.contestants import draft_of
from loadtest.bench.figures import Wait, percentile
from loadtest.bench.guard import Told
from loadtest.bench.node import fresh_name, node, populate

WARM_UP = 50
BARE = "insert_one, plain"
KNOWN = "log, known conversation"
UNKNOWN = "log, unknown conversation"


class Plan(Struct, frozen=True, kw_only=True):
    """How much is measured."""

    messages: int = 500
    drivers: tuple[Driver, ...] = ("motor", "pymongo")


_Step = Callable[[], Awaitable[None]]


async def run(url: str, plan: Plan) -> list[Wait]:
    """Store one message in each way, in turn, again and again.

    Raises:
        Broken: messages are missing, or out of order.
    """
    async with AsyncExitStack() as stack:
        ways: dict[tuple[Driver, str], _Step] = {}
        for driver in plan.drivers:
            trial = await stack.enter_async_context(_trial(url, driver, WARM_UP + plan.messages))
            ways |= {(driver, what): step for what, step in trial.steps().items()}
        took: dict[tuple[Driver, str], list[float]] = {way: [] for way in ways}
        for _ in track(range(WARM_UP + plan.messages), "Messages", transient=True):
            for way, step in ways.items():
                took[way].append(await _timed_ms(step))
    return [_summed_up(way, took) for way in took]


class _Trial:
    """One driver's node, and a new conversation for each message where that is asked for."""

    def __init__(self, kept: Stores, told: Told) -> None:
        self._kept = kept
        self._told = told
        self._bare = kept.database.collection("plain")
        self._known: list[int] = []
        self._unknown = 0

    def steps(self) -> dict[str, _Step]:
        """The ways to store a message."""
        return {BARE: self._insert, KNOWN: self._append, UNKNOWN: self._append_to_unknown}

    def note(self) -> None:
        """Tell the guard of the numbers that were given."""
        self._told.note("known", self._known)

    async def _insert(self) -> None:
        document = to_document(draft_of("bare", "user"), 0, clock.now_ms(), b"d" * 16)
        document["place"] = document.pop("_id")
        await self._bare.insert_one(document)

    async def _append(self) -> None:
        stored = await self._kept.log.append(draft_of("known", "user"), clock.now_ms())
        self._known.append(stored.seq)

    async def _append_to_unknown(self) -> None:
        conversation = f"unknown-{self._unknown}"
        self._unknown += 1
        stored = await self._kept.log.append(draft_of(conversation, "user"), clock.now_ms())
        self._told.note(conversation, [stored.seq])


@asynccontextmanager
async def _trial(url: str, driver: Driver, messages: int) -> AsyncIterator[_Trial]:
    async with fresh_name(url) as name, node(url, name, driver) as kept:
        unknown = [(f"unknown-{number}", "user") for number in range(messages)]
        await populate(kept.database, [("known", "user"), *unknown])
        told = Told()
        trial = _Trial(kept, told)
        yield trial
        trial.note()
        await kept.heads.flush()
        await told.check(kept.database)


async def _timed_ms(step: _Step) -> float:
    began = time.perf_counter()
    await step()
    return 1000 * (time.perf_counter() - began)


def _summed_up(way: tuple[Driver, str], took: dict[tuple[Driver, str], list[float]]) -> Wait:
    driver, what = way
    ours, bare = took[way][WARM_UP:], took[driver, BARE][WARM_UP:]
    return Wait(
        driver=driver,
        what=what,
        count=len(ours),
        p50=percentile(ours, 0.5),
        p99=percentile(ours, 0.99),
        p50_to_bare=percentile(ours, 0.5) / percentile(bare, 0.5),
    )
