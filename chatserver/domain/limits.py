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
        held = self._held(key, now_ms)
        if held < TOKEN:
            self._put(key, held, now_ms)
            return math.ceil((TOKEN - held) / self._per_s)
        self._put(key, held - TOKEN, now_ms)
        return 0

    def owe(self, key: Hashable, now_ms: int) -> None:
        """Take a token that was already spent somewhere else, whether or not it is there.

        Without debts two places that both have an empty bucket would let through twice the rate.
        """
        self._put(key, max(-self._full, self._held(key, now_ms) - TOKEN), now_ms)

    def _held(self, key: Hashable, now_ms: int) -> int:
        held, since = self._buckets.get(key, (self._full, now_ms))
        return min(self._full, held + max(0, now_ms - since) * self._per_s)

    def _put(self, key: Hashable, held: int, now_ms: int) -> None:
        self._buckets[key] = (held, now_ms)
        self._buckets.move_to_end(key)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
