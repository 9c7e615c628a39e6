"""Pings for everybody from one timer, and who did not answer.

A timing wheel (Varghese and Lauck, Hashed and Hierarchical Timing Wheels, 1987). All intervals
are equal here, so each peer stays in one bucket for life.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import ceil
from typing import Generic, Protocol, TypeVar

BUCKETS_MAX = 256
TICK_MIN_S = 0.02


class Peer(Protocol):
    """What is pinged; both attributes are the heartbeat's own, `pinged` but for `answered`."""

    bucket: int
    pinged: int


T = TypeVar("T", bound=Peer)


class Heartbeat(Generic[T]):
    """Calls `ping` for each peer once in `interval_s`, and `lost` for one silent for `timeout_s`.

    It counts its own ticks: after the event loop stood still it goes on where it was, so nobody is
    taken for silent because of us.
    """

    def __init__(
        self,
        interval_s: float,
        timeout_s: float,
        ping: Callable[[T], None],
        lost: Callable[[T], None],
    ) -> None:
        size = max(1, min(BUCKETS_MAX, int(interval_s / TICK_MIN_S)))
        self._tick_s = interval_s / size
        self._patience = max(1, ceil(timeout_s / self._tick_s))
        self._ping = ping
        self._lost = lost
        self._buckets: list[set[T]] = [set() for _ in range(size)]
        self._newest = 0
        self._tick = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, peer: T) -> None:
        """Ping a peer from now on; the first ping comes within an interval."""
        # in turn, not by time: a storm of arrivals must not become a storm of pings
        self._newest = (self._newest + 1) % len(self._buckets)
        peer.bucket = self._newest
        peer.pinged = 0
        self._buckets[peer.bucket].add(peer)
        if self._timer is None:
            self._wait()

    def discard(self, peer: T) -> None:
        """Ping it no more; harmless when repeated."""
        self._buckets[peer.bucket].discard(peer)

    @staticmethod
    def answered(peer: T) -> bool:
        """The peer sent a pong; whether one was asked for."""
        asked = peer.pinged > 0
        peer.pinged = 0
        return asked

    def close(self) -> None:
        """Stand still."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._turn)

    def _turn(self) -> None:
        self._wait()
        self._tick += 1
        for peer in tuple(self._bucket(self._tick - self._patience)):
            if 0 < peer.pinged <= self._tick - self._patience:
                self._lost(peer)
        for peer in tuple(self._bucket(self._tick)):
            if not peer.pinged:
                peer.pinged = self._tick
                self._ping(peer)

    def _bucket(self, tick: int) -> set[T]:
        return self._buckets[tick % len(self._buckets)]
