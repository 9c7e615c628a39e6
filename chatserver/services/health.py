"""Whether this node can serve people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

from chatserver.errors import Unavailable

CHECK_TIMEOUT_S = 2.0


class Pingable(Protocol):
    """Something outside that either answers or raises Unavailable."""

    async def ping(self) -> None:
        """See that it answers."""
        ...


class Health:
    """Asks what the node depends on."""

    def __init__(self, **outside: Pingable) -> None:
        """What it depends on, by name."""
        self._outside = outside
        self.draining = False

    async def check(self) -> dict[str, Any]:
        """`ready` and what it is made of."""
        pings = [_answers(each.ping()) for each in self._outside.values()]
        there = dict(zip(self._outside, await asyncio.gather(*pings), strict=True))
        ready = all(there.values()) and not self.draining
        return {"ready": ready, **there, "draining": self.draining}


async def _answers(ping: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await ping
    except (Unavailable, TimeoutError):
        return False
    return True
