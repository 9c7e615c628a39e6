"""What a shop knows of its customers beside their profiles: tags, and what they look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from chatserver.domain.customer import CONTEXT_KEPT_MS, Context
from chatserver.store.database import Database


class Customers:
    """The collections `customers` and `contexts`; the `_id` of both is `{s: shop, u: person}`."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._customers = database.collection("customers")
        self._contexts = database.collection("contexts")

    async def tags(self, shop: str, user: str) -> tuple[str, ...]:
        """How the staff of a shop tagged somebody.

        Raises:
            Unavailable: no answer in time; so do the others.
        """
        async with self._db.answering():
            found = await self._customers.find_one({"_id": {"s": shop, "u": user}})
        return tuple(found["tags"]) if found else ()

    async def set_tags(self, shop: str, user: str, tags: Sequence[str]) -> None:
        """Replace somebody's tags."""
        place = {"s": shop, "u": user}
        async with self._db.answering():
            await self._customers.update_one(
                {"_id": place}, {"$set": {"tags": list(tags)}}, upsert=True
            )

    async def context(self, shop: str, user: str, now_ms: int) -> Context | None:
        """What somebody looked at last; None where that was more than a day ago."""
        async with self._db.answering():
            found = await self._contexts.find_one({"_id": {"s": shop, "u": user}})
        if found is None or found["context"]["at"] <= now_ms - CONTEXT_KEPT_MS:
            return None
        return msgspec.convert(found["context"], Context)

    async def set_context(self, shop: str, user: str, context: Context) -> None:
        """Keep what somebody looks at instead of what they looked at before."""
        until = datetime.fromtimestamp((context.at + CONTEXT_KEPT_MS) / 1000, UTC)
        fields = {"context": msgspec.to_builtins(context), "until": until}
        async with self._db.answering():
            await self._contexts.update_one(
                {"_id": {"s": shop, "u": user}}, {"$set": fields}, upsert=True
            )
