"""Work that comes in heaps, done in slices, so that others get their turn on the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Slices(Generic[T]):
    """Calls `handle` for each item, in order, from the next turn of the event loop on."""

    def __init__(self, handle: Callable[[T], None], per_turn: int) -> None:
        """At most `per_turn` items are handled in one turn."""
        self._handle = handle
        self._per_turn = per_turn
        self._waiting: deque[T] = deque()
        self._is_due = False

    def put(self, *items: T) -> None:
        """Handle these soon."""
        self._waiting.extend(items)
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        try:
            for _ in range(min(self._per_turn, len(self._waiting))):
                self._handle(self._waiting.popleft())
        finally:  # where one fails, the others go on
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._turn)
            else:
                self._is_due = False
