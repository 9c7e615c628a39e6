"""Marks of one reader within a moment are told as one: the highest says all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import Struct

from chatserver import metrics
from chatserver.domain.conversation import Conversation
from chatserver.domain.membership import Membership


class Reading(Struct, frozen=True):
    """A member has read everything up to `seq`; the connection `skip` knows."""

    conversation: Conversation
    who: Membership
    seq: int
    skip: str | None

    def with_later(self, later: Reading) -> Reading:
        """One that says both; where they come from two connections both hear it."""
        return Reading(
            later.conversation,
            later.who,
            max(self.seq, later.seq),
            self.skip if self.skip == later.skip else None,
        )


class Readings:
    """Tells the first mark at once, and what comes within `together_ms` of it together."""

    def __init__(self, tell: Callable[[Reading], None], together_ms: int) -> None:
        """With 0 `together_ms` every mark is told."""
        self._tell = tell
        self._together_s = together_ms / 1000
        self._later: dict[tuple[str, str], Reading | None] = {}  # None: one was told just now

    def put(self, reading: Reading) -> None:
        """Tell of it, now or in a moment."""
        place = (reading.conversation.id, reading.who.user)
        if place in self._later:
            before = self._later[place]
            self._later[place] = before.with_later(reading) if before else reading
            if before:
                metrics.spared.labels("read").inc()
            return
        if self._together_s:
            self._later[place] = None
            asyncio.get_running_loop().call_later(self._together_s, self._over, place)
        self._tell(reading)

    def _over(self, place: tuple[str, str]) -> None:
        reading = self._later.pop(place)
        if reading is not None:
            self.put(reading)
