"""An event loop on which hours pass at once, so that rules about time are tested exactly."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class LeapingLoop(asyncio.SelectorEventLoop):
    """Where others wait for their next timer, this one sets its clock to it."""

    def __init__(self) -> None:
        self.clock = _Clock()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now

    def stall(self, seconds: float) -> None:
        """Time passes, and nothing on this loop gets its turn."""
        self.clock.now += seconds


class _Clock(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("This waits for something that will never happen")
        self.now += timeout
        return super().select(0)
