"""Sockets that have not authenticated yet: few, and not for long."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from chatserver import metrics
from chatserver.config import Settings


class Admission:
    """Counts waiting sockets by address and closes those that wait too long."""

    def __init__(self, settings: Settings, close: Callable[[str], None]) -> None:
        self._deadline_s = settings.auth_deadline_ms / 1000
        self._per_address = settings.unauthenticated_per_address
        self._total = settings.unauthenticated_total
        self._close = close
        self._waiting: dict[str, tuple[str, asyncio.TimerHandle]] = {}
        self._addresses: Counter[str] = Counter()

    def admit(self, sid: str, address: str) -> bool:
        """Whether a new socket may wait for authentication."""
        if len(self._waiting) >= self._total or self._addresses[address] >= self._per_address:
            return False
        timer = asyncio.get_running_loop().call_later(self._deadline_s, self._close, sid)
        self._waiting[sid] = (address, timer)
        self._addresses[address] += 1
        self._count()
        return True

    def release(self, sid: str) -> None:
        """The socket authenticated or is gone; harmless when it does not wait."""
        address, timer = self._waiting.pop(sid, (None, None))
        if timer is None or address is None:
            return
        timer.cancel()
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]
        self._count()

    def _count(self) -> None:
        metrics.unauthenticated.set(len(self._waiting))
