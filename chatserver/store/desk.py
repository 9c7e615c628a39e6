"""What lies on the desks of shops, in the order in which it is looked through."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING

from chatserver.domain.conversation import Conversation
from chatserver.errors import NotFound
from chatserver.store.conversations import from_document
from chatserver.store.database import Database, Document, Rise
from chatserver.store.gather import ANSWER_MAX, BEHIND_S, Batches

_SINCE = "room.service.since"
_SPOKEN = "spoken_at"
_ASKED: Document = {_SINCE: {"$gt": 0}}


class Desks:
    """The collection `conversations`, as far as customers asked shops something.

    When somebody last spoke is written behind the log, so lists in that order may be a moment late.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._collection = database.collection("conversations")
        self._spoken = Batches("desks written", self._raise, pause_s=BEHIND_S)

    def spoke(self, conversation: str, at_ms: int) -> None:
        """Somebody said something; nobody need wait for this."""
        self._spoken.put((conversation, {_SPOKEN: at_ms}))

    async def waiting(self, shop: str, after: str | None, limit: int) -> list[Conversation]:
        """Those of a shop that wait for somebody, the one that waits longest first.

        Raises:
            NotFound: `after` is not among them; so do the others.
            Unavailable: no answer in time; so do the others.
        """
        query = {
            **_ASKED,
            "room.shop": {"$eq": shop},
            "room.service.status": "open",
            "room.service.assignee": None,
        }
        return await self._page(query, (_SINCE, ASCENDING), after, limit)

    async def served_by(self, user: str, after: str | None, limit: int) -> list[Conversation]:
        """Those that somebody serves, the one with the latest message first."""
        return await self._page(_served_by(user), (_SPOKEN, DESCENDING), after, limit)

    async def all_served_by(self, user: str) -> list[Conversation]:
        """The same, all of them in any order."""
        async with self._db.answering():
            found = await self._collection.find(_served_by(user), batch_size=ANSWER_MAX).to_list(
                None
            )
        return [from_document(document) for document in found]

    async def of_shop(self, shop: str, after: str | None, limit: int) -> list[Conversation]:
        """All of a shop, the one with the latest message first."""
        query = {**_ASKED, "room.shop": {"$eq": shop}}
        return await self._page(query, (_SPOKEN, DESCENDING), after, limit)

    async def _page(
        self, query: Document, by: tuple[str, int], after: str | None, limit: int
    ) -> list[Conversation]:
        async with self._db.answering():
            if after is not None:
                query = {"$and": [query, await self._beyond(query, by, after)]}
            order = [by, ("_id", ASCENDING)]
            found = await self._collection.find(query).sort(order).limit(limit).to_list(None)
        return [from_document(document) for document in found]

    async def _beyond(self, query: Document, by: tuple[str, int], after: str) -> Document:
        """What comes behind one of the list; those without the field are the last."""
        field, direction = by
        anchor = await self._collection.find_one({"_id": {"$eq": after}, **query})
        if anchor is None:
            raise NotFound
        value = _at(anchor, field)
        same = {field: value, "_id": {"$gt": after}}
        if value is None:
            return same
        later = {"$gt": value} if direction == ASCENDING else {"$not": {"$gte": value}}
        return {"$or": [{field: later}, same]}

    async def _raise(self, rises: list[Rise]) -> Sequence[None]:
        async with self._db.answering():
            await self._db.raise_fields("conversations", rises)
        return [None] * len(rises)


def _served_by(user: str) -> Document:
    # the type is said for the index, in which nobody but assignees is
    return {"room.service.assignee": {"$eq": user, "$type": "string"}}


def _at(document: Document, path: str) -> int | None:
    value: Document | int | None = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int) else None
