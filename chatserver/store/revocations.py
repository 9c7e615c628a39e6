"""Revocations, shared by all nodes.

`revoked_at` is the database's clock, never a node's: nodes read on from the latest one they saw,
and their clocks may differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chatserver.domain.revocation import Revocation
from chatserver.store.database import Database, Document

OVERLAP_MS = 60_000
"""How far behind the latest one reading starts again: a write may become visible late, and after a
change of primary the clock may have gone back."""


class Revocations:
    """The revocations collection: `_id` is `u:<user>` or `t:<user> <token id>`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._revocations = database.collection("revocations")

    async def add(self, revocations: Sequence[Revocation]) -> None:
        """Store them; the same one again, or an older one of the same person, changes nothing.

        Raises:
            Unavailable: not confirmed in time.
        """
        async with self._database.answering():
            await asyncio.gather(*map(self._add, revocations))

    async def since(self, latest: datetime | None, now: int) -> list[tuple[datetime, Revocation]]:
        """Those still valid at `now`, or with `latest` only those stored since shortly before it.

        Each comes with the time it was stored at; the largest is the next `latest`.

        Raises:
            Unavailable: no answer in time.
        """
        valid = {"until": {"$gt": _date(now)}}
        recent = {} if latest is None else {"$expr": {"$gte": ["$revoked_at", _start(latest)]}}
        async with self._database.answering():
            documents = await self._revocations.find({**valid, **recent}).to_list(None)
        return [(document["revoked_at"], _revocation(document)) for document in documents]

    async def _add(self, revocation: Revocation) -> None:
        key = {"_id": {"$eq": _key(revocation)}}
        await self._revocations.update_one(key, _widened(revocation), upsert=True)


def _start(latest: datetime) -> Document:
    """Shortly before `latest`, or before the database's present time should that be earlier."""
    return {"$subtract": [{"$min": [latest, "$$NOW"]}, OVERLAP_MS]}


def _key(revocation: Revocation) -> str:
    if revocation.token_id is None:
        return f"u:{revocation.user}"
    return f"t:{revocation.user} {revocation.token_id}"  # neither can hold a space


def _widened(revocation: Revocation) -> Document:
    largest: dict[str, Any] = {"until": _date(revocation.until)}
    if revocation.issued_by is not None:
        largest["issued_by"] = revocation.issued_by
    same = {"user": revocation.user, "reason": revocation.reason}
    if revocation.token_id is not None:
        same["token_id"] = revocation.token_id
    return {"$set": same, "$max": largest, "$currentDate": {"revoked_at": True}}


def _revocation(document: Document) -> Revocation:
    return Revocation(
        user=document["user"],
        until=int(document["until"].timestamp() * 1000),
        reason=document["reason"],
        token_id=document.get("token_id"),
        issued_by=document.get("issued_by"),
    )


def _date(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
