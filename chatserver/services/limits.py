"""Who may do how much how often, on this node."""

from __future__ import annotations

from chatserver.config import Settings
from chatserver.domain.limits import Limiter
from chatserver.errors import RateLimited

BURST = 3  # times the rate


class Limits:
    """The rates of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._calls = _limiter(settings.calls_per_s)
        self._sends = _limiter(settings.sends_per_s)
        self._room_sends = _limiter(settings.room_sends_per_s)
        self._read_marks = _limiter(settings.read_marks_per_s)
        self._profile_changes = _limiter(settings.profile_changes_per_s)

    def call(self, user: str, now_ms: int) -> None:
        """A call of any kind.

        Raises:
            RateLimited: with the time after which to try again; so do the others.
        """
        _spend(self._calls, user, now_ms)

    def send(self, user: str, conversation: str, now_ms: int) -> None:
        """A message or a change of one."""
        _spend(self._sends, user, now_ms)
        _spend(self._room_sends, conversation, now_ms)

    def read_mark(self, user: str, now_ms: int) -> None:
        """A read mark."""
        _spend(self._read_marks, user, now_ms)

    def profile_change(self, user: str, now_ms: int) -> None:
        """A change of somebody's profile or consent by this person."""
        _spend(self._profile_changes, user, now_ms)


def _limiter(per_s: int) -> Limiter:
    return Limiter(per_s, burst=BURST * per_s)


def _spend(limiter: Limiter, key: str, now_ms: int) -> None:
    wait_ms = limiter.spend(key, now_ms)
    if wait_ms:
        raise RateLimited(retry_after_ms=wait_ms)
