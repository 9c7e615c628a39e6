"""What leaves by itself: messages of the outbox, read marks, typing; each when it is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from chatclient.calls import Calls
from chatclient.effects import Effect
from chatclient.errors import ChatCallError, ChatDisconnected, ChatTimeout
from chatclient.events import PendingChanged
from chatclient.model import Sent
from chatclient.outbox import Outbox, Pending
from chatclient.pacing import ReadMarks, TypingNotes
from chatclient.state import State
from chatclient.tasks import Tasks

RETRY_MARK_SECONDS = 1.0


class Sender:
    """One loop for everything with a time of its own."""

    def __init__(
        self, calls: Calls, state: State, outbox: Outbox, apply: Callable[[list[Effect]], None]
    ) -> None:
        """`apply` gets the effects of acknowledgements."""
        self._calls = calls
        self._state = state
        self._outbox = outbox
        self._apply = apply
        self._marks = ReadMarks()
        self._notes = TypingNotes()
        self._tasks = Tasks()
        self._wake = asyncio.Event()
        self._online = False

    def online(self, online: bool) -> None:
        """There is a connection, and the sync is done; or no longer."""
        self._online = online
        self._wake.set()

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def mark_read(self, conversation: str, seq: int) -> None:
        """I have read up to `seq`."""
        self._marks.want(conversation, seq)
        self._wake.set()

    def note_typing(self, conversation: str, *, on: bool) -> None:
        """I am typing, or have stopped."""
        if self._online and self._notes.note(conversation, time.monotonic(), on=on):
            self._tasks.spawn(self._tell_typing(conversation, on=on), "typing")
        self._wake.set()

    def sent(self, conversation: str) -> None:
        """A message was made: typing is over, and it may leave."""
        self._notes.sent(conversation)
        self._wake.set()

    async def run(self) -> None:
        """Send what is due, for ever."""
        while True:
            self._wake.clear()
            now = time.monotonic()
            if self._online:
                self._send_due(now)
            self._apply(self._state.expire(now * 1000))
            await self._sleep(now)

    async def close(self) -> None:
        """End; what was in flight stays in the outbox."""
        await self._tasks.close()

    def _send_due(self, now: float) -> None:
        for pending in self._outbox.due(now):
            self._tasks.spawn(self._send(pending), f"send {pending.draft.client_id}")
        for conversation, seq in self._marks.due(now):
            self._tasks.spawn(self._mark(conversation, seq), f"read {conversation}")
        for conversation in self._notes.due(now):
            self._tasks.spawn(self._tell_typing(conversation, on=False), "typing")

    async def _sleep(self, now: float) -> None:
        expiry = self._state.wake_at()
        times = [expiry / 1000] if expiry is not None else []
        if self._online:
            own = (self._outbox.wake_at(), self._marks.wake_at(), self._notes.wake_at())
            times += [at for at in own if at is not None]
        try:
            async with asyncio.timeout(max(0.0, min(times) - now) if times else None):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _send(self, pending: Pending) -> None:
        box = self._outbox
        try:
            sent = await self._calls.ask(Sent, "message.send", **pending.payload())
        except ChatDisconnected:
            box.unknown(pending, time.monotonic(), lost=True)
        except ChatTimeout:
            box.unknown(pending, time.monotonic(), lost=False)
        except ChatCallError as error:
            box.refused(pending, error, time.monotonic())
        else:
            box.acked(pending, sent)
            self._apply(self._state.on_acked(pending.draft, sent))
        draft = pending.draft
        self._apply([PendingChanged(draft.conversation, draft.client_id, pending.state)])
        self._wake.set()

    async def _mark(self, conversation: str, seq: int) -> None:
        try:
            marked = await self._calls.mark_read(conversation, seq)
        except ChatCallError as error:
            if error.retryable:
                await asyncio.sleep(max(RETRY_MARK_SECONDS, (error.retry_after_ms or 0) / 1000))
                self._marks.again(conversation, seq)
        except ChatTimeout:
            self._marks.again(conversation, seq)
        else:
            self._apply(self._state.on_read_marked(conversation, marked))
        self._wake.set()

    async def _tell_typing(self, conversation: str, *, on: bool) -> None:
        try:
            await self._calls.set_typing(conversation, on=on)
        except (ChatCallError, ChatTimeout):
            return  # nobody misses a late typing note
