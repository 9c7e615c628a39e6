"""Who is to be looked at: noted with the change that made it so, and kept until that is done."""

from __future__ import annotations

from msgspec import Struct
from pymongo import ReturnDocument

from chatserver.store.database import Database, find_one_and_update

RULES = "communities"  # the document of `marks` that knows for which rules everybody was due


class Due(Struct, frozen=True):
    """Somebody to be looked at, and until when (ms) whoever took it has."""

    user: str
    until: int


class DuePeople:
    """The field `due` of the collection `users`: since when somebody is to be looked at, in ms."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._users = database.collection("users")
        self._marks = database.collection("marks")

    async def take(self, now_ms: int, lease_ms: int) -> Due | None:
        """Somebody who is due, whom nobody else gets for a while; None where nobody is."""
        until = now_ms + lease_ms
        async with self._db.answering():
            taken = await find_one_and_update(
                self._users,
                {"due": {"$lte": now_ms}},
                {"$set": {"due": until}},
                {"_id": 1},
                sort=[("due", 1)],
                return_document=ReturnDocument.AFTER,
            )
        return Due(taken["_id"], until) if taken else None

    async def done(self, due: Due) -> None:
        """The person was looked at; one who changed meanwhile stays due."""
        async with self._db.answering():
            await self._users.update_one(
                {"_id": due.user, "due": due.until}, {"$unset": {"due": ""}}
            )

    async def everybody_for(self, rules: bytes, now_ms: int) -> None:
        """Make everybody due, once for these rules."""
        async with self._db.answering():
            mark = await self._marks.find_one({"_id": RULES})
            if mark is not None and mark["rules"] == rules:
                return
            await self._users.update_many({}, {"$set": {"due": now_ms}})
            await self._marks.update_one({"_id": RULES}, {"$set": {"rules": rules}}, upsert=True)
