"""How far each conversation's two logs have come: always exact, mostly from memory.

The logs are the truth. A node remembers the last numbers it has seen, and each conversation's
document carries them too, written behind the log. Both are hints; because numbers have no holes,
one look whether the next number exists proves a hint right, or leads to the true head. Whoever
finds a document behind its log (its node was killed) mends it on the way.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from time import monotonic

from chatserver.domain.membership import Head
from chatserver.errors import Unavailable
from chatserver.store.changes import Changes
from chatserver.store.cursors import Cursors
from chatserver.store.database import Database, Rise
from chatserver.store.gather import Gather
from chatserver.store.messages import Messages

REMEMBERED = 200_000  # conversations
HEARD_S = 60.0  # far longer than a new primary takes; a database that was set back is believed then
WRITE_BEHIND_S = 0.8  # a head is at most a second behind its log


class Heads:
    """The last `seq` and `mod` of every conversation."""

    def __init__(
        self, database: Database, messages: Messages, changes: Changes, cursors: Cursors
    ) -> None:
        self._db = database
        self._conversations = database.collection("conversations")
        self._messages = messages
        self._changes = changes
        self._cursors = cursors
        self._known: OrderedDict[str, Head] = OrderedDict()
        self._heard: OrderedDict[str, tuple[int, float]] = OrderedDict()  # and until when it counts
        self._dirty: dict[str, Head] = {}
        self._flushing = asyncio.Lock()
        self._gather = Gather(self._load)

    def known(self, conversation: str) -> Head | None:
        """The head as this node remembers it: at least these numbers exist."""
        return self._known.get(conversation)

    async def of(self, conversations: Iterable[str]) -> dict[str, Head]:
        """The exact heads at this moment; an empty conversation has (0, 0).

        Raises:
            Unavailable: MongoDB does not answer, or from before a message that was heard of.
        """
        return await self._gather.get_all(conversations)

    def appended(self, conversation: str, sender: str, seq: int) -> None:
        """A message was stored; sending moves one's own read position."""
        if sender:  # the server's own messages have none
            self._cursors.sent(conversation, sender, seq)
        self._learn(conversation, Head(seq, 0))

    def changed(self, conversation: str, mod: int) -> None:
        """A change was stored."""
        if conversation in self._known:
            self._learn(conversation, Head(0, mod))
        else:  # nothing is known of its messages: a guess would cost reading them all
            self._note(conversation, Head(0, mod))

    def heard(self, conversation: str, seq: int) -> None:
        """Another node told of a message, so it is stored.

        A new primary reads its past until it has confirmed something of its own; for so long a head
        may seem lower than what people here have seen. That is no head to answer with.
        """
        known = max(seq, self._heard_of(conversation))
        self._heard[conversation] = (known, monotonic() + HEARD_S)
        self._heard.move_to_end(conversation)
        if len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)

    def forget(self, conversation: str) -> None:
        """What this node remembered was wrong, or its outcome is unknown."""
        self._known.pop(conversation, None)

    async def run(self) -> None:
        """Write heads behind the logs until cancelled."""
        while True:
            await asyncio.sleep(WRITE_BEHIND_S)
            if self._dirty:
                await self.flush()

    async def flush(self) -> None:
        """Write the heads of this moment; what fails is tried again with the next.

        Senders' own read positions are written first: a head on a document promises that they
        are, so that nobody's own message counts as unread after a crash. One write after the
        other: whoever flushes before stopping also waits for the one under way.
        """
        async with self._flushing:
            dirty, self._dirty = self._dirty, {}
            try:
                await self._cursors.flush()
                async with self._db.answering():
                    await self._db.raise_fields("conversations", map(_rise, dirty.items()))
            except Unavailable:
                self._dirty = {**dirty, **self._dirty}

    def _learn(self, conversation: str, seen: Head) -> Head:
        head = self._remember(conversation, seen)
        self._note(conversation, head)
        return head

    def _note(self, conversation: str, head: Head) -> None:
        self._dirty[conversation] = _later(self._dirty.get(conversation), head)

    def _remember(self, conversation: str, seen: Head) -> Head:
        head = _later(self._known.get(conversation), seen)
        self._known[conversation] = head
        self._known.move_to_end(conversation)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return head

    async def _load(self, conversations: list[str]) -> dict[str, Head]:
        heard = {c: self._heard_of(c) for c in conversations}  # more may come while it is read
        async with self._db.answering():
            hints = await self._hints(conversations)
            longer, changed = await asyncio.gather(
                self._messages.existing((c, hint.seq + 1) for c, hint in hints.items()),
                self._changes.existing((c, hint.mod + 1) for c, hint in hints.items()),
            )
            for conversation in longer | changed:
                hints[conversation] = await self._catch_up(conversation, hints[conversation])
        if any(head.seq < heard[conversation] for conversation, head in hints.items()):
            raise Unavailable
        return hints

    def _heard_of(self, conversation: str) -> int:
        seq, until = self._heard.get(conversation, (0, 0.0))
        return seq if monotonic() < until else 0

    async def _hints(self, conversations: list[str]) -> dict[str, Head]:
        hints = {c: self._known[c] for c in conversations if c in self._known}
        unknown = [c for c in conversations if c not in hints]
        if unknown:
            query = {"_id": {"$in": unknown}}
            for document in await self._conversations.find(query, {"head": 1}).to_list(None):
                head = document.get("head", {})
                hints[document["_id"]] = Head(head.get("seq", 0), head.get("mod", 0))
        # a hint read from a document promises as much as one learned here
        for conversation in unknown:
            self._remember(conversation, hints.setdefault(conversation, Head()))
        return hints

    async def _catch_up(self, conversation: str, hint: Head) -> Head:
        seq = hint.seq
        for seq, sender in await self._messages.senders_above(conversation, hint.seq):
            self.appended(conversation, sender, seq)
        # what was read counts: what is remembered may be forgotten meanwhile
        mod = await self._changes.last(conversation)
        return self._learn(conversation, Head(seq, mod))


def _later(one: Head | None, other: Head) -> Head:
    if one is None or (one.seq <= other.seq and one.mod <= other.mod):
        return other
    return Head(max(one.seq, other.seq), max(one.mod, other.mod))


def _rise(dirty: tuple[str, Head]) -> Rise:
    conversation, head = dirty
    return conversation, {"head.seq": head.seq, "head.mod": head.mod}
