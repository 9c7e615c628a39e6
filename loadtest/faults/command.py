"""`python -m loadtest faults`: every play for long, one after the other, and a table of them."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table

from loadtest.faults.plays import PLAYS, Outcome, perform
from loadtest.faults.stage import Databases, Scene, databases
from loadtest.swarm.failed import Failed

COLUMNS = (
    "fault", "times", "messages", "acknowledged", "unknown", "retried",
    "longest gap", "all alike after", "verdict",
)  # fmt: skip


def run(only: Sequence[str], *, seconds: float, seed: int | None) -> list[Outcome]:
    """Perform the plays, all by default, for so long each.

    What a broken promise left behind (history, logs of the nodes) stays in a folder.

    Raises:
        Failed: there is no play of that name.
        DevError: the databases or nodes do not start.
    """
    unknown = [name for name in only if name not in PLAYS]
    if unknown:
        raise Failed(f"no play is called {unknown[0]}; there are: {', '.join(PLAYS)}")
    folder = Path(tempfile.mkdtemp(prefix="chatserver-faults-"))
    try:
        with databases(folder / "databases") as found:
            return [_perform(name, found, folder / name, seconds, seed) for name in only or PLAYS]
    finally:
        shutil.rmtree(folder / "databases", ignore_errors=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def table(outcomes: Iterable[Outcome]) -> Table:
    """One line for each play."""
    shown = Table(title="Faults")
    shown.add_column(COLUMNS[0], no_wrap=True)
    for column in COLUMNS[1:]:
        shown.add_column(column, justify="right")
    for each in outcomes:
        figures = each.figures
        shown.add_row(
            each.name,
            *map(str, (each.times, figures.messages, figures.acknowledged)),
            *map(str, (figures.unknown, figures.retried)),
            f"{figures.longest_gap_s:.2f} s",
            "never" if each.settled_s is None else f"{each.settled_s:.1f} s",
            "kept" if each.ok else "BROKEN",
        )
    return shown


def _perform(
    name: str, found: Databases, folder: Path, seconds: float, seed: int | None
) -> Outcome:
    seed = secrets.randbits(32) if seed is None else seed
    play = perform(PLAYS[name], found, Scene(folder), seconds=seconds, seed=seed)
    outcome = asyncio.run(play)
    print(f"{outcome}\n", flush=True)
    if outcome.ok:
        shutil.rmtree(folder)
    else:
        print(f"what happened is in {folder}\n", flush=True)
    return outcome
