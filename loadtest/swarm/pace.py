"""Sending when it is due, whatever became of what was sent before."""

from __future__ import annotations

import asyncio
import time

TICK_S = 0.001


async def wait_until(due: float) -> None:
    """Return at this time of `time.perf_counter`, at once if it is past.

    Waits are measured from when something was due, so a late start is part of the wait.
    """
    left = due - time.perf_counter()
    if left > 0:
        await asyncio.sleep(max(left, TICK_S))
