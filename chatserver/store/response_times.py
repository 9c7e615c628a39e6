"""How long customers of each shop waited for their latest answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from chatserver.domain.answers import KEPT, Answer
from chatserver.store.database import Database, Document


class ResponseTimes:
    """The collection `response_times`: one document for each shop."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._collection = database.collection("response_times")

    async def add(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Keep answers by shop; one that is kept already, whoever saw it, changes nothing.

        Raises:
            Unavailable: not confirmed; adding them again is harmless.
        """
        async with self._db.answering():
            await self._db.update_each("response_times", [_adding(*each) for each in answers])

    async def of(self, shops: Sequence[str]) -> dict[str, tuple[Answer, ...]]:
        """The latest answers of these shops; of a shop without any there is no entry.

        Raises:
            Unavailable: no answer in time.
        """
        async with self._db.answering():
            found = await self._collection.find({"_id": {"$in": list(shops)}}).to_list(None)
        return {
            document["_id"]: msgspec.convert(document["answers"], tuple[Answer, ...])
            for document in found
        }


def _adding(shop: str, answer: Answer) -> Document:
    """An update pipeline: what comes from outside stands in `$literal`, never read as a path."""
    known = {"$ifNull": ["$answers", []]}
    new = {"$literal": msgspec.to_builtins(answer)}
    longer = {"$slice": [{"$concatArrays": [known, [new]]}, -KEPT]}
    is_known = {"$in": [{"$literal": answer.question}, {"$ifNull": ["$answers.question", []]}]}
    return {
        "q": {"_id": {"$eq": shop}},
        "u": [{"$set": {"answers": {"$cond": [is_known, "$answers", longer]}}}],
        "upsert": True,
    }
