"""Messages on their way, kept until the server has stored them.

Per conversation they leave in the order in which they were made: the next one goes out only after
the one before it was acknowledged or finally refused. A message keeps its `client_id` for ever, so
sending it again is harmless; every attempt after the first says `retry`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from chatclient.errors import ChatCallError, ChatClientError, ChatStopped
from chatclient.model import Draft, Sent
from chatclient.pacing import Backoff

PendingState = Literal["sending", "sent", "failed", "discarded"]


class _Kept(Struct, frozen=True):
    """A line of the file."""

    draft: Draft
    code: str | None = None
    message: str | None = None


class Pending:
    """A message of mine on its way. Await it to get its number, or the reason of a refusal."""

    def __init__(self, draft: Draft, *, tried: bool = False) -> None:
        """`tried`: an earlier attempt may have reached the server."""
        self.draft = draft
        self.tried = tried
        self.state: PendingState = "sending"
        self.error: ChatCallError | None = None
        self.sent: Sent | None = None
        self.in_flight = False
        self.not_before = 0.0
        self.backoff = Backoff(base=0.5, top=15.0)
        self._settled = asyncio.Event()
        self._closed: ChatClientError | None = None

    @property
    def text(self) -> str:
        """What it says."""
        return str(self.draft.body.get("text", ""))

    def __await__(self) -> Generator[Any, None, Sent]:
        """Wait until it is stored.

        Raises:
            ChatCallError: the server refused it for good; `retry` may be tried.
            ChatStopped: the client stopped first; the message is still in the outbox.
        """
        return self._outcome().__await__()

    async def _outcome(self) -> Sent:
        await self._settled.wait()
        if self.sent is not None:
            return self.sent
        raise self.error or self._closed or ChatStopped("discarded", "The message was discarded")

    def settle(self, state: PendingState, error: ChatCallError | None = None) -> None:
        """It was stored, refused, discarded, or is on its way again."""
        self.state, self.error, self.in_flight = state, error, False
        if state == "sending":
            self._settled.clear()
        else:
            self._settled.set()

    def abandon(self, error: ChatClientError) -> None:
        """Nobody will send it for now: those who wait hear why."""
        self._closed = error
        self._settled.set()

    def payload(self) -> dict[str, Any]:
        """The fields of the call."""
        draft = self.draft
        fields: dict[str, Any] = {
            "conversation": draft.conversation, "client_id": draft.client_id,
            "kind": draft.kind, "body": draft.body,
        }  # fmt: skip
        if draft.reply_to is not None:
            fields["reply_to"] = draft.reply_to
        if draft.mentions:
            fields["mentions"] = list(draft.mentions)
        if draft.mention_all:
            fields["mention_all"] = True
        if draft.message_class != "chat":
            fields["class"] = draft.message_class
        return {**fields, "retry": True} if self.tried else fields


class Outbox:
    """All messages on their way, and those that were refused; times are in seconds."""

    def __init__(self, file: Path | None = None) -> None:
        """With a file, what a killed client left is sent by the next one."""
        self._file = file
        self._pending: dict[str, Pending] = {}
        for kept in _load(file):
            pending = Pending(kept.draft, tried=True)
            if kept.code is not None:
                pending.settle("failed", ChatCallError(kept.code, kept.message or ""))
            self._pending[kept.draft.client_id] = pending

    def of(self, conversation: str) -> list[Pending]:
        """The messages of a conversation that are not stored yet, in order."""
        return [p for p in self._pending.values() if p.draft.conversation == conversation]

    def __len__(self) -> int:
        """How many are on their way, without the refused ones."""
        return sum(pending.state == "sending" for pending in self._pending.values())

    def add(self, draft: Draft) -> Pending:
        """A new message, at the end of its conversation."""
        pending = self._pending[draft.client_id] = Pending(draft)
        self._save()
        return pending

    def due(self, now: float) -> list[Pending]:
        """The messages to send now: at most one per conversation, taken as in flight."""
        due = [p for p in self._heads() if not p.in_flight and p.not_before <= now]
        for pending in due:
            pending.in_flight = True
        return due

    def wake_at(self) -> float | None:
        """When the next message has waited long enough."""
        waiting = [p.not_before for p in self._heads() if not p.in_flight]
        return min(waiting, default=None)

    def acked(self, pending: Pending, sent: Sent) -> None:
        """The server stored it."""
        pending.sent = sent
        self._pending.pop(pending.draft.client_id, None)
        pending.settle("sent")
        self._save()

    def refused(self, pending: Pending, error: ChatCallError, now: float) -> None:
        """The server did not take it: later again, or for good."""
        pending.tried = True
        if error.retryable:
            self._later(pending, now, (error.retry_after_ms or 0) / 1000)
            return
        pending.settle("failed", error)
        self._save()

    def unknown(self, pending: Pending, now: float, *, lost: bool) -> None:
        """No answer came: the same message again, with `lost` as soon as there is a connection."""
        pending.tried = True
        if lost:
            pending.in_flight = False
        else:
            self._later(pending, now, 0)

    def retry(self, pending: Pending) -> None:
        """The person wants a refused message to be tried again, now behind the others."""
        if pending.state != "failed" or pending.draft.client_id not in self._pending:
            return
        self._pending[pending.draft.client_id] = self._pending.pop(pending.draft.client_id)
        pending.not_before = 0.0
        pending.backoff.reset()
        pending.settle("sending")
        self._save()

    def discard(self, pending: Pending) -> None:
        """The person gives a refused message up."""
        if pending.state == "failed":
            self._pending.pop(pending.draft.client_id, None)
            pending.settle("discarded", pending.error)
            self._save()

    def abandon(self, error: ChatClientError) -> None:
        """The client stops: those who wait for a message hear why."""
        for pending in self._pending.values():
            pending.in_flight = False
            if pending.state == "sending":
                pending.abandon(error)

    def _heads(self) -> list[Pending]:
        heads: dict[str, Pending] = {}
        for pending in self._pending.values():
            if pending.state == "sending":
                heads.setdefault(pending.draft.conversation, pending)
        return list(heads.values())

    def _later(self, pending: Pending, now: float, at_least: float) -> None:
        pending.in_flight = False
        pending.not_before = now + max(at_least, pending.backoff.next())

    def _save(self) -> None:
        if self._file is None:
            return
        kept = [_keep(pending) for pending in self._pending.values()]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_name(self._file.name + ".new")
        fresh.write_bytes(msgspec.json.encode(kept))
        fresh.replace(self._file)


def _keep(pending: Pending) -> _Kept:
    error = pending.error
    return _Kept(pending.draft, error.code, error.message) if error else _Kept(pending.draft)


def new_client_id() -> str:
    """An id made once per message, kept as long as the message."""
    return str(uuid.uuid4())


def _load(file: Path | None) -> list[_Kept]:
    """What the file holds; one that cannot be read is put aside, not overwritten."""
    if file is None or not file.exists():
        return []
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[_Kept])
    except msgspec.DecodeError:
        file.replace(file.with_name(file.name + ".unreadable"))
        return []
