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

    def __init__(self, mongodb: Pingable, redis: Pingable) -> None:
        self._mongodb = mongodb
        self._redis = redis
        self.draining = False

    async def check(self) -> dict[str, Any]:
        """`ready` and what it is made of."""
        mongodb, redis = await asyncio.gather(
            _answers(self._mongodb.ping()), _answers(self._redis.ping())
        )
        ready = mongodb and redis and not self.draining
        return {"ready": ready, "mongodb": mongodb, "redis": redis, "draining": self.draining}


async def _answers(ping: Awaitable[None]) -> bool:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await ping
    except (Unavailable, TimeoutError):
        return False
    return True
