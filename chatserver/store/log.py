"""The message log: every append gets the next number of its conversation, or an error.

*Optimistic contiguous append.* A message's number is part of its `_id`. Only a node that knows that
number n is stored tries n + 1; where another node was faster MongoDB refuses, the node looks again
and tries a higher one. So numbers have no holes, and MongoDB alone decides the order.

*Group commit.* While one batch is being written new messages gather; the next batch takes them.
Two batches may be in flight, never two for one conversation. A conversation with several messages
in a batch is written in order up to the first failure, so that no message overtakes an earlier one
and no number is left open; therefore the log never needs to fill a hole.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from chatserver import metrics
from chatserver.domain.message import Draft
from chatserver.domain.waiting import WaitingRoom
from chatserver.errors import Busy, ChatError, Conflict, Internal, Unavailable
from chatserver.store.database import Database
from chatserver.store.gather import Gather
from chatserver.store.heads import Heads
from chatserver.store.messages import Failures, Key, Messages, Original, to_document
from chatserver.tasks import Tasks

FLIGHTS = 2  # batches being written at once
RECENT = 50_000  # client ids remembered, so that most retries cost no look-up
ATTEMPTS = 100  # numbers one message may lose to other nodes


class Stored(Struct, frozen=True):
    """A message is stored under this number; `duplicate` when it already was.

    `found` when MongoDB had it and this node did not know: whoever stored it may not have lived
    to tell of it. `body` is what is stored where that is not what the device sent.
    """

    seq: int
    at: int
    duplicate: bool = False
    found: bool = False
    body: dict[str, Any] | None = None


OnStored = Callable[[Stored], None]


class _Entry:
    """A message on its way into the log; `on_stored` is told when it is there."""

    __slots__ = ("at", "attempts", "digest", "draft", "key", "on_stored", "since", "waiting")

    def __init__(self, draft: Draft, at: int, digest: bytes, on_stored: OnStored) -> None:
        self.draft = draft
        self.key = draft.key
        self.at = at
        self.digest = digest
        self.on_stored = on_stored
        self.attempts = 0
        self.since = time.perf_counter()
        self.waiting: list[asyncio.Future[Stored]] = []

    def wait(self) -> asyncio.Future[Stored]:
        """A caller's own future of the outcome: a caller that leaves takes it from nobody else."""
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        return future

    def end(self, outcome: Stored | ChatError) -> None:
        """Tell everybody who still waits."""
        for future in self.waiting:
            if future.done():
                continue
            if isinstance(outcome, Stored):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)


_Batch = dict[str, deque[_Entry]]


class Log:
    """Appends messages to conversations; one for each process."""

    def __init__(
        self,
        database: Database,
        messages: Messages,
        heads: Heads,
        tasks: Tasks,
        *,
        places: WaitingRoom,
        batch_max: int,
    ) -> None:
        """`places` bounds the messages that wait; at most `batch_max` are written at once."""
        self._db = database
        self._messages = messages
        self._heads = heads
        self._tasks = tasks
        self._places = places
        self._batch_max = batch_max
        self._queues: _Batch = {}
        self._flying: set[str] = set()
        self._flights = 0
        self._pending: dict[Key, _Entry] = {}
        self._recent: OrderedDict[Key, Original] = OrderedDict()
        self._originals = Gather(self._find_originals)

    @property
    def waiting(self) -> int:
        """How many messages have no outcome yet."""
        return len(self._pending)

    async def append(
        self,
        draft: Draft,
        at: int,
        *,
        is_chatter: bool = False,
        on_stored: OnStored = lambda _stored: None,
    ) -> Stored:
        """Store a message and give its number; `at` is its time in ms.

        `on_stored` is told as soon as this call's message has a number, also when the caller has
        given up waiting by then; not for a duplicate.

        Safe to call again with the same draft, on any node and for ever: the first one's number
        comes back with `duplicate`. What `is_chatter` is refused sooner than the rest.

        Raises:
            Conflict: the client id belongs to another message.
            Busy: too many messages wait; nothing was stored.
            Unavailable: MongoDB did not confirm; the message may or may not be stored.
        """
        entry = _Entry(draft, at, draft.digest(), on_stored)
        known = self._recent.get(entry.key)
        if known is not None:
            return _as_duplicate(known, entry.digest)
        pending = self._pending.get(entry.key)
        if pending is not None:
            return await self._join(pending, entry.digest)
        self._enqueue(entry, is_chatter=is_chatter)
        return await entry.wait()

    async def known(self, key: Key, digest: bytes | None = None) -> Stored | None:
        """What became of a message that may have been stored before; None where it was not.

        Raises:
            Conflict: `digest` is given and is that of another message.
            Unavailable: MongoDB does not answer.
        """
        original = self._recent.get(key)
        if original is not None:
            return _as_duplicate(original, digest or original.digest)
        original = await self._originals.get(key)
        if original is None:
            return None
        return _as_duplicate(original, digest or original.digest, found=True)

    async def drain(self) -> None:
        """Wait until every message that was taken in has its outcome."""
        while self._pending:
            waiting = [entry.wait() for entry in self._pending.values()]
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _find_originals(self, keys: list[Key]) -> dict[Key, Original]:
        async with self._db.answering():
            return await self._messages.originals(keys)

    async def _join(self, entry: _Entry, digest: bytes) -> Stored:
        if entry.digest != digest:
            raise Conflict
        stored = await entry.wait()
        return Stored(stored.seq, stored.at, duplicate=True)

    def _enqueue(self, entry: _Entry, *, is_chatter: bool) -> None:
        wait_ms = self._places.enter(len(self._pending), is_chatter=is_chatter)
        if wait_ms:
            if is_chatter:
                metrics.spared.labels("message").inc()
            raise Busy(retry_after_ms=wait_ms)
        self._pending[entry.key] = entry
        self._queues.setdefault(entry.draft.conversation, deque()).append(entry)
        if entry.draft.conversation not in self._flying:  # else the flight that lands sees to it
            self._take_off()

    def _take_off(self) -> None:
        if self._flights < FLIGHTS:
            self._flights += 1
            self._tasks.spawn("append", self._fly())

    async def _fly(self) -> None:
        # the batch is taken here and not before, so that all messages of this tick are in it
        batch = self._take()
        self._flying.update(batch)
        try:
            if batch:
                await self._write(batch)
        finally:
            self._flying.difference_update(batch)
            self._flights -= 1
            if any(c not in self._flying for c in self._queues):
                self._take_off()

    def _take(self) -> _Batch:
        batch: _Batch = {}
        room = self._batch_max
        for conversation in [c for c in self._queues if c not in self._flying]:
            queue = self._queues[conversation]
            if len(queue) <= room:
                batch[conversation] = self._queues.pop(conversation)
            else:
                batch[conversation] = deque(queue.popleft() for _ in range(room))
            room -= len(batch[conversation])
            if room == 0:
                break
        return batch

    async def _write(self, batch: _Batch) -> None:
        try:
            async with self._db.answering():
                await self._number_and_insert(batch)
        except Unavailable:
            self._give_up(batch)
        except Exception:
            # a defect: those who wait hear of it, and the process stops
            self._fail(_entries(batch), Internal())
            raise
        self._put_back(batch)

    async def _number_and_insert(self, batch: _Batch) -> None:
        unknown = [c for c, queue in batch.items() if queue and self._heads.known(c) is None]
        if unknown:
            await self._heads.of(unknown)
        singles = [queue[0] for queue in batch.values() if len(queue) == 1]
        chains = [entry for queue in batch.values() if len(queue) > 1 for entry in queue]
        metrics.append_batch.observe(len(singles) + len(chains))
        metrics.append_waiting.set(len(self._pending))
        outcomes = await asyncio.gather(
            self._insert(batch, singles, ordered=False),
            self._insert(batch, chains, ordered=True),
            return_exceptions=True,  # both end before the batch is given up
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _insert(self, batch: _Batch, entries: list[_Entry], *, ordered: bool) -> None:
        if not entries:
            return
        seqs = self._next_numbers(entries)
        documents = [
            to_document(entry.draft, seq, entry.at, entry.digest)
            for entry, seq in zip(entries, seqs, strict=True)
        ]
        failures = await self._messages.insert(documents, ordered=ordered)
        self._settle(batch, entries, seqs, failures)
        stored_before = [entries[index] for index in failures.already_stored]
        if stored_before:
            originals = await self._messages.originals(entry.key for entry in stored_before)
            self._answer_from(originals, stored_before, batch)

    def _next_numbers(self, entries: list[_Entry]) -> list[int]:
        seqs: list[int] = []
        last: dict[str, int] = {}
        for entry in entries:
            conversation = entry.draft.conversation
            if conversation not in last:
                head = self._heads.known(conversation)
                last[conversation] = head.seq if head else 0
            last[conversation] += 1
            seqs.append(last[conversation])
        return seqs

    def _settle(
        self, batch: _Batch, entries: list[_Entry], seqs: list[int], failures: Failures
    ) -> None:
        failed = failures.number_taken | failures.already_stored | failures.refused
        metrics.appended.inc(failures.attempted - len(failed))
        metrics.append_seconds.observe(time.perf_counter() - entries[0].since)
        for index in range(failures.attempted):
            entry, seq = entries[index], seqs[index]
            if index not in failed:
                self._stored(entry, seq, batch)
            elif index in failures.number_taken:
                self._lost_number(entry, batch)
            elif index in failures.refused:
                self._end(entry, batch, Internal("The store refused this message"))

    def _stored(self, entry: _Entry, seq: int, batch: _Batch) -> None:
        draft = entry.draft
        self._heads.appended(draft.conversation, draft.sender, seq)
        self._remember(entry.key, Original(seq, entry.at, entry.digest))
        stored = Stored(seq, entry.at)
        entry.on_stored(stored)
        self._end(entry, batch, stored)

    def _lost_number(self, entry: _Entry, batch: _Batch) -> None:
        metrics.append_retries.inc()
        self._heads.forget(entry.draft.conversation)
        entry.attempts += 1
        if entry.attempts >= ATTEMPTS:
            self._end(entry, batch, Busy(retry_after_ms=1000))

    def _answer_from(
        self, originals: dict[Key, Original], entries: Iterable[_Entry], batch: _Batch
    ) -> None:
        for entry in entries:
            original = originals.get(entry.key)
            if original is None:
                continue
            try:
                self._end(entry, batch, _as_duplicate(original, entry.digest, found=True))
            except Conflict as conflict:
                self._end(entry, batch, conflict)

    def _end(self, entry: _Entry, batch: _Batch, outcome: Stored | ChatError) -> None:
        batch[entry.draft.conversation].remove(entry)
        del self._pending[entry.key]
        entry.end(outcome)

    def _give_up(self, batch: _Batch) -> None:
        """MongoDB is away: whoever waits behind this batch would only wait longer."""
        for conversation, queue in batch.items():
            self._heads.forget(conversation)
            self._fail(queue, Unavailable())
            queue.clear()
        for queue in self._queues.values():
            self._fail(queue, Unavailable())
        self._queues.clear()

    def _fail(self, entries: Iterable[_Entry], error: ChatError) -> None:
        for entry in entries:
            self._pending.pop(entry.key, None)
            entry.end(error)

    def _put_back(self, batch: _Batch) -> None:
        """What has no outcome yet goes first in the next batch, in its order."""
        for conversation, queue in batch.items():
            if queue:
                queue.extend(self._queues.pop(conversation, ()))
                self._queues[conversation] = queue

    def _remember(self, key: Key, original: Original) -> None:
        self._recent[key] = original
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)


def _entries(batch: _Batch) -> list[_Entry]:
    return [entry for queue in batch.values() for entry in queue]


def _as_duplicate(original: Original, digest: bytes, *, found: bool = False) -> Stored:
    if original.digest != digest:
        raise Conflict
    return Stored(original.seq, original.at, duplicate=True, found=found)
