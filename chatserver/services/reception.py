"""A crowd that wants the same: some have their turn, some stand in line, the others are called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from chatserver.domain.person import Caller
from chatserver.errors import Busy
from chatserver.services.turns import Turns

LINE_S = 1.0  # what is to stand in line, so that nobody called late leaves a turn unused
CALLED = 2  # for each turn that ends while the line is shorter: one follows, one lengthens it
AWAY_MAX = 100_000  # who is beyond comes at the promised time; many of them are gone by then


class Reception:
    """Turns for connected clients. Whoever is sent away is called when the line has room.

    How long a crowd takes nobody knows while it comes in: times promised then are too late or too
    early, and idle minutes follow or a second crowd. Those who are called keep the line filled,
    whatever the pace turns out to be; the promise is for clients that do not listen.
    """

    def __init__(self, turns: Turns, call: Callable[[Caller], bool]) -> None:
        """`call` has a client come now; false when it is gone."""
        self._turns = turns
        self._call = call
        self._away: dict[str, Caller] = {}  # by connection, the longest first

    @asynccontextmanager
    async def turn(self, caller: Caller) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Raises:
            Busy: not soon. The caller is called, or comes after `retry_after_ms`.
        """
        self._away.pop(caller.connection, None)  # called while in line, it would ask twice
        try:
            async with self._turns.one():
                yield
        except Busy:
            self._send_away(caller)
            raise
        self._call_some()

    def _send_away(self, caller: Caller) -> None:
        self._away[caller.connection] = caller
        if len(self._away) > AWAY_MAX:
            del self._away[next(iter(self._away))]

    def _call_some(self) -> None:
        left = CALLED if self._turns.line_s < LINE_S else 0
        while left and self._away:
            caller = self._away.pop(next(iter(self._away)))
            left -= self._call(caller)
