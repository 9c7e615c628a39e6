"""Many alarms at times of their own behind a single timer, a tenth of a second exact."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from math import ceil
from typing import Generic, Protocol, TypeVar

RESOLUTION_S = 0.1
LATE_S = 2 * RESOLUTION_S  # an alarm's slot is rounded up, and the timer's turn may just be over


class Sleeper(Protocol):
    """What can be woken; the attribute is the alarms' own and 0 while no alarm is set."""

    alarm: int


T = TypeVar("T", bound=Sleeper)


class Alarms(Generic[T]):
    """Calls `wake` for each sleeper when its time has come; each has one alarm at most.

    Times are those of the event loop, so a step of the system's clock moves none.
    """

    def __init__(self, wake: Callable[[T], None]) -> None:
        self._wake = wake
        self._slots: defaultdict[int, set[T]] = defaultdict(set)
        self._reached = 0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, sleeper: T, in_s: float) -> None:
        """Wake it after that long; an earlier alarm of it is off."""
        if sleeper.alarm:
            self.cancel(sleeper)
        sleeper.alarm = max(_slot(in_s), self._reached + 1)
        self._slots[sleeper.alarm].add(sleeper)
        if self._timer is None:
            self._reached = _slot(0) - 1
            self._tick()

    def cancel(self, sleeper: T) -> None:
        """Let it sleep; harmless when no alarm is set."""
        slot = self._slots.get(sleeper.alarm)
        if slot is not None:
            slot.discard(sleeper)
            if not slot:
                del self._slots[sleeper.alarm]
        sleeper.alarm = 0

    def _tick(self) -> None:
        now = _slot(0) - 1
        while self._reached < now:
            self._reached += 1
            for sleeper in self._slots.pop(self._reached, ()):
                if sleeper.alarm == self._reached:  # else another's waking changed it
                    sleeper.alarm = 0
                    self._rouse(sleeper)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(RESOLUTION_S, self._tick) if self._slots else None

    def _rouse(self, sleeper: T) -> None:
        try:
            self._wake(sleeper)
        except Exception as error:  # as with a timer of its own: the others go on
            told = {"message": "Exception in wake", "exception": error}
            asyncio.get_running_loop().call_exception_handler(told)


def _slot(in_s: float) -> int:
    return ceil((asyncio.get_running_loop().time() + in_s) / RESOLUTION_S)
