"""A message that is not confirmed yet."""

from __future__ import annotations

import asyncio
from typing import Any


class Letter:
    """It waits, or is on its way; every flight after the first says that it is a retry."""

    __slots__ = ("_answer", "_sent_at", "conversation", "due", "payload")

    def __init__(self, conversation: str, client_id: str, body: Any, due: float) -> None:
        """It waits; `due` is when it should have gone out."""
        self.conversation = conversation
        self.due = due
        self.payload: dict[str, Any] = {
            "conversation": conversation,
            "client_id": client_id,
            "kind": "text",
            "body": body,
        }
        self._answer: asyncio.Future[Any] | None = None
        self._sent_at = 0.0

    @property
    def flies(self) -> bool:
        """Whether its answer is awaited."""
        return self._answer is not None

    def fly(self, answer: asyncio.Future[Any], at: float) -> None:
        """It goes out."""
        self._answer, self._sent_at = answer, at

    def land(self) -> None:
        """Its answer came, or never will."""
        self._answer = None
        self.payload["retry"] = True

    def expire(self, before: float) -> None:
        """Give up an answer that has been awaited since then."""
        if self._answer is not None and self._sent_at < before:
            self._answer.cancel()
