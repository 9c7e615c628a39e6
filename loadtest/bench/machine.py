"""The machine of a run: what it is, how busy others keep it, and where its figures are written."""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Collection
from pathlib import Path

import psutil
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from loadtest.swarm.failed import Failed


class Others:
    """What other processes used of this machine, once all those of the run have ended."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._busy_s = _busy_s()
        self._own_s = _own_s()

    def passed_s(self) -> float:
        """Seconds since this was made."""
        return time.perf_counter() - self._began

    def share(self) -> float:
        """Their part of all processor time there was."""
        used_s = (_busy_s() - self._busy_s) - (_own_s() - self._own_s)
        return max(0.0, used_s / self.passed_s() / (psutil.cpu_count() or 1))


def described() -> str:
    """This machine in a few words."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def know(names: Collection[str], known: Collection[str], what: str) -> None:
    """See that all names are known.

    Raises:
        Failed: there is no such `what`.
    """
    for name in names:
        if name not in known:
            raise Failed(f"there is no {what} {name!r}; there are {', '.join(known)}")


def progress() -> Progress:
    """Shows what goes on, and is gone afterwards."""
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), transient=True
    )


def write_between(file: Path, begin: str, end: str, made: str) -> None:
    """Put a text between two markers of a file, in place of what is there.

    Raises:
        Failed: the file has no such markers.
    """
    text = file.read_text(encoding="utf-8")
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise Failed(f"{file} has no lines {begin!r} and {end!r}")
    file.write_text(f"{before}{begin}\n{made}\n{end}{after}", encoding="utf-8")


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system)


def _own_s() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)
