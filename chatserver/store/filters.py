"""Word filters of shops and rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from pymongo.errors import DuplicateKeyError

from chatserver.domain.word_filter import WordRule
from chatserver.errors import Busy
from chatserver.store.database import Database, Document
from chatserver.store.revocations import OVERLAP_MS


class KeptFilter(Struct, frozen=True):
    """The rules of one scope, and how often they were changed."""

    rules: tuple[WordRule, ...] = ()
    rev: int = 0


class Filters:
    """The collection `filters`; an `_id` is a scope: `s:<shop>` or `c:<conversation>`.

    `changed_at` is the database's clock, as nodes read on from the latest change they saw.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._filters = database.collection("filters")

    async def get(self, scope: str) -> KeptFilter:
        """The filter of a scope, empty where there is none.

        Raises:
            Unavailable: no answer in time; so do the others.
        """
        async with self._db.answering():
            found = await self._filters.find_one({"_id": {"$eq": scope}})
        return _kept(found) if found else KeptFilter()

    async def save(self, scope: str, before: KeptFilter, rules: tuple[WordRule, ...]) -> KeptFilter:
        """Keep other rules in place of those before.

        Raises:
            Busy: somebody else changed them meanwhile.
        """
        rev = before.rev + 1
        change = {
            "$set": {"rules": msgspec.to_builtins(rules), "rev": rev},
            "$currentDate": {"changed_at": True},
        }
        query = {"_id": {"$eq": scope}, "rev": before.rev}
        async with self._db.answering():
            try:
                done = await self._filters.update_one(query, change, upsert=before.rev == 0)
            except DuplicateKeyError:
                raise Busy(retry_after_ms=100) from None
        if not done.matched_count and done.upserted_id is None:
            raise Busy(retry_after_ms=100)
        return KeptFilter(rules, rev)

    async def changed(self, latest: datetime | None) -> list[tuple[datetime, str, int]]:
        """When which scope came to which `rev`: all, or those changed since shortly before a time.

        Where all rules of a scope are gone its `rev` is given as 0.
        """
        start = {"$subtract": [{"$min": [latest, "$$NOW"]}, OVERLAP_MS]}
        query: dict[str, Any] = (
            {} if latest is None else {"$expr": {"$gte": ["$changed_at", start]}}
        )
        shown = {"rev": 1, "changed_at": 1, "rules.name": 1}
        async with self._db.answering():
            found = await self._filters.find(query, shown).to_list(None)
        return [(row["changed_at"], row["_id"], row["rev"] if row["rules"] else 0) for row in found]


def _kept(document: Document) -> KeptFilter:
    rules = msgspec.convert(document["rules"], tuple[WordRule, ...])
    return KeptFilter(rules, document["rev"])
