"""How much a vendor is asked: its pace, its health, and so many requests at a time.

A vendor that fails several times in a row is left alone for a while, each time longer; then one
request tries it, and if that goes well all do. A vendor that asks for a pause gets it. Whoever
comes meanwhile is told when to come again, without a request being made.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from chatserver.domain.push.notification import Outcome
from chatserver.providers.push.base import Verdict

FAILURES_MAX = 5  # in a row, before a vendor is left alone
PAUSES_MAX = 3  # in a row, before one tries it alone
BACKOFF_MS = 1000  # doubles each time, and is drawn by lot from nothing up to that
BACKOFF_MAX_MS = 60_000
BACKOFF_MIN_MS = 100
QUEUE_MS = 1000  # whoever would wait longer for their turn is sent away
CROWD = 10  # times as many may wait for a place as there are places
SPREAD = 0.25  # of a pause, by lot, so that not all come back at once
GATES_MAX = 1000
DOUBLINGS_MAX = 10


def monotonic_ms() -> int:
    """Milliseconds by a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000


class Gate:
    """Guards one vendor, as one app of ours uses it."""

    def __init__(
        self, rate_per_s: int, places: int, clock: Callable[[], int] = monotonic_ms
    ) -> None:
        """At most `rate_per_s` requests, evenly, and `places` of them at a time."""
        self._interval_ms = 1000 / rate_per_s
        self._places = asyncio.Semaphore(places)
        self._crowd = places * CROWD
        self._clock = clock
        self._inside = 0
        self._turn_at = 0.0
        self._shut_until = 0
        self._why = ""
        self._failures = 0
        self._pauses = 0
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether requests go through as they come."""
        return not self._is_suspicious and not self._shut_ms

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Outcome | None]:
        """Wait for a place and have it; gives what whoever is turned away hears, else None."""
        turned_away = self._turned_away()
        if turned_away is not None:
            yield turned_away
            return
        probes = self._is_suspicious
        self._probing = self._probing or probes
        self._inside += 1
        try:
            await self._wait_for_turn()
            async with self._places:
                yield self._shut_meanwhile()
        finally:
            self._inside -= 1
            self._probing = self._probing and not probes

    def settle(self, verdict: Verdict) -> Outcome:
        """Take note of how a request went; what comes of its notification."""
        match verdict.finding:
            case "failing" | "unauthorized" | "busy":
                return self._set_back(verdict)
            case "later":
                outcome = _later(verdict.reason, verdict.retry_after_ms or _backoff_ms(1))
            case state:
                outcome = Outcome(state=state, reason=verdict.reason, receipt=verdict.receipt)
        self._failures = self._pauses = 0
        return outcome

    @property
    def _is_suspicious(self) -> bool:
        """Whether one is to try the vendor before all do."""
        return self._has_failed or self._pauses >= PAUSES_MAX

    @property
    def _has_failed(self) -> bool:
        return self._failures >= FAILURES_MAX

    @property
    def _shut_ms(self) -> int:
        return max(0, self._shut_until - self._clock())

    def _turned_away(self) -> Outcome | None:
        if (shut := self._shut_meanwhile()) is not None:
            return shut
        if self._is_suspicious and self._probing:
            return _later(self._why, _backoff_ms(1))
        if self._inside >= self._crowd:
            return _later("crowded", QUEUE_MS)
        wait_ms = int(self._turn_at - self._clock())
        return _later("rate", wait_ms) if wait_ms > QUEUE_MS else None

    def _shut_meanwhile(self) -> Outcome | None:
        return _later(self._why, self._shut_ms) if self._shut_ms else None

    async def _wait_for_turn(self) -> None:
        now = self._clock()
        turn_at = max(self._turn_at, now)
        self._turn_at = turn_at + self._interval_ms
        if turn_at - now >= 1:
            await asyncio.sleep((turn_at - now) / 1000)

    def _set_back(self, verdict: Verdict) -> Outcome:
        """A failure, or a wish for a pause; those under way when it shut do not count again."""
        if not self._shut_ms:
            if verdict.blames_vendor:
                self._failures = min(self._failures + 1, FAILURES_MAX + DOUBLINGS_MAX)
            else:
                self._pauses = min(self._pauses + 1, DOUBLINGS_MAX)
            own_ms = self._own_pause_ms(verdict)
        else:
            own_ms = 0
        wait_ms = own_ms if verdict.retry_after_ms is None else verdict.retry_after_ms
        if wait_ms:
            self._why = verdict.reason
            self._shut_until = max(self._shut_until, self._clock() + wait_ms)
        return _later(verdict.reason, self._shut_ms or _backoff_ms(max(self._failures, 1)))

    def _own_pause_ms(self, verdict: Verdict) -> int:
        """How long to shut where the vendor names no time; 0: not yet."""
        if not verdict.blames_vendor:
            return _backoff_ms(self._pauses)
        return _backoff_ms(self._failures - FAILURES_MAX + 1) if self._has_failed else 0


class Gates:
    """One for each lane, made when first needed; the one longest unused goes when they are many."""

    def __init__(
        self, rate_per_s: int, places: int, clock: Callable[[], int] = monotonic_ms
    ) -> None:
        """Rate and places are those of each lane."""
        self._make = partial(Gate, rate_per_s, places, clock)
        self._gates: OrderedDict[str, Gate] = OrderedDict()

    def of(self, lane: str) -> Gate:
        """The gate of a lane."""
        gate = self._gates.get(lane)
        if gate is None:
            gate = self._gates[lane] = self._make()
            if len(self._gates) > GATES_MAX:
                self._gates.popitem(last=False)
        self._gates.move_to_end(lane)
        return gate


def _later(reason: str, wait_ms: int) -> Outcome:
    spread_ms = int(random.uniform(0, SPREAD * wait_ms))  # noqa: S311
    return Outcome(state="later", reason=reason, retry_after_ms=wait_ms + spread_ms)


def _backoff_ms(times: int) -> int:
    longest = min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** min(times - 1, DOUBLINGS_MAX))
    return max(BACKOFF_MIN_MS, int(random.uniform(0, longest)))  # noqa: S311
