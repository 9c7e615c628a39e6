"""The whole run: which scenarios, in which order, and what comes out."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

from chatserver.dev.errors import DevError
from loadtest.bench import machine
from loadtest.bench.rooms import growth, large_room, marking, reading, storming, syncing
from loadtest.bench.rooms.plan import Plan
from loadtest.bench.rooms.results import Book, Report
from loadtest.bench.rooms.scenario import Scenario
from loadtest.rivals.house import House
from loadtest.swarm import cores
from loadtest.swarm.failed import Failed

FILES_BESIDE = 500  # descriptors a server has besides those of its clients

SCENARIOS: Mapping[str, Scenario] = {
    "room": large_room.samples,
    "nodes": growth.samples,
    "sync": syncing.samples,
    "storm": storming.samples,
    "marks": marking.samples,
    "reading": reading.samples,
}


def run(plan: Plan, only: Collection[str]) -> Report:
    """Measure the parts that are wanted, all of them when `only` is empty.

    Raises:
        Failed: this machine cannot do it, or there is no such part.
        DevError: a database does not start.
    """
    machine.know(only, SCENARIOS, "part")
    cores.need_files(max(plan.members, plan.storm) + FILES_BESIDE)
    book, others = Book(), machine.Others()
    chosen = cores.choose()
    with cores.pinned_here(chosen.load), House(chosen) as house, machine.progress() as progress:
        wanted = [name for name in SCENARIOS if not only or name in only]
        task = progress.add_task("", total=len(wanted))
        for name in wanted:
            progress.update(task, description=f"{name} gets ready")
            try:
                for sample in SCENARIOS[name](house, plan):
                    book.note(sample)
                    progress.update(task, description=f"{name}: {sample.case}")
            except (Failed, DevError) as why:
                book.fail(name, str(why))
            progress.advance(task)
    return Report(
        when=time.strftime("%Y-%m-%d %H:%M"),
        machine=machine.described(),
        took_s=others.passed_s(),
        others_share=others.share(),
        plan=plan,
        figures=book.figures(),
        errors=book.errors,
    )
