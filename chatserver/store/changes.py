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

Decide = Callable[[Message], Deed | None]


class Applied(Struct, frozen=True):
    """The outcome of a change: its entry, or None where nothing was to change."""

    mod: int
    change: Change | None


class Changes:
    """The collection `changes`; an entry's `_id` is `{c: conversation, m: mod}`."""

    def __init__(self, database: Database, messages: Messages) -> None:
        self._db = database
        self._collection = database.collection("changes")
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
        query = {"_id": {"$gt": _id(conversation, 0), "$lt": _id(conversation, None)}}
        newest = await self._collection.find_one(
            query, {"_id": 1}, sort=[("_id", -1)], session=session
        )
        return newest["_id"]["m"] if newest else 0

    async def existing(self, ids: Iterable[tuple[str, int]]) -> set[str]:
        """The conversations in which the change of that number exists; reads the index only."""
        wanted = [{"c": conversation, "m": mod} for conversation, mod in ids]
        found = await self._collection.find({"_id": {"$in": wanted}}, {"_id": 1}).to_list(None)
        return {document["_id"]["c"] for document in found}

    async def ranges(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, tuple[Change, ...]]:
        """Changes of several conversations by first and last number, each ascending."""
        choices = [
            {"_id": {"$gte": _id(conversation, first), "$lte": _id(conversation, last)}}
            for conversation, (first, last) in ranges.items()
            if first <= last
        ]
        if not choices:
            return {}
        async with self._db.answering():
            found = await self._collection.find({"$or": choices}).to_list(None)
        by_conversation: dict[str, list[Change]] = {}
        for document in found:
            change = _from_document(document)
            by_conversation.setdefault(change.conversation, []).append(change)
        return {
            conversation: tuple(sorted(changes, key=lambda change: change.mod))
            for conversation, changes in by_conversation.items()
        }


def _to_document(change: Change) -> dict[str, Any]:
    fields = {name: value for name, value in structs.asdict(change).items() if value is not None}
    identity = _id(fields.pop("conversation"), fields.pop("mod"))
    return {"_id": identity, **fields}


def _from_document(document: Mapping[str, Any]) -> Change:
    fields = {name: value for name, value in document.items() if name != "_id"}
    return msgspec.convert(
        {"conversation": document["_id"]["c"], "mod": document["_id"]["m"], **fields}, Change
    )


def _id(conversation: str, mod: int | None) -> dict[str, Any]:
    return {"c": conversation, "m": {} if mod is None else mod}
