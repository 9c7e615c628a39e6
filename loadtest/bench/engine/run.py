"""The whole run: which scenarios, in which order, and what comes out."""

from __future__ import annotations

import time
from collections.abc import Collection

from msgspec.structs import replace

from loadtest.bench import machine
from loadtest.bench.engine.connect import Connect
from loadtest.bench.engine.crowd import Crowd, HalfDrop
from loadtest.bench.engine.durable import Durable
from loadtest.bench.engine.fanout import Fanout
from loadtest.bench.engine.measures import MEASURES
from loadtest.bench.engine.plan import Plan
from loadtest.bench.engine.results import Book, Report, verdicts
from loadtest.bench.engine.scenario import Scenario, Tell, play
from loadtest.bench.engine.stopped import Stopped
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm import cores

TITLE = "The engine beside its rivals"
FILES_BESIDE = 500  # descriptors a server has besides those of its clients


def scenarios(rivals: Collection[str]) -> list[Scenario]:
    """All of them, for these rivals."""
    chosen = tuple(name for name in RIVALS if name in rivals)
    ours = tuple(name for name in chosen if name == "product")
    return [
        Fanout(chosen),
        Connect(chosen),
        Crowd(chosen),
        HalfDrop(ours),
        Durable(),
        Stopped(ours),
    ]


def run(plan: Plan, only: Collection[str], rivals: Collection[str]) -> Report:
    """Measure.

    Args:
        plan: how much.
        only: the measures that are wanted; all of them when empty.
        rivals: who takes part.

    Raises:
        Failed: this machine cannot do it, or there is no such measure or rival.
        DevError: a database does not start.
    """
    machine.know(only, MEASURES, "measure")
    machine.know(rivals, RIVALS, "rival")
    cores.need_files(plan.crowd + FILES_BESIDE)
    book, others = Book(), machine.Others()
    chosen = cores.choose()
    with cores.pinned_here(chosen.load), House(chosen) as house, machine.progress() as progress:
        wanted = [each for each in scenarios(rivals) if not only or set(only) & set(each.measures)]
        task = progress.add_task("", total=len(wanted))
        tell: Tell = lambda what: progress.update(task, description=what)  # noqa: E731
        for scenario in wanted:
            play(scenario, house, plan, book, tell)
            progress.advance(task)
    figures = book.figures()
    return Report(
        title=TITLE if plan == replace(Plan(), rounds=plan.rounds) else f"{TITLE} (small numbers)",
        when=time.strftime("%Y-%m-%d %H:%M"),
        machine=machine.described(),
        took_s=others.passed_s(),
        others_share=others.share(),
        plan=plan,
        figures=figures,
        verdicts=verdicts(figures),
    )
