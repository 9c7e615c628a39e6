"""Who is in which room: look-ups over memberships that change by `store/rooms` alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence

from msgspec import Struct

from chatserver.domain.community import COMMUNITY_PREFIX
from chatserver.domain.conversation import NOTES_PREFIX
from chatserver.domain.membership import Membership, Mode, State
from chatserver.store import cursors
from chatserver.store.database import Database, Document, find_one_and_update
from chatserver.store.gather import BATCH_MAX, Batches, Gather

Seats = tuple[tuple[str, int], ...]
"""The rooms a person is in, each with the first message the person may see."""


class Readers(Struct, frozen=True):
    """How many members of a room have read a message, and how many have not."""

    read: int
    unread: int


LISTENERS_AT_ONCE = 1000
_LISTENING = {"_id": 1, "since": 1, "read": 1, "prefs.mode": 1}


class Listener(Struct, frozen=True):
    """A member of a conversation who may have to be told of what is said in it."""

    conversation: str
    user: str
    mode: Mode
    read: int


class Memberships:
    """The collection `memberships`, as far as it is about rooms."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._collection = database.collection("memberships")
        self._lookups = database.lookups("memberships")
        self._gather = Gather(self._load)
        self._seats = Batches("seats looked up", self._find_seats)

    async def of(self, conversation: str, user: str) -> Membership | None:
        """One membership, whatever its state; None where the person never was in the room."""
        return await self._gather.get((conversation, user))

    async def among(self, conversation: str, users: Iterable[str]) -> dict[str, Membership]:
        """The memberships of these people in a room."""
        found = await self._gather.get_all((conversation, user) for user in users)
        return {user: membership for (_, user), membership in found.items()}

    def seats(self, user: str) -> asyncio.Future[Seats]:
        """The rooms a person is in, to be awaited; many people's are looked up together.

        Raises:
            Unavailable: when awaited, no answer came in time.
        """
        return self._seats.put(user)

    async def in_communities(self, user: str) -> list[Membership]:
        """A person's memberships in community rooms, of whatever state."""
        return await self._of_prefix(user, COMMUNITY_PREFIX)

    async def in_notes(self, user: str) -> list[Membership]:
        """A person's memberships in notes, of whatever state."""
        return await self._of_prefix(user, NOTES_PREFIX)

    async def of_person(self, user: str, rooms: Iterable[str]) -> dict[str, Membership]:
        """A person's memberships in these rooms."""
        found = await self._gather.get_all((room, user) for room in rooms)
        return {room: membership for (room, _), membership in found.items()}

    async def sharing(self, rooms: Collection[str], users: Collection[str]) -> set[str]:
        """Those of these people who are in one of these rooms."""
        if not rooms or not users:
            return set()
        query = {"user": {"$in": list(users)}, "conversation": {"$in": list(rooms)}, "seated": True}
        async with self._db.answering():
            found = await self._lookups.find(query, {"user": 1, "_id": 0}).to_list(None)
        return {document["user"] for document in found}

    async def together(self, rooms: Collection[str], limit: int) -> set[str]:
        """Those who are in one of these rooms, so many memberships at most; reads the index only.

        Raises:
            Unavailable: no answer in time.
        """
        if not rooms:
            return set()
        query = {"conversation": {"$in": list(rooms)}, "state": "in", "room": True}
        async with self._db.answering():
            cursor = self._lookups.find(query, {"user": 1, "_id": 0}).limit(limit)
            found = await cursor.to_list(None)
        return {document["user"] for document in found}

    async def page(
        self, conversation: str, state: State, after: str | None, limit: int
    ) -> list[Membership]:
        """Members in a state by user id, beginning after one."""
        query: Document = {"conversation": conversation, "state": state, "room": True}
        if after is not None:
            query = {**query, "user": {"$gt": after}}
        async with self._db.answering():
            cursor = self._collection.find(query, batch_size=limit).sort("user", 1).limit(limit)
            found = await cursor.to_list(None)
        return [cursors.from_document(document) for document in found]

    async def listeners(self, places: Iterable[tuple[str, str]]) -> list[Listener]:
        """Those of these people (by conversation and person) who are in direct conversations."""
        places = tuple(places)
        keys = [{"c": conversation, "u": user} for conversation, user in places]
        within = self._db.within("memberships", (user for _, user in places))
        async with self._db.answering():
            found = await self._lookups.find({"_id": {"$in": keys}, **within}, _LISTENING).to_list(
                None
            )
        return [_listener(document) for document in found]

    async def all_listeners(self, rooms: Sequence[str]) -> AsyncIterator[list[Listener]]:
        """All members of these rooms, a page at a time; who joins meanwhile may be left out.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        query: Document = {"conversation": {"$in": list(rooms)}, "state": "in", "room": True}
        order = [("conversation", 1), ("state", 1), ("user", 1)]
        after: Document = {}
        while True:
            async with self._db.answering():
                cursor = self._lookups.find({**query, **after}, {**_LISTENING, "user": 1})
                page = await cursor.sort(order).limit(LISTENERS_AT_ONCE).to_list(None)
            if page:
                yield [_listener(document) for document in page]
            if len(page) < LISTENERS_AT_ONCE:
                return
            last = page[-1]["_id"]
            after = {
                "$or": [
                    {"conversation": {"$gt": last["c"]}},
                    {"conversation": last["c"], "user": {"$gt": last["u"]}},
                ]
            }

    async def count_readers(self, conversation: str, seq: int, sender: str) -> Readers:
        """How many have read message `seq` of `sender`, of the others in a room who may see it."""
        seeing = {
            "conversation": conversation,
            "seated": True,
            "since": {"$lte": seq},
            "user": {"$ne": sender},
        }
        async with self._db.answering():
            rows = await self._db.aggregate(
                "memberships",
                [
                    {"$match": seeing},
                    {"$group": {"_id": {"$gte": ["$read", seq]}, "count": {"$sum": 1}}},
                ],
            )
        counts = {row["_id"]: row["count"] for row in rows}
        return Readers(counts.get(True, 0), counts.get(False, 0))

    async def spoke(self, conversation: str, user: str, now_ms: int, gap_ms: int) -> int:
        """Note that a member speaks; how long it must wait instead, in ms, 0 when it may.

        The same on every node: of two that ask at once one is refused.
        """
        place = {"c": conversation, "u": user}
        async with self._db.answering():
            before = await find_one_and_update(
                self._collection,
                # a time far ahead is that of a node whose clock was wrong
                {
                    "_id": place,
                    "spoke_at": {"$not": {"$gt": now_ms - gap_ms, "$lte": now_ms + gap_ms}},
                },
                {"$set": {"spoke_at": now_ms}},
                {"_id": 1},
            )
            if before is not None:
                return 0
            found = await self._lookups.find_one({"_id": place}, {"spoke_at": 1})
        return min(gap_ms, max(1, found["spoke_at"] + gap_ms - now_ms)) if found else gap_ms

    async def changed_since(self, since_ms: int) -> list[tuple[str, str, int | None]]:
        """The memberships that changed: room, person, and the first message to be seen, or None who
        is not in it."""
        query = {"acted_at": {"$gte": since_ms}}
        fields = {"_id": 1, "since": 1, "seated": 1}
        async with self._db.answering():
            found = await self._lookups.find(query, fields).to_list(None)
        return [
            (each["_id"]["c"], each["_id"]["u"], each["since"] if each["seated"] else None)
            for each in found
        ]

    async def _of_prefix(self, user: str, prefix: str) -> list[Membership]:
        ids = {"$gte": prefix, "$lt": chr(ord(prefix) + 1)}
        query = {"user": {"$eq": user}, "conversation": ids, "room": True}
        async with self._db.answering():
            found = await self._collection.find(query).to_list(None)
        return [cursors.from_document(document) for document in found]

    async def _load(self, places: list[tuple[str, str]]) -> dict[tuple[str, str], Membership]:
        ids = [{"c": conversation, "u": user} for conversation, user in places]
        async with self._db.answering():
            found = await self._collection.find({"_id": {"$in": ids}}).to_list(None)
        return {(d["conversation"], d["user"]): cursors.from_document(d) for d in found}

    async def _find_seats(self, users: list[str]) -> Sequence[Seats]:
        query = {"user": {"$in": list(set(users))}, "seated": True}
        fields = {"_id": 0, "user": 1, "conversation": 1, "since": 1}
        async with self._db.answering():
            found = await self._lookups.find(query, fields, batch_size=10 * BATCH_MAX).to_list(None)
        seats: dict[str, list[tuple[str, int]]] = {}
        for document in found:
            seats.setdefault(document["user"], []).append(
                (document["conversation"], int(document["since"]))
            )
        return [tuple(seats.get(user, ())) for user in users]


def _listener(document: Document) -> Listener:
    id_, mode = document["_id"], document.get("prefs", {}).get("mode", "all")
    seen = max(int(document.get("read", 0)), int(document.get("since", 1)) - 1)
    return Listener(id_["c"], id_["u"], mode, seen)
