"""The whole run: which scenarios, in which order, and what comes out."""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Collection

import psutil
from msgspec.structs import replace
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

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
from loadtest.swarm.failed import Failed

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
    _know(only, MEASURES, "measure")
    _know(rivals, RIVALS, "rival")
    cores.need_files(plan.crowd + FILES_BESIDE)
    book, others = Book(), _Others()
    chosen = cores.choose()
    with cores.pinned_here(chosen.load), House(chosen) as house, _progress() as progress:
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
        machine=_machine(),
        took_s=others.passed_s(),
        others_share=others.share(),
        plan=plan,
        figures=figures,
        verdicts=verdicts(figures),
    )


class _Others:
    """What other processes used of this machine, once all those of the run have ended."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._busy_s = _busy_s()
        self._own_s = _own_s()

    def passed_s(self) -> float:
        return time.perf_counter() - self._began

    def share(self) -> float:
        used_s = (_busy_s() - self._busy_s) - (_own_s() - self._own_s)
        return max(0.0, used_s / self.passed_s() / (psutil.cpu_count() or 1))


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system)


def _own_s() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _know(names: Collection[str], known: Collection[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise Failed(f"there is no {what} {name!r}; there are {', '.join(known)}")


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), transient=True
    )


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )
