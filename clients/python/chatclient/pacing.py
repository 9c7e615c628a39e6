"""When to do what: waiting longer after each failure, and not telling the server too often.

Plain Python: told the time, in seconds, it says what is due.
"""

from __future__ import annotations

import random
from collections import deque

MARKS_PER_SECOND = 3
TYPING_SECONDS = 2.0


class Backoff:
    """Waits that double up to `top`, each drawn from its upper half so that clients spread."""

    def __init__(self, base: float, top: float) -> None:
        """In seconds."""
        self._base = base
        self._top = top
        self._failures = 0

    def next(self) -> float:
        """How long to wait after one more failure."""
        longest = min(self._top, self._base * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  # spreading, not secrecy

    def reset(self) -> None:
        """It worked."""
        self._failures = 0


class ReadMarks:
    """Read positions to be told: gathered, never going back, at most three a second."""

    def __init__(self) -> None:
        """Nothing to tell."""
        self._wanted: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._times: deque[float] = deque(maxlen=MARKS_PER_SECOND)

    def want(self, conversation: str, seq: int) -> None:
        """I have read up to `seq`."""
        if seq > max(self._told.get(conversation, 0), self._wanted.get(conversation, 0)):
            self._wanted[conversation] = seq

    def due(self, now: float) -> list[tuple[str, int]]:
        """The marks to send now."""
        due = []
        while self._wanted and self._free_at() <= now:
            conversation = next(iter(self._wanted))
            seq = self._told[conversation] = self._wanted.pop(conversation)
            self._times.append(now)
            due.append((conversation, seq))
        return due

    def wake_at(self) -> float | None:
        """When the next mark may be sent."""
        return self._free_at() if self._wanted else None

    def again(self, conversation: str, seq: int) -> None:
        """The mark did not arrive, or nobody knows."""
        if self._told.get(conversation) == seq:
            del self._told[conversation]
            self.want(conversation, seq)

    def _free_at(self) -> float:
        return self._times[0] + 1.0 if len(self._times) == MARKS_PER_SECOND else 0.0


class TypingNotes:
    """Whether I am typing: renewed at most every two seconds, and a last word when I stop."""

    def __init__(self) -> None:
        """Not typing anywhere."""
        self._told: dict[str, tuple[bool, float]] = {}
        self._stopping: set[str] = set()

    def note(self, conversation: str, now: float, *, on: bool) -> bool:
        """Whether to tell the server now; a stop that comes too soon becomes due later."""
        was, at = self._told.get(conversation, (False, now - TYPING_SECONDS))
        free = now - at >= TYPING_SECONDS
        if on:
            self._stopping.discard(conversation)
            if free:
                self._told[conversation] = (True, now)
            return free
        if was and not free:
            self._stopping.add(conversation)
        if was and free:
            self._told[conversation] = (False, now)
        return was and free

    def due(self, now: float) -> list[str]:
        """Conversations in which the server should hear now that I stopped."""
        due = [c for c in self._stopping if now - self._told[c][1] >= TYPING_SECONDS]
        for conversation in due:
            self._stopping.discard(conversation)
            self._told[conversation] = (False, now)
        return due

    def sent(self, conversation: str) -> None:
        """A message went out: everybody sees that I stopped."""
        self._stopping.discard(conversation)
        if conversation in self._told:
            self._told[conversation] = (False, self._told[conversation][1])

    def wake_at(self) -> float | None:
        """When a stop becomes due."""
        times = [self._told[c][1] + TYPING_SECONDS for c in self._stopping]
        return min(times, default=None)
