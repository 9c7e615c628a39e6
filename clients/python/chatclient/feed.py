"""Events for the application: a bounded queue per listener. Whoever is slow loses the oldest
events, is told how many, and reads the state instead; the network never waits."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from chatclient.events import ChatEvent, Lagged

logger = logging.getLogger("chatclient")
FEED_MAX = 1_000
Callback = Callable[[Any], Awaitable[None] | None]


class Feed:
    """An asynchronous iterator over events, for one listener."""

    def __init__(self, names: frozenset[str] = frozenset(), limit: int = FEED_MAX) -> None:
        """Events with one of the names, or without names every event."""
        self._names = names
        self._queue: deque[ChatEvent] = deque(maxlen=limit)
        self._missed = 0
        self._closed = False
        self._wake = asyncio.Event()

    def put(self, event: ChatEvent) -> None:
        """Keep an event for the listener."""
        if self._closed or (self._names and event.name not in self._names):
            return
        if len(self._queue) == self._queue.maxlen:
            self._missed += 1
        self._queue.append(event)
        self._wake.set()

    def close(self) -> None:
        """No more events: the iteration ends after those that are here."""
        self._closed = True
        self._wake.set()

    def __aiter__(self) -> Feed:
        """Events as they come."""
        return self

    async def __anext__(self) -> ChatEvent:
        """The next event, or `Lagged` where some were left out."""
        while not self._queue and not self._closed:
            self._wake.clear()
            await self._wake.wait()
        if self._missed:
            missed, self._missed = self._missed, 0
            return Lagged(missed)
        if not self._queue:
            raise StopAsyncIteration
        return self._queue.popleft()


async def deliver(feed: Feed, callback: Callback) -> None:
    """Call a function for each event; one that fails is logged, and the next event comes."""
    async for event in feed:
        try:
            result = callback(event)
            if inspect.isawaitable(result):
                await result
        except Exception:
            logger.exception("a callback for %s failed", event.name)
