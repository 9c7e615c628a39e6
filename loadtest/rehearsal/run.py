"""A run: load processes, stages, faults, the end at which all devices are alike, the verdict."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import psutil
from msgspec import structs

from loadtest.bench.machine import described
from loadtest.checker import Verdict
from loadtest.faults import strokes
from loadtest.rehearsal import figures
from loadtest.rehearsal.cast import Cast
from loadtest.rehearsal.figures import Merged, Tally, Waits
from loadtest.rehearsal.judgement import judge
from loadtest.rehearsal.looking import Looking
from loadtest.rehearsal.notes import notes
from loadtest.rehearsal.play import Part, Play
from loadtest.rehearsal.results import Judged, Report, Second, Span
from loadtest.rehearsal.scenario import Scenario
from loadtest.rehearsal.venue import Venue
from loadtest.swarm.cores import need_files
from loadtest.swarm.failed import Failed
from loadtest.swarm.worker import Worker

SPARE_FILES = 200
BEGINS_IN_S = 0.5
LOOK_EVERY_S = 1.0
QUIET_S = 5.0  # within this everybody shows the same, once nothing is open
SETTLES_WITHIN_S = 120.0
POLL_S = 0.1

P = ParamSpec("P")
R = TypeVar("R")


class Watcher:
    """Whom to tell of a run while it goes on; this one tells nobody."""

    def phase(self, what: str) -> None:
        """Something begins."""

    def second(self, second: Second, total: Merged) -> None:
        """A second has passed."""


@dataclass(frozen=True)
class Orders:
    """What to run and where the histories go."""

    scenario: Scenario
    folder: Path
    processes: int = 1
    watcher: Watcher = Watcher()  # noqa: RUF009 - it keeps nothing


class Run:
    """One rehearsal over a venue."""

    def __init__(self, orders: Orders, venue: Venue) -> None:
        self._orders = orders
        self._scenario = orders.scenario
        self._venue = venue
        self._name = secrets.token_hex(3)
        self._parts = [
            Part(number, orders.processes, str(orders.folder / f"history-{number}.jsonl"))
            for number in range(orders.processes)
        ]
        self._workers: list[Worker[Play]] = []
        self._rooms: dict[str, str] = {}
        self._seconds: list[Second] = []
        self._total = Merged()
        self._broken: list[Span] = []
        self._breaking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def play(self) -> Report:
        """All of it, from the first connection to the verdict.

        Raises:
            Failed: people do not come in, a load process dies, a fault cannot be made.
        """
        need_files(2 * self._scenario.clients // self._orders.processes + SPARE_FILES)
        began = datetime.now().astimezone()
        with ExitStack() as ends, Looking(self._venue) as looking:
            for part in self._parts:
                make = (Play, self._scenario, self._name, self._venue.target, part)
                self._workers.append(ends.enter_context(Worker(None, *make)))
            await self._prepare()
            await self._perform(looking)
            notified = await looking.notified()
            settled_s = await self._settle()
            await self._all(Play.finish)
        self._orders.watcher.phase("the checker reads all histories")
        histories = [Path(part.history) for part in self._parts]
        members = Cast(self._scenario, self._name).members(self._rooms)
        verdict = await asyncio.to_thread(judge, histories, self._venue, members)
        waits = self._total.waits()
        if notified is not None:
            waits[figures.NOTIFIED] = notified
        return self._report(began, settled_s, verdict, waits)

    # --- steps --------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        phase = self._orders.watcher.phase
        phase("consultants come in")
        await self._all(Play.employ)
        for made in await self._all(Play.make_rooms):
            self._rooms |= made
        phase(f"{self._scenario.clients:,} customers make themselves known")
        await self._all(Play.gather, self._rooms)
        phase("communities are filled")
        await self._all(Play.fill_rooms)
        await self._all(Play.empty, self._scenario.stages[0].online.level(0))

    async def _perform(self, looking: Looking) -> None:
        begin = time.perf_counter() + BEGINS_IN_S
        await looking.look()
        await self._all(Play.start, begin)
        breaking = [
            asyncio.create_task(self._break(fault.kind, begin, after_s + fault.at_s, fault.lasts_s))
            for stage, after_s in self._beginnings()
            for fault in stage.faults
        ]
        try:
            last = begin
            while last < begin + self._scenario.seconds:
                await asyncio.sleep(max(last + LOOK_EVERY_S - time.perf_counter(), 0.01))
                last = await self._look(looking, begin, last)
            await asyncio.gather(*breaking)
        finally:
            for task in breaking:
                task.cancel()

    async def _look(self, looking: Looking, begin: float, last: float) -> float:
        tallies, looked = await asyncio.gather(self._all(Play.figures), looking.look())
        now = time.perf_counter()
        merged = Merged(tallies)
        second = Second(
            at=now - begin,
            lasted=now - last,
            online=sum(tally.online for tally in tallies),
            counts=dict(merged.counts),
            waits=merged.waits(),
            load_cpu=max(tally.cpu for tally in tallies),
            looked=looked,
        )
        self._add(tallies)
        self._seconds.append(second)
        self._orders.watcher.second(second, self._total)
        return now

    async def _settle(self) -> float | None:
        """Everybody comes in, everything open is finished; how long until all show the same.

        That they all come at once is for the checker's sake: it is counted, and not timed.
        """
        self._orders.watcher.phase("everybody comes in, and all must show the same")
        await self._all(Play.fall_silent)
        deadline = time.monotonic() + SETTLES_WITHIN_S
        while unsettled := sum(await self._all(Play.unsettled)):
            if time.monotonic() > deadline:
                self._orders.watcher.phase(f"{unsettled} devices have not come to rest")
                break
            await asyncio.sleep(POLL_S)
        tallies = await self._all(Play.figures)
        self._add([structs.replace(tally, histograms={}) for tally in tallies])
        return await self._alike()

    async def _alike(self) -> float | None:
        begun = time.monotonic()
        while time.monotonic() < begun + 2 * QUIET_S:
            heads: Counter[str] = Counter()
            for found in await self._all(Play.heads):
                heads |= Counter(found)
            if not sum(await self._all(Play.behind, dict(heads))):
                return time.monotonic() - begun
            await asyncio.sleep(POLL_S)
        return None

    async def _break(self, kind: str, begin: float, at_s: float, lasts_s: float) -> None:
        if self._venue.stage is None:
            raise Failed("only servers that the run has started itself can be broken")
        await asyncio.sleep(max(begin + at_s - time.perf_counter(), 0))
        async with self._breaking[kind]:  # one node after the other, however long each takes
            begun = time.perf_counter() - begin
            try:
                async with getattr(strokes, kind)(self._venue.stage):
                    await asyncio.sleep(lasts_s)
            except (AssertionError, RuntimeError) as error:
                raise Failed(f"{kind}: {error}") from None
            self._broken.append(Span(kind, begun, time.perf_counter() - begin))

    # --- load processes -----------------------------------------------------------------------

    async def _all(
        self,
        step: Callable[Concatenate[Play, P], Coroutine[Any, Any, R]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> list[R]:
        """Have all load processes do something at the same time."""
        for worker in self._workers:
            worker.begin(step, *args, **kwargs)
        return await asyncio.to_thread(lambda: [worker.result() for worker in self._workers])

    def _add(self, tallies: list[Tally]) -> None:
        for tally in tallies:
            self._total.add(tally)

    # --- the report ---------------------------------------------------------------------------

    def _beginnings(self) -> list[tuple[Any, float]]:
        found, after_s = [], 0.0
        for stage in self._scenario.stages:
            found.append((stage, after_s))
            after_s += stage.seconds
        return found

    def _report(
        self, began: datetime, settled_s: float | None, verdict: Verdict, waits: dict[str, Waits]
    ) -> Report:
        stages = tuple(
            Span(stage.name, after_s, after_s + stage.seconds)
            for stage, after_s in self._beginnings()
        )
        return Report(
            title=self._scenario.title,
            about=self._scenario.about,
            machine=described(),
            began=began.isoformat(timespec="seconds"),
            clients=self._scenario.clients,
            processes=self._orders.processes,
            own_servers=self._venue.stage is not None,
            settings=self._scenario.setting.environment,
            stages=stages,
            faults=tuple(self._broken),
            seconds=tuple(self._seconds),
            counts=dict(self._total.counts),
            waits=waits,
            settled_s=settled_s,
            notes=tuple(notes(self._seconds, waits, psutil.cpu_count() or 1)),
            judged=Judged(
                verdict.ok,
                verdict.looked_at,
                tuple(f"{each.rule}: {each.what}" for each in verdict.violations),
            ),
        )
