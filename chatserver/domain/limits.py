"""How often: token buckets, told the time by their caller."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable

REMEMBERED = 100_000  # keys; one forgotten starts with a full bucket
TOKEN = 1000


class Limiter:
    """A token bucket for each key: `per_s` on average, `burst` at once.

    What was spent elsewhere is owed here: a bucket may hold less than nothing, a burst at most.
    """

    def __init__(self, per_s: int, burst: int) -> None:
        self._per_s = per_s
        # in thousandths of a token, so that a millisecond brings `per_s` of them: exact in integers
        self._full = burst * TOKEN
        self._buckets: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()

    def spend(self, key: Hashable, now_ms: int) -> int:
        """Take one token: 0 where there was one, else in how many ms there will be one."""
        missing = TOKEN - self._take(key, now_ms, TOKEN)
        return math.ceil(missing / self._per_s) if missing > 0 else 0

    def owe(self, key: Hashable, now_ms: int) -> None:
        """Take a token that was already spent somewhere else, whether or not it is there.

        Without debts two places that both have an empty bucket would let through twice the rate.
        """
        self._take(key, now_ms, TOKEN - self._full)

    def _take(self, key: Hashable, now_ms: int, least: int) -> int:
        """Take a token from a bucket that holds at least so much; what it held before."""
        held, since = self._buckets.get(key) or (self._full, now_ms)
        if now_ms > since:
            held = min(self._full, held + (now_ms - since) * self._per_s)
        self._buckets[key] = (held - TOKEN if held >= least else held, now_ms)
        self._buckets.move_to_end(key)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return held
