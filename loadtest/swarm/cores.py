"""Cores and file descriptors: which process runs where, and how many sockets it may have."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from loadtest.swarm.failed import Failed


class Cores(Struct, frozen=True):
    """The core of the server and that of everything else; None where the system cannot pin."""

    server: int | None
    load: int | None


def choose() -> Cores:
    """Two of the cores this process may use.

    Raises:
        Failed: there is only one.
    """
    if sys.platform != "linux":
        return Cores(None, None)
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        raise Failed("the benchmark needs two cores: one for the server, one for the load")
    return Cores(available[0], available[1])


def pin(pid: int, core: int | None) -> None:
    """Keep all threads of a process on one core; those it starts later stay there as well.

    Without a core the process may run on all of them.
    """
    if sys.platform != "linux":
        return
    _place(pid, range(os.cpu_count() or 1) if core is None else (core,))


@contextmanager
def pinned_here(core: int | None) -> Iterator[None]:
    """Keep this process on a core for a while; what it starts begins there as well."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    pin(os.getpid(), core)
    try:
        yield
    finally:
        _place(os.getpid(), before)


def raise_file_limit() -> int:
    """Allow this process, and those it starts, as many files as it may; how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS may allow fewer than its hard limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def need_files(count: int) -> None:
    """See that a process may have so many sockets.

    Raises:
        Failed: it may not; the sentence says how to change that.
    """
    allowed = raise_file_limit()
    if allowed != resource.RLIM_INFINITY and allowed < count:
        raise Failed(
            f"{count:,} file descriptors are needed for each process and {allowed:,} are allowed; "
            f"raise the hard limit (ulimit -Hn {count}) or measure with fewer clients"
        )


def _place(pid: int, where: Collection[int]) -> None:
    for _ in range(2):  # a thread may have been started by one whose turn had not come
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.sched_setaffinity(int(thread.name), where)
