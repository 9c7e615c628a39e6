"""What the gateway keeps for one client, from its first packet to its end."""

from __future__ import annotations

from chatserver.clock import now_ms
from chatserver.domain.events import Notice
from chatserver.gateway.alarms import Alarms
from chatserver.gateway.engine.packets import Packet
from chatserver.gateway.engine.sockets import Socket
from chatserver.gateway.hub import Connection
from chatserver.gateway.inbox import Inbox

WARN_BEFORE_MS = 60_000  # or at half of what is left of a short-lived token
ALARM_MAX_MS = 86_400_000  # an alarm is set anew at least once a day


class Session:
    """A client with what belongs to it; `connection` once it is let in.

    `elsewhere` says that it also joined a namespace that is not ours.
    """

    __slots__ = ("_warned", "alarm", "connection", "elsewhere", "inbox", "socket")

    def __init__(self, socket: Socket, inbox: Inbox[Arrived]) -> None:
        self.socket = socket
        self.inbox = inbox
        self.connection: Connection | None = None
        self.elsewhere = False
        self.alarm = 0
        self._warned = False

    def watch_expiry(self, alarms: Alarms[Session]) -> None:
        """Be woken before the token ends; anew after a renewal."""
        left_ms = self._left_ms()
        self._warned = False
        warn_in_ms = max(left_ms - WARN_BEFORE_MS, left_ms // 2)
        alarms.set(self, _bounded_s(warn_in_ms))

    def wake(self, alarms: Alarms[Session]) -> None:
        """Warn that the token is about to end; or close when it did."""
        if self.connection is None:
            return
        left_ms = self._left_ms()
        if self._warned:
            self.connection.close()
        elif left_ms > WARN_BEFORE_MS:  # the alarm was earlier than a day's limit allows
            self.watch_expiry(alarms)
        else:
            self._warned = True
            self.connection.tell(Notice(type="expiring", expires_in_ms=max(0, left_ms)))
            alarms.set(self, _bounded_s(left_ms))

    def _left_ms(self) -> int:
        return self.connection.identity.expires_at - now_ms() if self.connection else 0


Arrived = tuple[Session, Packet, float]
"""Who sent a packet, and when it is to be answered, in the event loop's time."""


def _bounded_s(in_ms: int) -> float:
    return max(0, min(in_ms, ALARM_MAX_MS)) / 1000
