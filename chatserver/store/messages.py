"""Messages, by conversation and number: the documents of the log.

A document's `_id` is `{c: conversation, s: seq}`, so the log's order is its primary key and MongoDB
alone decides who gets a number.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, structs
from pymongo.errors import BulkWriteError

from chatserver.domain.conversation import Unread
from chatserver.domain.media import referred_in
from chatserver.domain.message import Draft, Forwarded, Message
from chatserver.errors import Unavailable
from chatserver.store.database import Database, Session
from chatserver.store.gather import ANSWER_MAX, Gather
from chatserver.store.numbered import Numbered, Page, Place, Range

Key = tuple[str, str, str]  # conversation, sender, client_id
Marks = tuple[tuple[Any, ...], Page]  # values of a field, and where to count them

_DUPLICATE = 11000
_OPTIONAL = ("reply_to", "edited_at", "edits", "recalled", "mod", "pinned")
_MAY_GO = ("mentions", "uncounted", "pinned", "forwarded", "media")
_ALL = ""  # among those mentioned: everybody; no person has this id
PINS_MAX = 100
RANGES_AT_ONCE = 200  # to plan for more of them takes longer than two queries


class Original(Struct, frozen=True):
    """What is known of a stored message that a retry asks about."""

    seq: int
    at: int
    digest: bytes


class Failures(Struct, frozen=True):
    """What went wrong in one insert, by position; beyond `attempted` nothing was tried."""

    attempted: int
    number_taken: frozenset[int] = frozenset()
    already_stored: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()


class Messages:
    """The collection `messages`."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._numbered = Numbered(database, "messages", "s", from_document)
        self._collection = self._numbered.collection
        self._lookups = database.lookups("messages")
        self._uncounted = Gather(partial(self._count, "uncounted"), at_once=RANGES_AT_ONCE)
        self._mentions = Gather(partial(self._count, "mentions"), at_once=RANGES_AT_ONCE)

    async def insert(self, documents: Sequence[Mapping[str, Any]], *, ordered: bool) -> Failures:
        """Store numbered messages; an ordered insert stops at the first that fails.

        Raises:
            Unavailable: whether they are stored is unknown.
        """
        try:
            await self._collection.insert_many(documents, ordered=ordered)
        except BulkWriteError as error:
            if error.details.get("writeConcernErrors"):
                raise Unavailable from error
            return _failures(error.details["writeErrors"], len(documents), ordered)
        return Failures(attempted=len(documents))

    async def originals(self, keys: Iterable[Key]) -> dict[Key, Original]:
        """The stored messages with these client ids."""
        choices = [{"_id.c": c, "sender": sender, "client_id": own} for c, sender, own in keys]
        if not choices:
            return {}
        fields = {"sender": 1, "client_id": 1, "at": 1, "digest": 1}
        found = await self._collection.find({"$or": choices}, fields).to_list(None)
        return {
            (row["_id"]["c"], row["sender"], row["client_id"]): Original(
                row["_id"]["s"], row["at"], row["digest"]
            )
            for row in found
        }

    async def by_id(self, ids: Iterable[Place]) -> dict[Place, Message]:
        """Messages by conversation and number."""
        return await self._numbered.by_id(ids)

    async def existing(self, ids: Iterable[tuple[str, int]]) -> set[str]:
        """The conversations in which the message of that number exists; reads the index only."""
        return await self._numbered.existing(ids)

    async def senders_above(self, conversation: str, seq: int) -> list[tuple[int, str]]:
        """Number and sender of every message above `seq`, ascending."""
        above = self._numbered.above(conversation, seq)
        found = await self._collection.find(above, {"sender": 1}).sort("_id", 1).to_list(None)
        return [(document["_id"]["s"], document["sender"]) for document in found]

    async def ranges(self, ranges: Mapping[str, Range]) -> dict[str, tuple[Message, ...]]:
        """Messages of several conversations by first and last number, each ascending."""
        return await self._numbered.ranges(ranges)

    async def complete(self, ranges: Mapping[str, Range]) -> dict[str, tuple[Message, ...]]:
        """The same for numbers that are known to exist: none of them is left out.

        Raises:
            Unavailable: MongoDB does not answer, or does not know some of them yet.
        """
        return await self._numbered.complete(ranges)

    async def pinned(self, conversation: str) -> tuple[Message, ...]:
        """The pinned messages of a conversation, ascending; the latest of them."""
        query = {"_id.c": conversation, "pinned": True}
        async with self._db.answering():
            cursor = self._collection.find(query).sort([("_id.c", -1), ("_id.s", -1)])
            found = await cursor.limit(PINS_MAX).to_list(None)
        return tuple(from_document(document) for document in reversed(found))

    async def refer_to(self, media: str) -> bool:
        """Whether any message that was not recalled refers to a medium.

        Raises:
            Unavailable: no answer in time.
        """
        async with self._db.answering():
            found = await self._collection.find_one({"media": {"$eq": media}}, {"_id": 1})
        return found is not None

    async def unread(self, user: str, ranges: Mapping[str, Range]) -> dict[str, Unread]:
        """What counts as unread in each range: all of it, less recalled and system messages.

        Own messages never stand above one's own read position, so they need no look-up.
        """
        pages = {c: (c, first, last) for c, (first, last) in ranges.items() if first <= last}
        of_nobody, of_user = (True,), (user, _ALL)
        uncounted, mentions = await asyncio.gather(
            self._uncounted.get_all((of_nobody, page) for page in pages.values()),
            self._mentions.get_all((of_user, page) for page in pages.values()),
        )
        return {
            c: Unread(_size(page) - uncounted[of_nobody, page], mentions[of_user, page])
            for c, page in pages.items()
        }

    async def fetch(self, conversation: str, seq: int, session: Session) -> Message | None:
        """One message, inside a transaction."""
        document = await self._collection.find_one({"_id": _id(conversation, seq)}, session=session)
        return from_document(document) if document else None

    async def replace(self, message: Message, session: Session) -> None:
        """Write what a change has made of a message, inside a transaction."""
        fields = _changing_fields(message)
        gone = {name: "" for name in _MAY_GO if name not in fields}
        await self._collection.update_one(
            {"_id": _id(message.conversation, message.seq)},
            {"$set": fields, **({"$unset": gone} if gone else {})},
            session=session,
        )

    async def _count(self, field: str, asked: list[Marks]) -> dict[Marks, int]:
        """How many messages of each page have one of the values; the field's own index finds them.

        Of many ranges MongoDB would try only some of all ways to use one index or another for
        each, and take one that reads whole conversations, or everybody's mentions.
        """
        choices = [self._marked(field, *marks) for marks in asked]
        async with self._db.answering():
            marked = self._lookups.find({"$or": choices}, {field: 1}, batch_size=ANSWER_MAX)
            found = await marked.hint(field).to_list(None)
        places: defaultdict[tuple[str, Any], list[int]] = defaultdict(list)
        for document in found:
            id_, values = document["_id"], document[field]
            for value in values if isinstance(values, list) else (values,):
                places[id_["c"], value].append(id_["s"])
        return {
            (values, (c, first, last)): len(
                {seq for value in values for seq in places[c, value] if first <= seq <= last}
            )
            for values, (c, first, last) in asked
        }

    def _marked(self, field: str, values: tuple[Any, ...], page: Page) -> dict[str, Any]:
        conversation, first, last = page
        return {
            field: values[0] if len(values) == 1 else {"$in": list(values)},
            "_id.c": conversation,
            "_id.s": {"$gte": first, "$lte": last},
        }


def _size(page: Page) -> int:
    return page[2] - page[1] + 1


def to_document(draft: Draft, seq: int, at: int, digest: bytes) -> dict[str, Any]:
    """The document of a new message."""
    document: dict[str, Any] = {
        "_id": _id(draft.conversation, seq),
        "sender": draft.sender,
        "client_id": draft.client_id,
        "kind": draft.kind,
        "body": draft.body,
        "at": at,
        "digest": digest,
    }
    if draft.reply_to is not None:
        document["reply_to"] = draft.reply_to
    if draft.mentions or draft.mention_all:
        document["mentions"] = _mentioned(draft)
    if draft.forwarded is not None:
        document["forwarded"] = structs.asdict(draft.forwarded)
    if draft.kind == "system":
        document["uncounted"] = True
    if draft.message_class != "chat":
        document["class"] = draft.message_class
    if media := referred_in(draft.kind, draft.body):
        document["media"] = list(media)
    return document


def from_document(document: Mapping[str, Any]) -> Message:
    """The message in a document."""
    optional = {name: document[name] for name in _OPTIONAL if name in document}
    if "mentions" in document:
        optional["mentions"] = tuple(user for user in document["mentions"] if user != _ALL)
        optional["mention_all"] = _ALL in document["mentions"]
    if "forwarded" in document:
        optional["forwarded"] = Forwarded(**document["forwarded"])
    if "class" in document:
        optional["message_class"] = document["class"]
    return Message(
        conversation=document["_id"]["c"],
        seq=document["_id"]["s"],
        client_id=document["client_id"],
        sender=document["sender"],
        kind=document["kind"],
        body=document["body"],
        at=document["at"],
        reactions={row["reaction"]: tuple(row["users"]) for row in document.get("reactions", ())},
        **optional,
    )


def _changing_fields(message: Message) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "body": message.body,
        "edits": message.edits,
        "mod": message.mod,
        # an array, because a reaction chosen by a client is no safe field name
        "reactions": [
            {"reaction": reaction, "users": list(users)}
            for reaction, users in message.reactions.items()
        ],
    }
    if message.edited_at is not None:
        fields["edited_at"] = message.edited_at
    if message.mentions or message.mention_all:
        fields["mentions"] = _mentioned(message)
    if message.recalled:
        fields["recalled"] = True
    if message.recalled or message.kind == "system":
        fields["uncounted"] = True
    if message.forwarded is not None:
        fields["forwarded"] = structs.asdict(message.forwarded)
    if message.pinned:
        fields["pinned"] = True
    if media := referred_in(message.kind, message.body):
        fields["media"] = list(media)
    return fields


def _mentioned(message: Draft | Message) -> list[str]:
    return [*message.mentions, *([_ALL] if message.mention_all else ())]


def _id(conversation: str, seq: int) -> dict[str, Any]:
    return {"c": conversation, "s": seq}


def _failures(errors: Sequence[Mapping[str, Any]], size: int, ordered: bool) -> Failures:
    taken, stored, refused = set(), set(), set()
    for error in errors:
        if error["code"] != _DUPLICATE:
            refused.add(error["index"])
        elif "client_id" in error.get("keyPattern", {}):
            stored.add(error["index"])
        else:
            taken.add(error["index"])
    attempted = errors[0]["index"] + 1 if ordered else size
    return Failures(attempted, frozenset(taken), frozenset(stored), frozenset(refused))
