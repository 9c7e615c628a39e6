"""Whether this node has more to do than it can; then it leaves out what nobody misses for long."""

from __future__ import annotations

from chatserver import metrics
from chatserver.config import Settings

WEIGHT = 0.2  # of one observation: about the last ten count
PEAK = 4.0  # as much one observation counts at most, so that a single stall is no overload
RELIEVED = 0.5  # the pressure has to fall to this before it counts as over


class Overload:
    """The pressure on this node: how late its event loop runs and how many messages wait.

    1 is where the settings say that it is too much. It is smoothed, and once it was too much it
    has to fall to half of that, so that a node on the edge does not change its mind all the time.
    """

    def __init__(self, settings: Settings) -> None:
        self._lag_s = settings.overload_lag_ms / 1000
        self._waiting = settings.append_waiting_max * settings.overload_waiting_percent / 100
        self._pressure = 0.0
        self.is_on = False

    def observe(self, lag_s: float, waiting: int) -> None:
        """The event loop ran so late just now, and so many messages wait to be stored."""
        now = min(PEAK, max(lag_s / self._lag_s, waiting / self._waiting))
        self._pressure += WEIGHT * (now - self._pressure)
        self.is_on = self._pressure >= (RELIEVED if self.is_on else 1.0)
        metrics.pressure.set(self._pressure)
        metrics.overloaded.set(self.is_on)
