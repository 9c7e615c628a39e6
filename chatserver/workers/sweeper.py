"""Sweeps media now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from chatserver.errors import ChatError
from chatserver.services.media.sweeping import Sweeping

log = structlog.get_logger()


async def sweep_for_ever(sweeping: Sweeping, every_ms: int, clock: Callable[[], int]) -> None:
    """Sweep every so often, at once again where there is more; `clock` gives ms since 1970 UTC."""
    more = False
    while True:
        if not more:
            await asyncio.sleep(every_ms / 1000)
        try:
            more = await sweeping.sweep(clock())
        except ChatError as error:
            more = False
            log.warning("media could not be swept; later again", reason=error.message)
