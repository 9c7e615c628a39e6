"""One client's packets, handled in the order in which they came.

They wait apart from the transport, so a slow call never holds back a heartbeat; and they are few,
so that a flood ends the connection and not the process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from chatserver.tasks import Tasks

T = TypeVar("T")
Handle = Callable[[T], Awaitable[None]]


class Inbox(Generic[T]):
    """A queue with a task that lives only while there is something in it."""

    __slots__ = ("_handle", "_limit", "_tasks", "_waiting", "_working")

    def __init__(self, tasks: Tasks, handle: Handle[T], limit: int) -> None:
        """At most `limit` things wait; `handle` never raises."""
        self._tasks = tasks
        self._handle = handle
        self._limit = limit
        self._waiting: deque[T] | None = None  # an idle client keeps none: a deque is large
        self._working: asyncio.Task[None] | None = None

    def put(self, thing: T) -> bool:
        """Take something in; False when the client floods."""
        if self._waiting is None:
            self._waiting = deque()
        if len(self._waiting) >= self._limit:
            return False
        self._waiting.append(thing)
        if self._working is None:
            self._working = self._tasks.spawn("inbox", self._work())
        return True

    def clear(self) -> None:
        """Forget what nobody began to handle."""
        self._waiting = None

    async def finish(self) -> None:
        """Wait until everything taken in was handled."""
        if self._working is not None:
            await asyncio.wait([self._working])

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._handle(self._waiting.popleft())
        finally:
            self._waiting = self._working = None
