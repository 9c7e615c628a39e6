"""What is being uploaded, and the pieces of it that came so far.

A piece is stored first and counts once the upload lists it. The upload lists it only where it
stands at the piece's beginning, so of two requests that continue one upload only one gets on.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct, structs
from pymongo import ReturnDocument

from chatserver.domain.media import Claims, Upload
from chatserver.errors import Conflict, NotFound
from chatserver.store.database import Database, Document, find_one_and_update

PIECE_BYTES = 4 * 2**20
PIECES_MAX = 1000


class Unfinished(Struct, frozen=True):
    """The uploads that somebody has begun and not finished."""

    count: int
    length: int


class Uploads:
    """The collections `uploads` (`_id`: its id) and `pieces` (`_id`: `{u: upload, p: piece}`)."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._uploads = database.collection("uploads")
        self._pieces = database.collection("pieces")

    async def begin(self, upload: Upload) -> None:
        """Keep a new one.

        Raises:
            Unavailable: no answer in time; so do the others.
        """
        fields = {k: v for k, v in structs.asdict(upload).items() if k not in ("id", "claims")}
        document = {"_id": upload.id, **fields, "claims": msgspec.to_builtins(upload.claims)}
        async with self._db.answering():
            await self._uploads.insert_one(document)

    async def get(self, id_: str, owner: str, now: int) -> Upload:
        """Somebody's upload.

        Raises:
            NotFound: there is none, or it is another person's, or its time is over.
        """
        query = {"_id": {"$eq": id_}, "owner": {"$eq": owner}, "expires_at": {"$gt": now}}
        async with self._db.answering():
            found = await self._uploads.find_one(query)
        if found is None:
            raise NotFound
        return _upload(found)

    async def unfinished(self, owner: str, now: int) -> Unfinished:
        """How much somebody has begun and not finished."""
        query = {"owner": {"$eq": owner}, "expires_at": {"$gt": now}, "media": None}
        async with self._db.answering():
            found = await self._uploads.find(query, {"length": 1}).to_list(None)
        return Unfinished(len(found), sum(each["length"] for each in found))

    async def keep(self, upload: Upload, data: bytes, expires_at: int) -> Upload:
        """Add a piece at the end of what there is, `PIECE_BYTES` long at most.

        Raises:
            Conflict: the upload has gone on meanwhile, or came in too many pieces.
            NotFound: it is gone.
        """
        if len(upload.pieces) >= PIECES_MAX:
            raise Conflict("The upload came in too many small pieces; begin it again")
        piece = secrets.token_urlsafe(9)
        async with self._db.answering():
            await self._pieces.insert_one({"_id": {"u": upload.id, "p": piece}, "data": data})
        return await self._move(
            upload,
            {
                "$inc": {"offset": len(data)},
                "$push": {"pieces": [piece, len(data)]},
                "$set": {"expires_at": expires_at},
            },
        )

    async def read(self, upload: Upload) -> AsyncIterator[bytes]:
        """The pieces so far, one after the other.

        Raises:
            NotFound: they are gone.
        """
        for piece, _ in upload.pieces:
            async with self._db.answering():
                found = await self._pieces.find_one({"_id": {"u": upload.id, "p": piece}})
            if found is None:
                raise NotFound
            yield bytes(found["data"])

    async def attempt(self, upload: Upload, media: str, expires_at: int) -> None:
        """Note under which id a medium is about to be made of it, so that none is left behind.

        Raises:
            Conflict: the upload has gone on meanwhile.
            NotFound: it is gone.
        """
        change = {"$push": {"attempts": media}, "$set": {"expires_at": expires_at}}
        await self._move(upload, change)

    async def finish(self, upload: Upload, media: str) -> None:
        """It has become this medium; its pieces are forgotten.

        Raises:
            Conflict: another request finished it.
            NotFound: it is gone.
        """
        done = {"offset": upload.length, "media": media, "pieces": []}
        await self._move(upload, {"$set": done})
        await self._forget_pieces(upload.id)

    async def remove(self, id_: str) -> None:
        """Forget an upload and its pieces; harmless when there is none."""
        await self._forget_pieces(id_)
        async with self._db.answering():
            await self._uploads.delete_one({"_id": {"$eq": id_}})

    async def expired(self, now: int, limit: int) -> list[tuple[str, tuple[str, ...]]]:
        """Uploads whose time is over, each with the ids under which media were begun of it."""
        query = {"expires_at": {"$lte": now}}
        async with self._db.answering():
            found = await self._uploads.find(query, {"attempts": 1}).limit(limit).to_list(None)
        return [(each["_id"], tuple(each.get("attempts", ()))) for each in found]

    async def _move(self, upload: Upload, change: Document) -> Upload:
        here = {"_id": {"$eq": upload.id}, "offset": upload.offset, "media": None}
        async with self._db.answering():
            found = await find_one_and_update(
                self._uploads, here, change, return_document=ReturnDocument.AFTER
            )
            if found is not None:
                return _upload(found)
            if await self._uploads.find_one({"_id": {"$eq": upload.id}}, {"_id": 1}) is None:
                raise NotFound
        raise Conflict("Another request has continued this upload; ask for its offset")

    async def _forget_pieces(self, id_: str) -> None:
        async with self._db.answering():
            await self._pieces.delete_many({"_id.u": {"$eq": id_}})


def _upload(document: Document) -> Upload:
    fields: dict[str, Any] = {
        "id": document["_id"],
        "pieces": tuple((piece, size) for piece, size in document["pieces"]),
        "claims": msgspec.convert(document["claims"], Claims),
    }
    known = ("owner", "kind", "length", "expires_at", "name", "offset", "media")
    return Upload(**fields, **{name: document[name] for name in known})
