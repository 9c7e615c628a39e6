"""Who used the processors while something was measured."""

from __future__ import annotations

import contextlib
import time

import psutil
from msgspec import Struct

from loadtest.swarm.crowd import Place

LOOK_S = 0.1
QUIET = 0.15  # a share of a core below which a server only ticks over
QUIET_LOOKS = 2
BUSY = 0.9  # a share of its core from which a side may be what limits


class Usage(Struct, frozen=True, kw_only=True):
    """Processor seconds in a stretch of time."""

    wall_s: float
    server_s: float
    load_s: float
    data_s: float  # databases
    data_beside_load: bool = True  # on the load's core

    @property
    def server_share(self) -> float:
        """How busy the server was, of one core."""
        return self.server_s / self.wall_s

    @property
    def load_share(self) -> float:
        """How busy the load process was, of one core."""
        return self.load_s / self.wall_s

    @property
    def data_share(self) -> float:
        """How busy the databases were, in cores."""
        return self.data_s / self.wall_s

    @property
    def limited_by_load(self) -> bool:
        """Whether the core of load and databases was full while the server had time left."""
        share = self.load_share + (self.data_share if self.data_beside_load else 0)
        return share >= BUSY > self.server_share


class Stopwatch:
    """Measures this process, a server with all its nodes, and its databases, from now on."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._load_s = time.process_time()
        self._server_s = self._servers_s()
        self._data_s = sum(map(_used_s, place.data_pids))
        self._began = time.perf_counter()

    def stop(self) -> Usage:
        """What was used since."""
        wall_s = time.perf_counter() - self._began
        return Usage(
            wall_s=wall_s,
            server_s=self._servers_s() - self._server_s,
            load_s=time.process_time() - self._load_s,
            data_s=sum(map(_used_s, self._place.data_pids)) - self._data_s,
            data_beside_load=self._place.data_beside_load,
        )

    def _servers_s(self) -> float:
        return sum(map(_used_s, (self._place.pid, *self._place.other_pids)))


def settle(server: int, within_s: float) -> None:
    """Wait until a server only ticks over; not for ever, as some are never quiet."""
    deadline = time.monotonic() + within_s
    quiet = 0
    while quiet < QUIET_LOOKS and time.monotonic() < deadline:
        before = _used_s(server)
        time.sleep(LOOK_S)
        quiet = quiet + 1 if _used_s(server) - before < QUIET * LOOK_S else 0


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM."""
    return int(psutil.Process(pid).memory_info().rss)


def _used_s(pid: int) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0
