"""Looks at the servers from outside: /metrics, processes, what the databases count themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from typing import TypeVar

import aiohttp
import psutil
from prometheus_client.parser import text_string_to_metric_families
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from loadtest.bench.rooms.counters import Asked, Telling
from loadtest.rehearsal.figures import Waits
from loadtest.rehearsal.notified import buckets, waits
from loadtest.rehearsal.results import Looked
from loadtest.rehearsal.venue import Venue

METRICS_WITHIN_S = 2.0
MEANS = {"lag": "chat_loop_lag_seconds", "batch": "chat_append_batch_messages"}
UNREACHABLE = (PyMongoError, RedisError, OSError, KeyError)

T = TypeVar("T")
Sums = dict[str, float]


class Looking:
    """Knows what it saw the last time, as most figures only ever grow."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._ends = ExitStack()
        self._last: Sums = {}
        self._last_at = time.perf_counter()

    def __enter__(self) -> Looking:
        self._asked = self._open(Asked, self._venue.mongo_url)
        self._telling = self._open(Telling, self._venue.redis_url)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    async def look(self) -> Looked:
        """What happened since the last look; nothing of what cannot be reached."""
        seen, at = await self._scraped(), time.perf_counter()
        seen |= await asyncio.to_thread(self._counted)
        passed_s, self._last_at = at - self._last_at, at
        grown = {
            name: value - self._last[name]
            for name, value in seen.items()
            if value >= self._last.get(name, value + 1)
        }
        self._last = seen
        lag_s = _mean(grown, "lag")
        return Looked(
            server_cpu=_per(grown.get("server"), passed_s),
            server_mb=self._resident_mb(),
            lag_ms=None if lag_s is None else 1000 * lag_s,
            batch=_mean(grown, "batch"),
            data_cpu=_per(grown.get("data"), passed_s),
            mongo_commands=_per(grown.get("mongo"), passed_s),
            redis_commands=_per(grown.get("redis"), passed_s),
        )

    async def notified(self) -> Waits | None:
        """How long the notifications of the run so far took; None without a worker, or any."""
        worker = self._venue.worker
        if worker is None:
            return None
        timeout = aiohttp.ClientTimeout(total=METRICS_WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            page = await _page(session, f"{worker.url}/metrics")
        return waits(buckets(text_string_to_metric_families(page)))

    def _counted(self) -> Sums:
        seen: Sums = {}
        for what, pids in self._venue.pids.items():
            seen[what] = sum(map(_used_s, pids))
        with suppress(*UNREACHABLE):
            if self._asked is not None:
                seen["mongo"] = self._asked.count()
        with suppress(*UNREACHABLE):
            if self._telling is not None:
                seen["redis"] = self._telling.read().commands
        return seen

    async def _scraped(self) -> Sums:
        seen: Sums = {}
        timeout = aiohttp.ClientTimeout(total=METRICS_WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            pages = (_page(session, f"{url}/metrics") for url in self._venue.target.urls)
            for page in await asyncio.gather(*pages):
                for name, value in _sums(page):
                    seen[name] = seen.get(name, 0.0) + value
        return seen

    def _resident_mb(self) -> float | None:
        used = 0
        for pid in self._venue.pids.get("server", ()):
            with suppress(psutil.Error):
                used += psutil.Process(pid).memory_info().rss
        return used / 1e6 if used else None

    def _open(self, make: Callable[[str], T], url: str | None) -> T | None:
        if url is None:
            return None
        made = make(url)
        self._ends.enter_context(made)  # type: ignore[arg-type]
        return made


async def _page(session: aiohttp.ClientSession, url: str) -> str:
    with suppress(aiohttp.ClientError, TimeoutError):
        async with session.get(url) as answer:
            if answer.status == 200:
                return await answer.text()
    return ""


def _sums(page: str) -> Iterable[tuple[str, float]]:
    for family in text_string_to_metric_families(page):
        for short, name in MEANS.items():
            if family.name == name:
                for sample in family.samples:
                    kind = sample.name.removeprefix(name)
                    if kind in ("_sum", "_count"):
                        yield short + kind, sample.value


def _mean(grown: Sums, name: str) -> float | None:
    count = grown.get(f"{name}_count")
    return grown[f"{name}_sum"] / count if count and f"{name}_sum" in grown else None


def _per(grown: float | None, seconds: float) -> float | None:
    return None if grown is None else grown / seconds


def _used_s(pid: int) -> float:
    with suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0
