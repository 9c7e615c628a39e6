"""The log as it grows: change streams on it and on read marks, and where their followers stand.

A follower's *post* is a document of `followers`: who holds it until when, and how far it has come.
Times of posts are those of MongoDB's clock, so that workers whose clocks differ agree.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from chatserver.errors import Unavailable
from chatserver.store.database import Database, Document, find_one_and_update
from chatserver.store.numbered import Place

AWAIT_MS = 500  # how long the server waits for something to tell
READ_AT_ONCE = 1000

# what came after the position is not known any more, or the position is not one of this log
_LOST = frozenset({9, 136, 222, 260, 280, 286, 40647, 50811})
_EPOCH = datetime.fromtimestamp(0, UTC)
_MOVED: list[Document] = [
    {"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}},
    # the messages themselves are read when they are needed, as they are then
    {
        "$project": {
            "_id": 1,
            "operationType": 1,
            "documentKey": 1,
            "wallTime": 1,
            "fields": {
                "$map": {
                    "input": {"$objectToArray": "$updateDescription.updatedFields"},
                    "in": "$$this.k",
                }
            },
        }
    },
]
_READ: list[Document] = [
    {
        "$match": {
            "operationType": "update",
            "updateDescription.updatedFields.read": {"$exists": True},
        }
    },
    {
        "$project": {
            "_id": 1,
            "documentKey": 1,
            "wallTime": 1,
            "read": "$updateDescription.updatedFields.read",
        }
    },
]

Position = Mapping[str, Any]
"""What a change stream resumes after; only MongoDB reads it."""


class PositionLost(Exception):
    """Nobody knows any more what came after a position: the log has to be read itself."""


class Moved(Struct, frozen=True):
    """A message was stored, or a change applied to it; `fields` are those that changed then."""

    place: Place
    at_ms: int
    is_new: bool
    fields: frozenset[str] = frozenset()


class Read(Struct, frozen=True):
    """A person has read a conversation up to a number, on any device."""

    user: str
    conversation: str
    read: int
    at_ms: int


class Dated(Protocol):
    """Something that happened."""

    @property
    def at_ms(self) -> int:
        """When, in ms since 1970 UTC."""


T = TypeVar("T", bound=Dated)


class Feed(Struct, Generic[T], frozen=True):
    """One kind of thing that happens: in which collection, found and read how."""

    collection: str
    pipeline: list[Document]
    decode: Callable[[Document], T]


class Post(Struct, frozen=True):
    """A follower's place: who holds it until when, and how far the work is done, None: not at all.

    `at_ms` is when the last of what is done was stored, and `now_ms` when this was read.
    """

    holder: str
    until_ms: int
    position: Position | None
    at_ms: int
    now_ms: int

    @property
    def is_held(self) -> bool:
        """Whether somebody has it now."""
        return self.until_ms > self.now_ms


class Stream(Generic[T]):
    """What happens from a position on."""

    def __init__(self, stream: Any, decode: Callable[[Document], T]) -> None:
        self._stream = stream
        self._decode = decode

    @property
    def position(self) -> Position | None:
        """Where the stream stands; also without anything to tell it moves on."""
        found: Position | None = self._stream.resume_token
        return found

    async def next(self) -> tuple[T, Position] | None:
        """What happened next and the position behind it; None where nothing did for a while.

        Raises:
            PositionLost: the log is not known from here on.
            Unavailable: MongoDB does not answer.
        """
        change: Document | None
        try:
            change = await self._stream.try_next()
        except PyMongoError as error:
            raise _meaning(error) from error
        if change is not None:
            return self._decode(change), change["_id"]
        if not self._stream.alive:
            raise PositionLost
        return None


class Followers:
    """The collection `followers`, and the streams that they follow."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._collection = database.collection("followers")

    @asynccontextmanager
    async def stream(self, feed: Feed[T], position: Position | None) -> AsyncIterator[Stream[T]]:
        """What happens after a position; None: from now on.

        Raises:
            PositionLost, Unavailable: as for `Stream.next`; also when it begins.
        """
        try:
            stream = await self._db.watch(
                feed.collection,
                feed.pipeline,
                resume_after=position,
                max_await_time_ms=AWAIT_MS,
                batch_size=READ_AT_ONCE,
            )
        except PyMongoError as error:
            raise _meaning(error) from error
        try:
            yield Stream(stream, feed.decode)
        finally:
            await stream.close()

    async def take(self, name: str, holder: str, lease_ms: int) -> Post | None:
        """Take a post, or keep it, for so long; None where somebody else has it.

        Raises:
            Unavailable: MongoDB does not answer; so do the others.
        """
        may_have = {
            "$or": [
                {"$lte": [{"$ifNull": ["$until", _EPOCH]}, "$$NOW"]},
                {"$eq": ["$holder", holder]},
            ]
        }
        gets = {"holder": holder, "until": {"$add": ["$$NOW", lease_ms]}}
        stays = {name: {"$cond": [may_have, new, f"${name}"]} for name, new in gets.items()}
        async with self._db.answering():
            try:
                document = await find_one_and_update(
                    self._collection,
                    {"_id": name},
                    [{"$set": {**stays, "looked": "$$NOW"}}],
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:  # both were the first
                return None
        return _post(document) if document["holder"] == holder else None

    async def advance(self, name: str, holder: str, position: Position, at_ms: int) -> bool:
        """Note that the work is done up to here; False where the post is somebody else's."""
        async with self._db.answering():
            done = await self._collection.update_one(
                {"_id": name, "holder": holder}, {"$set": {"position": position, "at": at_ms}}
            )
        return bool(done.matched_count)

    async def leave(self, name: str, holder: str) -> None:
        """Let the next one have the post at once."""
        async with self._db.answering():
            await self._collection.update_one(
                {"_id": name, "holder": holder}, {"$set": {"until": _EPOCH}}
            )

    async def look(self, name: str) -> Post | None:
        """How a post stands; None where nobody ever had it."""
        async with self._db.answering():
            rows = await self._db.aggregate(
                "followers", [{"$match": {"_id": name}}, {"$set": {"looked": "$$NOW"}}]
            )
        return _post(rows[0]) if rows else None


def _moved(change: Document) -> Moved:
    id_ = change["documentKey"]["_id"]
    return Moved(
        place=(id_["c"], id_["s"]),
        at_ms=_ms(change["wallTime"]),
        is_new=change["operationType"] == "insert",
        fields=frozenset(change.get("fields") or ()),
    )


def _read(change: Document) -> Read:
    id_ = change["documentKey"]["_id"]
    return Read(id_["u"], id_["c"], int(change["read"]), _ms(change["wallTime"]))


MESSAGES = Feed("messages", _MOVED, _moved)
"""Messages that are stored, and changes applied to them."""
READS = Feed("memberships", _READ, _read)
"""Read marks, those included that sending sets."""


def _post(document: Document) -> Post:
    return Post(
        holder=document["holder"],
        until_ms=_ms(document["until"]),
        position=document.get("position"),
        at_ms=document.get("at", 0),
        now_ms=_ms(document["looked"]),
    )


def _ms(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _meaning(error: PyMongoError) -> Exception:
    if isinstance(error, OperationFailure) and error.code in _LOST:
        return PositionLost()
    return Unavailable()
