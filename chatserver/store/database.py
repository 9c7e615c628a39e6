"""The one place that knows the MongoDB driver.

Motor and PyMongo's own asyncio client share their interface but for a few calls that one awaits
and the other does not; those differences end here.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

from bson import encode
from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from bson.int64 import Int64
from bson.raw_bson import RawBSONDocument
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    DuplicateKeyError,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chatserver.config import SettingsError
from chatserver.errors import Busy, Unavailable
from chatserver.store import sharding
from chatserver.store.indexes import INDEXES

Document = Mapping[str, Any]
Collection = Any  # Motor and PyMongo have no common base class
Session = Any
Driver = Literal["motor", "pymongo"]
Rise = tuple[Any, Mapping[str, int]]  # an _id, and how far each field rises

TRANSACTION_ATTEMPTS = 10
PREPARE_TIMEOUT_S = 300.0  # a new index on a large collection
RAISED_AT_ONCE = 1000  # documents in one command


class _PlainInt(TypeDecoder):
    """The driver gives 64-bit integers a type of its own, which nobody above knows."""

    bson_type = Int64

    def transform_bson(self, value: Any) -> int:
        return int(value)


async def find_one_and_update(collection: Collection, *given: Any, **options: Any) -> Any:
    """The driver's method of this name.

    Raises:
        ConnectionFailure: no majority has confirmed it; it may have happened.
    """
    try:
        return await collection.find_one_and_update(*given, **options)
    except AttributeError as error:
        # PyMongo labels errors by `update`, which the raw document in this answer does not have
        raise AutoReconnect("the update was not confirmed") from error


def fixed(document: Document) -> Document:
    """A document that is part of many commands and never changes, encoded once for all."""
    return RawBSONDocument(encode(document))


class Database:
    """One MongoDB database; every write is confirmed by a majority and journaled."""

    def __init__(
        self,
        url: str,
        name: str,
        *,
        driver: Driver = "motor",
        pool: int = 20,
        timeout_ms: int = 4000,
    ) -> None:
        """`timeout_ms` bounds how long one operation may wait for a server or its answer.

        Raises:
            SettingsError: `url` is not one of MongoDB.
        """
        self._motor = driver == "motor"
        self._timeout = timeout_ms / 1000
        # stated, because a replica set with an arbiter defaults to w:1 and loses writes
        self._write_concern = WriteConcern(w="majority", j=True, wtimeout=timeout_ms)
        try:
            self._client = _client_class(driver)(
                url,
                maxPoolSize=pool,
                serverSelectionTimeoutMS=min(3000, timeout_ms),
                connectTimeoutMS=min(2000, timeout_ms),
                socketTimeoutMS=timeout_ms,
                retryWrites=True,
                appname="chatserver",
            )
        except (PyMongoError, ValueError) as error:
            raise SettingsError(f"CHAT_MONGO_URL cannot be used: {error}") from error
        self._db = self._client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True, type_registry=TypeRegistry([_PlainInt()])),
            write_concern=self._write_concern,
            read_concern=ReadConcern("majority"),
        )
        self.sharded = False  # until `prepare` has found a mongos

    def collection(self, name: str) -> Collection:
        """A collection by name; to be used inside `store/` only."""
        return self._db[name]

    def lookups(self, name: str) -> Collection:
        """The same for queries whose numbers stay in `store/`.

        They keep the driver's type for 64-bit integers, and reading a document costs half.
        """
        return self._db[name].with_options(codec_options=CodecOptions(tz_aware=True))

    def bucket(self, name: str, chunk_bytes: int) -> Any:
        """A GridFS bucket; to be used inside `store/` only."""
        if self._motor:
            from motor.motor_asyncio import AsyncIOMotorGridFSBucket

            return AsyncIOMotorGridFSBucket(self._db, name, chunk_bytes)
        from gridfs.asynchronous import AsyncGridFSBucket

        return AsyncGridFSBucket(self._db, name, chunk_bytes)

    async def prepare(self) -> None:
        """Make the indexes, and behind mongos shard the collections; harmless when all is there.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        deadline = time.monotonic() + PREPARE_TIMEOUT_S
        async with self.answering():
            self.sharded = sharding.is_router(await self._client.admin.command("hello"))
        steps = [partial(self._db[name].create_indexes, each) for name, each in INDEXES.items()]
        if self.sharded:
            steps.insert(0, partial(sharding.shard, self._client, self._db.name))
        for step in steps:
            while not await self._done(step) and time.monotonic() < deadline:
                await self.ping()  # away, or only busy with it

    async def unsharded(self) -> list[str]:
        """Collections that lie on one shard and should not; none on a replica set.

        Raises:
            Unavailable: MongoDB does not answer, or does not tell.
        """
        async with self.answering():
            if not sharding.is_router(await self._client.admin.command("hello")):
                return []
            return await sharding.unsharded(self._client, self._db.name)

    def within(self, collection: str, values: Iterable[str]) -> dict[str, Any]:
        """What a query must say besides, behind mongos: which shard keys it is about.

        That is for conditions that do not name them, and for an `_id` that is no single one.
        """
        return sharding.among(sharding.SHARD_KEYS[collection], values) if self.sharded else {}

    async def _done(self, step: Callable[[], Awaitable[Any]]) -> bool:
        """Whether a step that may take long is done; begun again it goes on."""
        try:
            async with self.answering():
                await step()
        except Unavailable as error:
            if isinstance(error.__cause__, TimeoutError | NetworkTimeout):
                return False
            raise
        return True

    async def ping(self) -> None:
        """See that a primary answers.

        Raises:
            Unavailable: it does not.
        """
        async with self.answering():
            await self._client.admin.command("ping")

    async def aggregate(self, collection: str, pipeline: Sequence[Document]) -> list[Any]:
        """All documents that a pipeline gives."""
        cursor = self._db[collection].aggregate(list(pipeline))
        if not self._motor:
            cursor = await cursor
        documents: list[Any] = await cursor.to_list(None)
        return documents

    async def watch(self, collection: str, pipeline: Sequence[Document], **options: Any) -> Any:
        """A change stream: what happens to documents of a collection, with the driver's options.

        Raises:
            PyMongoError: it cannot begin; only `store/following` asks, and knows what that means.
        """
        stream = self._db[collection].watch(list(pipeline), **options)
        return stream if self._motor else await stream

    async def raise_fields(self, collection: str, rises: Iterable[Rise]) -> None:
        """Raise (`$max`) fields of the documents with these `_id`s, and never make a document.

        Raising twice is harmless. So this passes by the driver's own retries, whose bookkeeping
        costs MongoDB half as much again as the update, and tries a second time itself.
        """
        updates = [{"q": {"_id": key}, "u": {"$max": values}} for key, values in rises]
        for first in range(0, len(updates), RAISED_AT_ONCE):
            part = updates[first : first + RAISED_AT_ONCE]
            try:
                await self._update_all(collection, part)
            except ConnectionFailure:
                await self._update_all(collection, part)

    async def update_each(
        self, collection: str, updates: Sequence[Document]
    ) -> list[bool | Unavailable]:
        """Make updates, statements of MongoDB's `update` command, in any order; how each ended.

        That is whether it made a document, or the error where it alone failed. Doing one twice
        must be harmless: as `raise_fields` this tries a second time itself.
        """
        try:
            answer = await self._update(collection, updates)
        except ConnectionFailure:
            answer = await self._update(collection, updates)
        outcomes: list[bool | Unavailable] = [False] * len(updates)
        for made in answer.get("upserted", ()):
            outcomes[made["index"]] = True
        for failed in answer.get("writeErrors", ()):
            outcomes[failed["index"]] = Unavailable()
        return outcomes

    async def transaction(self, work: Callable[[Session], Awaitable[Any]]) -> Any:
        """Run `work` in a transaction, again when it collided with another one.

        Raises:
            Busy: it kept colliding; nothing was stored.
            Unavailable: MongoDB does not answer, so the outcome is unknown.
        """
        async with self.answering(), await self._session() as session:
            for attempt in range(TRANSACTION_ATTEMPTS):
                try:
                    return await self._attempt(session, work)
                except PyMongoError as error:
                    if not _collided(error):
                        raise
                await asyncio.sleep(random.uniform(0, 0.002 * 2**attempt))  # noqa: S311 - spread
            raise Busy(retry_after_ms=1000)

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """What runs inside either gets MongoDB's answer in time or ends as `Unavailable`."""
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except (ConnectionFailure, OperationFailure, TimeoutError) as error:
            if isinstance(error, DuplicateKeyError):
                raise
            raise Unavailable from error

    async def drop(self) -> None:
        """Delete the whole database."""
        await self._client.drop_database(self._db.name)

    async def close(self) -> None:
        """Close all connections."""
        closing = self._client.close()
        if not self._motor:
            await closing

    async def _update_all(self, collection: str, updates: Sequence[Document]) -> None:
        if "writeErrors" in await self._update(collection, updates):
            raise AutoReconnect(f"{collection}: an update was not confirmed")

    async def _update(self, collection: str, updates: Sequence[Document]) -> Document:
        answer: Document = await self._db.command(
            {
                "update": collection,
                "updates": updates,
                "ordered": False,
                "writeConcern": self._write_concern.document,
            }
        )
        if "writeConcernError" in answer:
            raise AutoReconnect(f"{collection}: updates were not confirmed")
        return answer

    async def _session(self) -> Session:
        session = self._client.start_session()
        return await session if self._motor else session

    async def _attempt(self, session: Session, work: Callable[[Session], Awaitable[Any]]) -> Any:
        started = session.start_transaction(
            read_concern=ReadConcern("snapshot"), write_concern=self._write_concern
        )
        async with started if self._motor else await started:
            return await work(session)


def _client_class(driver: Driver) -> Any:
    if driver == "motor":
        from motor.motor_asyncio import AsyncIOMotorClient

        return AsyncIOMotorClient
    from pymongo import AsyncMongoClient

    return AsyncMongoClient


def _collided(error: PyMongoError) -> bool:
    if isinstance(error, ConnectionFailure):  # labelled transient as well, but nobody collided
        return False
    transient = error.has_error_label("TransientTransactionError")
    return transient or isinstance(error, DuplicateKeyError)
