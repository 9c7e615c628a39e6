"""Letting a crowd in at a steady pace, and telling each of the others when to come back."""

from __future__ import annotations

import random
from collections.abc import Callable

BURST_MS = 1000  # what this time lets in may come at once
PAUSE_MS = 500  # before the first returns, to work off the burst
QUEUE_MS = 30_000  # how far ahead places are promised
PROMISED = 0.8  # of the pace; the rest is for those who come unasked or late
JITTER = 0.1  # nodes that were stormed at the same moment promise the same times


class Turnstile:
    """A token bucket with a virtual queue: whoever is refused is promised a later place.

    Places follow each other a little slower than tokens do. So whoever comes back when told finds
    one, in about the order of the first attempts, and no token is kept for those who stay away.
    """

    def __init__(self, per_s: int, chance: Callable[[], float] = random.random) -> None:
        """`per_s` pass on average; `chance` gives numbers from 0 up to 1."""
        # in whole microseconds: fractions of so many milliseconds since 1970 would not add up
        self._each = max(1, 1_000_000 // per_s)
        self._each_place = int(self._each / PROMISED)
        self._full_at = 0  # when the bucket will be full again
        self._last_place = 0
        self._chance = chance

    def enter(self, now_ms: int, percent: int = 100) -> int:
        """0 where one may pass, else after how many ms to come back: a minute at most.

        At less than 100 `percent` of the pace, everybody counts for so many more. A clock that is
        set back delays nobody by more than a minute.
        """
        now = now_ms * 1000
        each = self._each * 100 // percent
        full_at = min(max(self._full_at, now), now + BURST_MS * 1000)
        passes = full_at + each <= now + BURST_MS * 1000
        self._full_at = full_at + each if passes else full_at
        return 0 if passes else self._promise(now, percent)

    def _promise(self, now: int, percent: int) -> int:
        end = now + QUEUE_MS * 1000
        each_place = self._each_place * 100 // percent
        place = max(self._last_place, now + PAUSE_MS * 1000) + each_place
        if place > end:  # the queue is full: come when those in it are through
            self._last_place = min(self._last_place, end)
            return int(QUEUE_MS * (1 + self._chance()))
        self._last_place = place
        return int((place - now) * (1 + JITTER * self._chance())) // 1000
