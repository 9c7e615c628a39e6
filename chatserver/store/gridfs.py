"""Blobs in MongoDB itself, in GridFS: nothing to set up, and backups hold all of it.

Written by the driver's own GridFS; read by its format, so that both drivers read in one way and
fetch a range without what is before it.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress

from gridfs.errors import CorruptGridFile, NoFile

from chatserver.errors import ChatError, NotFound, Unavailable
from chatserver.store.database import Database

BUCKET = "media"
CHUNK_BYTES = 261_120  # the format's usual one
CHUNKS_AT_ONCE = 4  # fetched in one answer


class GridFSBlobs:
    """The collections `media.files` and `media.chunks`; see `providers.blobs.Blobs`."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._bucket = database.bucket(BUCKET, CHUNK_BYTES)
        self._files = database.collection(f"{BUCKET}.files")
        self._chunks = database.lookups(f"{BUCKET}.chunks")

    async def put(self, key: str, content: AsyncIterable[bytes]) -> None:
        """Keep what comes; the entry that makes it a file is written last.

        Raises:
            Unavailable: it is not kept. What `content` raises comes through.
        """
        writing = self._bucket.open_upload_stream_with_id(key, key)
        try:
            async for part in content:
                async with self._answering():
                    await writing.write(part)
            async with self._answering():
                await writing.close()
        except BaseException:
            with suppress(ChatError):
                async with self._answering():
                    await writing.abort()
            raise

    async def read(self, key: str, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `first` to `last`, both included, or to the end.

        Raises:
            NotFound: there is no such blob.
            Unavailable: MongoDB does not answer.
        """
        size = await self.size(key)
        if size is None:
            raise NotFound
        last = size - 1 if last is None else min(last, size - 1)
        position = first
        while position <= last:
            for chunk in await self._fetch(key, position // CHUNK_BYTES):
                begin = position % CHUNK_BYTES
                part = chunk[begin : begin + last + 1 - position]
                if not part:
                    return
                position += len(part)
                yield part

    async def size(self, key: str) -> int | None:
        """How many bytes there are; None where there is no such blob.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        async with self._db.answering():
            found = await self._files.find_one({"_id": {"$eq": key}}, {"length": 1})
        return int(found["length"]) if found else None

    async def delete(self, key: str) -> None:
        """Keep it no longer, nor what is left of one that was cut off; harmless when there is none.

        Raises:
            Unavailable: it may still be there; do it again.
        """
        with suppress(NoFile):
            async with self._answering():
                await self._bucket.delete(key)

    async def _fetch(self, key: str, number: int) -> list[bytes]:
        wanted = {"$gte": number, "$lt": number + CHUNKS_AT_ONCE}
        query = {"files_id": {"$eq": key}, "n": wanted}
        async with self._db.answering():
            found = await self._chunks.find(query, {"data": 1}).sort("n", 1).to_list(None)
        if not found:
            raise NotFound  # deleted meanwhile
        return [bytes(each["data"]) for each in found]

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """As `Database.answering`, for what GridFS raises besides."""
        async with self._db.answering():
            try:
                yield
            except CorruptGridFile as error:
                raise Unavailable from error
