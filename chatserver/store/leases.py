"""Work that one node does for all: whoever has the lease does it, until it lapses."""

from __future__ import annotations

from pymongo.errors import DuplicateKeyError

from chatserver.store.database import Database


class Leases:
    """The collection `leases` (`_id`: the work)."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._leases = database.collection("leases")

    async def take(self, work: str, holder: str, now: int, until: int) -> bool:
        """Whether `holder` has the work until a time: it had it before, or nobody has.

        Clocks of nodes differ, so two may have it for a moment: work must bear that.

        Raises:
            Unavailable: no answer in time.
        """
        free = {"$or": [{"holder": holder}, {"until": {"$lte": now}}]}
        try:
            async with self._db.answering():
                await self._leases.update_one(
                    {"_id": work, **free}, {"$set": {"holder": holder, "until": until}}, upsert=True
                )
        except DuplicateKeyError:  # somebody else has it
            return False
        return True
