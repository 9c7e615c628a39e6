"""Going through all conversations for messages that no follower was told of one by one."""

from __future__ import annotations

import secrets

from msgspec import Struct
from pymongo import ReturnDocument

from chatserver.store.database import Database, Document, find_one_and_update

WALKED_AT_ONCE = 500
_STATE = "pushes"  # the document of `marks` that knows how far a walk has come


class Walk(Struct, frozen=True):
    """Messages stored since `since` are looked for, in conversations after `after`."""

    id: str
    since: int
    after: str = ""


class PushWalks:
    """The one walk that may be going on; it outlives whoever does it."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._marks = database.collection("marks")
        self._conversations = database.collection("conversations")

    async def begin(self, since_ms: int) -> None:
        """Begin a walk, from the beginning where one was going on.

        Raises:
            Unavailable: MongoDB does not answer; so do the others.
        """
        walk = {"id": secrets.token_hex(8), "after": ""}
        async with self._db.answering():
            await find_one_and_update(
                self._marks,
                {"_id": _STATE},
                {
                    "$set": {f"walk.{name}": value for name, value in walk.items()},
                    "$min": {"walk.since": since_ms},
                },
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )

    async def going(self) -> Walk | None:
        """The walk that is going on."""
        async with self._db.answering():
            found = await self._marks.find_one({"_id": _STATE})
        return Walk(**found["walk"]) if found and "walk" in found else None

    async def page(self, walk: Walk) -> list[str]:
        """The next conversations of a walk."""
        async with self._db.answering():
            cursor = self._conversations.find({"_id": {"$gt": walk.after}}, {"_id": 1})
            found = await cursor.sort("_id", 1).limit(WALKED_AT_ONCE).to_list(None)
        return [document["_id"] for document in found]

    async def walked(self, walk: Walk, last: str | None) -> None:
        """What came up to this conversation is done; None ends the walk."""
        change: Document = {"$unset": {"walk": ""}} if last is None else {
            "$set": {"walk.after": last}
        }  # fmt: skip
        async with self._db.answering():
            await self._marks.update_one({"_id": _STATE, "walk.id": walk.id}, change)
