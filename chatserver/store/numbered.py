"""What the two logs of a conversation share: documents numbered 1, 2, 3, … in their `_id`.

An `_id` is `{c: conversation, <field>: number}`; MongoDB orders such keys by conversation, then by
number, so a range of numbers is a range of the primary key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chatserver.store.database import Database, Document
from chatserver.store.gather import ANSWER_MAX

Range = tuple[int, int]  # first and last number, both included


class Numbered:
    """A collection that is a log of many conversations."""

    def __init__(self, database: Database, name: str, field: str) -> None:
        """`field` names the number inside the `_id`."""
        self._db = database
        self._name = name
        self._field = field
        self.collection = database.collection(name)

    def key(self, conversation: str, number: int) -> dict[str, Any]:
        """The `_id` of one document."""
        return {"c": conversation, self._field: number}

    def above(self, conversation: str, number: int) -> dict[str, Any]:
        """The query for everything above a number."""
        beyond = {"c": conversation, self._field: {}}  # an object is above every number
        numbers = {"$gt": self.key(conversation, number), "$lt": beyond}
        return {"_id": numbers, **self.within(conversation)}

    def any_of(self, ids: Iterable[tuple[str, int]]) -> dict[str, Any]:
        """The query for documents by conversation and number."""
        wanted = [self.key(conversation, number) for conversation, number in ids]
        return {"_id": {"$in": wanted}, **self.within(*(key["c"] for key in wanted))}

    def within(self, *conversations: str) -> dict[str, Any]:
        """What a sharded MongoDB must be told besides."""
        return self._db.within(self._name, conversations) if conversations else {}

    async def existing(self, ids: Iterable[tuple[str, int]]) -> set[str]:
        """The conversations in which the document of that number exists; reads the index only."""
        found = await self.collection.find(self.any_of(ids), {"_id": 1}).to_list(None)
        return {document["_id"]["c"] for document in found}

    async def ranges(self, ranges: Mapping[str, Range]) -> dict[str, list[Document]]:
        """The documents of several conversations in one query, each ascending.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        choices = [
            {
                "_id": {
                    "$gte": self.key(conversation, first),
                    "$lte": self.key(conversation, last),
                },
                **self.within(conversation),
            }
            for conversation, (first, last) in ranges.items()
            if first <= last
        ]
        if not choices:
            return {}
        async with self._db.answering():
            found = await self.collection.find({"$or": choices}, batch_size=ANSWER_MAX).to_list(
                None
            )
        by_conversation: dict[str, list[Document]] = {}
        for document in sorted(found, key=lambda document: document["_id"][self._field]):
            by_conversation.setdefault(document["_id"]["c"], []).append(document)
        return by_conversation
