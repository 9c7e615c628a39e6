"""`python -m loadtest run`: a rehearsal from its scenario to its report."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cyclopts import Parameter
from rich.console import Console

from loadtest.faults.nodes import PRODUCT
from loadtest.rehearsal import page, results
from loadtest.rehearsal.live import View, waits_table
from loadtest.rehearsal.results import Report
from loadtest.rehearsal.run import Orders, Run
from loadtest.rehearsal.scenario import Scenario, busier, compressed, load, over
from loadtest.rehearsal.venue import Venue, own
from loadtest.rehearsal.ways import Target
from loadtest.swarm.failed import Failed

CLIENTS_OF_PROCESS = 2000  # more than that is better spread over further processes
JSON, PAGE = "report.json", "report.html"


@dataclass(frozen=True)
class There:
    """A server that is there already."""

    urls: tuple[str, ...]
    secret: str
    mongo_url: str | None = None
    database: str = "chat"
    redis_url: str | None = None

    def venue(self) -> Venue:
        """The venue."""
        database = self.database if self.mongo_url else None
        return Venue(Target(self.urls, self.secret), None, self.mongo_url, database, self.redis_url)


@Parameter(name="*")
@dataclass(frozen=True)
class Size:
    """How large a rehearsal is.

    Parameters
    ----------
    clients
        How many customers; what the scenario says by default.
    processes
        How many load processes.
    compress
        All stages last this many times shorter; rates stay.
    busier
        This many times as many questions and talk.
    push
        Customers who are away are notified, by a worker of the run's own.
    set
        A setting of the run's own servers, CHAT_NAME=VALUE; several times for several.
    """

    clients: int | None = None
    processes: int | None = None
    compress: float = 1
    busier: float = 1
    push: bool = False
    set: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wish:
    """What the operator asks for; None is what the scenario says, or what fits the machine."""

    scenario: str
    clients: int | None = None
    processes: int | None = None
    compress: float = 1
    busier: float = 1
    push: bool = False
    set: tuple[str, ...] = ()
    out: Path | None = None

    def chosen(self) -> Scenario:
        """The scenario with these wishes.

        Raises:
            BadScenario: there is none, or it is wrong.
        """
        scenario = load(self.scenario)
        if self.clients is not None:
            scenario = scenario.model_copy(update={"clients": self.clients})
        scenario = over(scenario, push=self.push, settings=self.set)
        return busier(compressed(scenario, self.compress), self.busier)

    def load_processes(self, scenario: Scenario) -> int:
        """How many are worth while: one for each core at most."""
        if self.processes is not None:
            return self.processes
        return max(1, min(os.cpu_count() or 1, scenario.clients // CLIENTS_OF_PROCESS + 1))

    def folder(self) -> Path:
        """Where the report and the histories go; made if need be."""
        name = f"{Path(self.scenario).stem}-{datetime.now():%Y%m%d-%H%M%S}"
        folder = self.out or Path("build") / "rehearsals" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def run(
    wish: Wish,
    there: There | None,
    console: Console,
    program: tuple[str, ...] = PRODUCT,
) -> Report:
    """Rehearse; the report is written into the folder and given.

    Args:
        wish: what to rehearse.
        there: the server; None starts servers of its own, each node running `program`.
        console: where to show what goes on.
        program: what Python runs as a node.

    Raises:
        Failed: the scenario is wrong, or something cannot be measured.
    """
    scenario, folder = wish.chosen(), wish.folder()
    if there is not None and scenario.breaks_servers:
        raise Failed("a scenario with faults runs on servers of its own: leave out --target")
    if there is not None and (scenario.setting.push or scenario.setting.environment):
        raise Failed("--push and --set are for servers of its own: leave out --target")
    for left in folder.glob("history-*.jsonl"):
        left.unlink()
    report = asyncio.run(_run(scenario, folder, wish, there, console, program))
    results.write(report, folder / JSON)
    page.write(report, folder / PAGE)
    console.print(waits_table(report.waits, report.title))
    for note in report.notes:
        console.print(note, style="yellow", highlight=False)
    for violation in report.judged.violations:
        console.print(violation, style="red", highlight=False)
    style = "green" if report.ok else "bold red"
    console.print(page.verdict_in_words(report), style=style, highlight=False)
    console.print(f"report: {folder / PAGE}", highlight=False, soft_wrap=True)
    return report


async def _run(
    scenario: Scenario,
    folder: Path,
    wish: Wish,
    there: There | None,
    console: Console,
    program: tuple[str, ...],
) -> Report:
    async with AsyncExitStack() as ends:
        view = ends.enter_context(View(scenario, console))
        if there is None:
            venue = await ends.enter_async_context(own(scenario, program, folder))
        else:
            venue = there.venue()
        orders = Orders(scenario, folder, wish.load_processes(scenario), view)
        return await Run(orders, venue).play()
