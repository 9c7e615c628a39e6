"""The second log of a conversation: what was done to its messages, numbered 1, 2, 3, …"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, structs

from chatserver.domain.message import Change, Deed, Message, apply
from chatserver.errors import NotFound
from chatserver.store.database import Database, Session
from chatserver.store.messages import Messages
from chatserver.store.numbered import Numbered, Range

Decide = Callable[[Message], Deed | None]


class Applied(Struct, frozen=True):
    """The outcome of a change: its entry, or None where nothing was to change."""

    mod: int
    change: Change | None


class Changes:
    """The collection `changes`; an entry's `_id` is `{c: conversation, m: mod}`."""

    def __init__(self, database: Database, messages: Messages) -> None:
        self._db = database
        self._numbered = Numbered(database, "changes", "m", _from_document)
        self._collection = self._numbered.collection
        self._messages = messages

    async def append(self, conversation: str, seq: int, decide: Decide) -> Applied:
        """Let `decide` say what happens to a message, and store change and outcome together.

        `decide` sees the message as it is and gives the deed, or None where there is nothing to
        change; what it raises ends the transaction with nothing stored.

        Raises:
            NotFound: there is no such message.
            Unavailable: the outcome is unknown; asking again is harmless.
        """

        async def work(session: Session) -> Applied:
            message = await self._messages.fetch(conversation, seq, session)
            if message is None:
                raise NotFound
            deed = decide(message)
            if deed is None:
                return Applied(message.mod, None)
            change = deed.numbered(conversation, await self.last(conversation, session) + 1)
            await self._collection.insert_one(_to_document(change), session=session)
            await self._messages.replace(apply(message, change), session)
            return Applied(change.mod, change)

        applied: Applied = await self._db.transaction(work)
        return applied

    async def last(self, conversation: str, session: Session | None = None) -> int:
        """The last number of the log, 0 where it is empty."""
        newest = await self._collection.find_one(
            self._numbered.above(conversation, 0), {"_id": 1}, sort=[("_id", -1)], session=session
        )
        return newest["_id"]["m"] if newest else 0

    async def existing(self, ids: Iterable[tuple[str, int]]) -> set[str]:
        """The conversations in which the change of that number exists; reads the index only."""
        return await self._numbered.existing(ids)

    async def ranges(self, ranges: Mapping[str, Range]) -> dict[str, tuple[Change, ...]]:
        """Changes of several conversations by first and last number, each ascending."""
        return await self._numbered.ranges(ranges)

    async def complete(self, ranges: Mapping[str, Range]) -> dict[str, tuple[Change, ...]]:
        """The same for numbers that are known to exist: none of them is left out.

        Raises:
            Unavailable: MongoDB does not answer, or does not know some of them yet.
        """
        return await self._numbered.complete(ranges)


def _to_document(change: Change) -> dict[str, Any]:
    fields = {name: value for name, value in structs.asdict(change).items() if value is not None}
    identity = {"c": fields.pop("conversation"), "m": fields.pop("mod")}
    return {"_id": identity, **fields}


def _from_document(document: Mapping[str, Any]) -> Change:
    fields = {name: value for name, value in document.items() if name != "_id"}
    return msgspec.convert(
        {"conversation": document["_id"]["c"], "mod": document["_id"]["m"], **fields}, Change
    )
