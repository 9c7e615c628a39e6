"""Many deadlines of one length behind a single timer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

AT_ONCE = 500  # late items told in one turn of the loop; the others wait for the next

T = TypeVar("T", bound=Hashable)


class Deadlines(Generic[T]):
    """Calls `on_due` once for each item that is not discarded within `after_s` of being added.

    As all wait equally long, the order of adding is the order of becoming due: adding and
    discarding cost the same however many there are, and only the first one needs a timer. One
    that was discarded leaves the timer alone, which then finds nothing due and waits for the next.
    """

    def __init__(self, after_s: float, on_due: Callable[[T], None]) -> None:
        self._after_s = after_s
        self._on_due = on_due
        self._due: OrderedDict[T, float] = OrderedDict()  # a dict is slow to find its first key
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._due)

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._due))

    def add(self, item: T) -> None:
        """Expect an item's `discard` in time; added again, its time begins anew."""
        self._due[item] = asyncio.get_running_loop().time() + self._after_s
        self._due.move_to_end(item)
        if self._timer is None:
            self._wait()

    def discard(self, item: T) -> None:
        """No longer expect it; harmless when it is not expected."""
        self._due.pop(item, None)

    def close(self) -> None:
        """Forget all items; none becomes due any more."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        first = next(iter(self._due.values()))
        self._timer = asyncio.get_running_loop().call_at(first, self._tell_late)

    def _tell_late(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(AT_ONCE):
            if not self._due or next(iter(self._due.values())) > loop.time():
                break
            item, _ = self._due.popitem(last=False)
            try:
                self._on_due(item)
            except Exception as error:  # as with a timer of its own: the others go on
                told = {"message": "Exception in on_due", "exception": error}
                loop.call_exception_handler(told)
        self._timer = None
        if self._due:
            self._wait()
