"""Sockets that have not authenticated yet: few, and not for long; and how fast they may come in."""

from __future__ import annotations

from collections.abc import Callable

from chatserver import metrics
from chatserver.config import Settings
from chatserver.domain.turnstile import Turnstile
from chatserver.gateway.engine.deadlines import Deadlines


class Admission:
    """Counts waiting sockets by address and closes those that wait too long."""

    def __init__(self, settings: Settings, close: Callable[[str], None]) -> None:
        self._per_address = settings.unauthenticated_per_address
        self._total = settings.unauthenticated_total
        self._address_of: dict[str, str] = {}
        self._waiting_at: dict[str, int] = {}
        self._deadlines = Deadlines(settings.auth_deadline_ms / 1000, close)
        self._turnstile = Turnstile(settings.connects_per_s)
        self._overloaded_percent = settings.overload_connects_percent
        metrics.unauthenticated.set_function(lambda: len(self._address_of))

    def admit(self, sid: str, address: str) -> bool:
        """Whether a new socket may wait for authentication."""
        waiting = self._waiting_at.get(address, 0)
        if waiting >= self._per_address or len(self._address_of) >= self._total:
            return False
        self._address_of[sid] = address
        self._waiting_at[address] = waiting + 1
        self._deadlines.add(sid)
        return True

    def enter(self, now_ms: int, *, overloaded: bool = False) -> int:
        """0 where one more client may come in now, else after how many ms it is to try again.

        To be asked once for each client that wants in, however it ends.
        """
        return self._turnstile.enter(now_ms, self._overloaded_percent if overloaded else 100)

    def release(self, sid: str) -> None:
        """The socket authenticated or is gone; harmless when it does not wait."""
        address = self._address_of.pop(sid, None)
        if address is None:
            return
        self._deadlines.discard(sid)
        left = self._waiting_at[address] - 1
        if left:
            self._waiting_at[address] = left
        else:
            del self._waiting_at[address]

    def close(self) -> None:
        """Close nobody any more."""
        self._deadlines.close()
