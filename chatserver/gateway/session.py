"""A connection with what belongs to it while it lives: its inbox and the end of its token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chatserver.clock import now_ms
from chatserver.domain.events import Notice
from chatserver.domain.person import Person
from chatserver.gateway.hub import Connection
from chatserver.gateway.inbox import Inbox

WARN_BEFORE_MS = 60_000  # or at half of what is left of a short-lived token
TIMER_MAX_MS = 86_400_000  # a timer is set anew at least once a day


class Session:
    """What the gateway keeps for one accepted connection."""

    __slots__ = ("_timer", "connection", "inbox", "person")

    def __init__(self, connection: Connection, inbox: Inbox, person: Person) -> None:
        self.connection = connection
        self.inbox = inbox
        self.person = person
        self._timer: asyncio.TimerHandle | None = None

    def watch_expiry(self) -> None:
        """Warn before the token ends, and close when it does; anew after a renewal."""
        left_ms = self.connection.identity.expires_at - now_ms()
        warn_in_ms = max(left_ms - WARN_BEFORE_MS, left_ms // 2)
        self._set_timer(warn_in_ms, self._warn)

    def end(self) -> None:
        """The connection is gone."""
        self.inbox.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _warn(self) -> None:
        left_ms = self.connection.identity.expires_at - now_ms()
        if left_ms > WARN_BEFORE_MS:  # the timer was shorter than a day's limit allows
            self.watch_expiry()
            return
        self.connection.tell(Notice(type="expiring", expires_in_ms=max(0, left_ms)))
        self._set_timer(left_ms, self.connection.close)

    def _set_timer(self, in_ms: int, action: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        delay_s = max(0, min(in_ms, TIMER_MAX_MS)) / 1000
        self._timer = asyncio.get_running_loop().call_later(delay_s, action)
