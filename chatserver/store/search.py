"""The index of words: which messages have a token, the latest first.

A message's entry lies in `search_a` or `search_b` under the message's own `_id`. One of the two is
*current* and is searched; while the other is made anew, both are kept up to date. An entry says by
which change (`m`) it was made and yields to later ones only, so whoever writes an old one last does
no harm; a recalled message's entry stays without words for the same reason.
"""

from __future__ import annotations

import asyncio
import heapq
import secrets
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct
from pymongo import ReplaceOne, ReturnDocument
from pymongo.errors import BulkWriteError

from chatserver.domain.message import Message
from chatserver.domain.search import Order, Wish, tokens
from chatserver.errors import Unavailable
from chatserver.store.database import Database, Document, find_one_and_update
from chatserver.store.messages import from_document

SIDES = ("search_a", "search_b")
SCANS_MAX = 200  # of an index that MongoDB merges in order; for more it would sort all it finds
QUERIES_AT_ONCE = 4
COUNTED_MAX = 6  # tokens of a query that are counted
COUNT_MAX = 1000  # so many and more are many
WALKED_AT_ONCE = 1000
WRITTEN_AT_ONCE = 4000  # tokens; one entry may have more
OneOf = tuple[str, ...]  # tokens, one of which a message must have

_DUPLICATE = 11000
_STATE = "search"  # the document of `marks` that knows which side is searched


class Walk(Struct, frozen=True):
    """All messages are being read again, into one of the sides; `done` of them are so far."""

    id: str
    into: str
    done: int = 0
    after: dict[str, Any] | None = None


class State(Struct, frozen=True):
    """Which side is searched, and the walk that is going on."""

    current: str = SIDES[0]
    walk: Walk | None = None

    @property
    def sides(self) -> tuple[str, ...]:
        """Those that are kept up to date."""
        return tuple(dict.fromkeys((self.current, self.walk.into if self.walk else self.current)))


class SearchIndex:
    """The collections `search_a` and `search_b`."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._marks = database.collection("marks")
        self._messages = database.collection("messages")

    async def state(self) -> State:
        """How the index stands.

        Raises:
            Unavailable: MongoDB does not answer; so do the others.
        """
        async with self._db.answering():
            return _state(await self._marks.find_one({"_id": _STATE}))

    async def sizes(self) -> tuple[int, int]:
        """About how many messages there are, and how many of them have an entry."""
        current = (await self.state()).current
        async with self._db.answering():
            return (
                await self._messages.estimated_document_count(),
                await self._db.collection(current).estimated_document_count(),
            )

    async def find(
        self, wish: Wish, conversations: Iterable[str], behind: Order | None, limit: int
    ) -> list[Order]:
        """Where messages of these conversations may be what is wished for, the latest first."""
        current = self._db.lookups((await self.state()).current)
        among, gate = sorted(conversations), asyncio.Semaphore(QUERIES_AT_ONCE)
        lead = await self._rarest(current, wish, among[:SCANS_MAX])
        room = SCANS_MAX // len(lead)

        async def find(part: list[str]) -> list[Order]:
            query = _query(wish, lead, part, behind)
            async with gate, self._db.answering():
                found = await _places(current, query, limit + 1)
                if len(found) > limit and found[limit][:2] == found[limit - 1][:2]:
                    # of several conversations MongoDB may have left out any
                    at, seq, _ = found[limit]
                    same = {"$and": [query, {"at": at, "_id.s": seq}]}
                    found = [*{*found, *await _places(current, same, len(part))}]
            return sorted(found, reverse=True)

        parts = [among[first : first + room] for first in range(0, len(among), room)]
        pages = await asyncio.gather(*map(find, parts))
        return list(islice(heapq.merge(*pages, reverse=True), limit))

    async def _rarest(self, side: Any, wish: Wish, sample: list[str]) -> OneOf:
        """What to read the index by: of all that a message must have, what fewest have.

        Counting is cheap, as it stops soon; reading by the wrong one may mean reading everything.
        """
        choices = wish.tokens[:COUNTED_MAX]
        if len(choices) == 1:
            return choices[0]

        async def count(any_: OneOf) -> int:
            has_any = {"_id.c": {"$in": sample}, "t": {"$in": list(any_)}}
            found: int = await side.count_documents(has_any, hint="found", limit=COUNT_MAX)
            return found

        async with self._db.answering():
            counts = await asyncio.gather(*map(count, choices))
        return choices[counts.index(min(counts))]

    async def write(self, messages: Iterable[Message], sides: Iterable[str]) -> None:
        """Make the entries of these messages, or make them anew."""
        entries = [_entry(message) for message in messages if message.kind != "system"]
        for side in sides:
            for part in _parts(entries):
                async with self._db.answering():
                    await _written(self._db.collection(side), part)

    async def rebuild(self) -> Walk:
        """Begin to make the index anew on the side that is not searched, or go on with that."""
        state = await self.state()
        if state.walk is not None and state.walk.into != state.current:
            return state.walk
        return await self._begin(await self._emptied(state))

    async def read_again(self) -> Walk:
        """Begin to read all messages once more: some may have been missed."""
        state = await self.state()
        return await self._begin(state.walk.into if state.walk else state.current)

    async def walk_on(self, walk: Walk) -> bool:
        """Read the next messages of a walk; whether there were any. The last step ends it."""
        after = {} if walk.after is None else {"_id": {"$gt": walk.after}}
        async with self._db.answering():
            cursor = self._messages.find(after).sort("_id", 1).limit(WALKED_AT_ONCE)
            found = await cursor.to_list(None)
        if not found:
            await self._change(walk, {"$set": {"current": walk.into}, "$unset": {"walk": ""}})
            return False
        await self.write(map(from_document, found), (walk.into,))
        done = {"walk.after": found[-1]["_id"], "walk.done": walk.done + len(found)}
        await self._change(walk, {"$set": done})
        return True

    async def clear_other(self) -> None:
        """Empty the side that nobody searches any more."""
        state = await self.state()
        if state.walk is None:
            await self._emptied(state)

    async def _emptied(self, state: State) -> str:
        """The side that is not searched, with nothing in it."""
        (other,) = {*SIDES} - {state.current}
        async with self._db.answering():
            await self._db.collection(other).drop()
        await self._db.prepare()
        return other

    async def _begin(self, into: str) -> Walk:
        walk = {"id": secrets.token_hex(8), "into": into, "done": 0, "after": None}
        async with self._db.answering():
            document = await find_one_and_update(
                self._marks,
                {"_id": _STATE},
                {"$set": {"walk": walk}, "$setOnInsert": {"current": SIDES[0]}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        found = _state(document).walk
        assert found is not None  # noqa: S101 - it was just written
        return found

    async def _change(self, walk: Walk, change: Document) -> None:
        """Note how far a walk has come; nothing where another one took its place."""
        async with self._db.answering():
            await self._marks.update_one({"_id": _STATE, "walk.id": walk.id}, change)


def _state(document: Document | None) -> State:
    if document is None:
        return State()
    walk = document.get("walk")
    return State(document["current"], Walk(**walk) if walk else None)


def _query(wish: Wish, lead: OneOf, conversations: list[str], behind: Order | None) -> Document:
    others = [any_ for any_ in wish.tokens if any_ != lead]
    query: dict[str, Any] = {
        "_id.c": {"$in": conversations},
        "t": lead[0] if len(lead) == 1 else {"$in": list(lead)},
    }
    times = {"$gte": wish.since_ms, "$lt": wish.until_ms, "$lte": behind and behind[0]}
    query["at"] = {name: at for name, at in times.items() if at is not None}
    # as expressions, for which MongoDB does not look into the index: it is to read it in order
    rest: list[Document] = [{"$or": [{"$in": [each, "$t"]} for each in any_]} for any_ in others]
    if behind is not None:
        rest.append({"$lt": [["$at", "$_id.s", "$_id.c"], list(behind)]})
    return {**query, "$expr": {"$and": rest}} if rest else query


async def _places(side: Any, query: Document, limit: int) -> list[Order]:
    """Where entries are, by time and number; those of one time and number in any order."""
    cursor = side.find(query, {"_id": 1, "at": 1}).sort([("at", -1), ("_id.s", -1)])
    found = await cursor.hint("found").limit(limit).to_list(None)
    return [(int(each["at"]), int(each["_id"]["s"]), each["_id"]["c"]) for each in found]


def _entry(message: Message) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "_id": {"c": message.conversation, "s": message.seq},
        "at": message.at,
        "t": sorted(tokens(message)),
    }
    return {**entry, "m": message.mod} if message.mod else entry


def _parts(entries: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Entries that are written together: few enough that also a slow MongoDB does it in time."""
    part: list[dict[str, Any]] = []
    room = WRITTEN_AT_ONCE
    for entry in entries:
        if part and len(entry["t"]) > room:
            yield part
            part, room = [], WRITTEN_AT_ONCE
        part.append(entry)
        room -= len(entry["t"])
    if part:
        yield part


async def _written(side: Any, entries: Sequence[dict[str, Any]]) -> None:
    """Entries of unchanged messages are the same for ever; others take the place of older ones."""
    new = [entry for entry in entries if "m" not in entry]
    changed = [
        ReplaceOne(
            {"_id": {"$eq": entry["_id"]}, "m": {"$not": {"$gt": entry["m"]}}}, entry, upsert=True
        )
        for entry in entries
        if "m" in entry
    ]
    if new:
        await _but_known(side.insert_many(new, ordered=False))
    if changed:
        await _but_known(side.bulk_write(changed, ordered=False))


async def _but_known(writing: Any) -> None:
    """What is refused because there is an entry, or a newer one, is well as it is."""
    try:
        await writing
    except BulkWriteError as error:
        failed = [each["code"] for each in error.details["writeErrors"]]
        if error.details.get("writeConcernErrors") or {*failed} - {_DUPLICATE}:
            raise Unavailable from error
