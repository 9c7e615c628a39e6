"""How far each member has come in each conversation, and the member's own settings of it.

Positions only rise (`$max`) and are gathered for a moment, so that a busy reader costs one write.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from pymongo import UpdateOne

from chatserver import clock
from chatserver.domain.membership import HIDDEN_MAX, Head, Membership, Prefs, Sign
from chatserver.errors import Unavailable
from chatserver.store.database import Database, Rise
from chatserver.store.gather import ANSWER_MAX, Gather

Place = tuple[str, str]  # conversation, user

USERS_AT_ONCE = 50  # whose conversations are looked up; some have hundreds

_FIELDS = frozenset(Membership.__struct_fields__)


class _Round:
    """Positions that are written together, and those who wait for that."""

    __slots__ = ("_written", "rising")

    def __init__(self) -> None:
        self.rising: dict[Place, tuple[int, int]] = {}
        self._written: asyncio.Future[None] | None = None

    async def written(self) -> None:
        """Wait until these positions are stored."""
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._written)

    def end(self, error: BaseException | None = None) -> None:
        """Tell those who wait."""
        if self._written is None:
            return
        if error is None:
            self._written.set_result(None)
            return
        self._written.set_exception(error if isinstance(error, Exception) else Unavailable())
        self._written.exception()  # seen, also when nobody waits any longer


class Cursors:
    """The collection `memberships`; its `_id` is `{c: conversation, u: user}`."""

    def __init__(self, database: Database, *, flush_ms: int) -> None:
        """`flush_ms` is how long positions are gathered before they are written."""
        self._db = database
        self._collection = database.collection("memberships")
        self._lookups = database.lookups("memberships")
        self._flush_s = flush_ms / 1000
        self._gathering = _Round()
        self._sent = _Round()
        self._writing = _Round()  # still counts: what is read meanwhile may not show it yet
        self._flushing = asyncio.Lock()
        self._gather = Gather(self._load)
        self._of_users = Gather(self._load_ids, at_once=USERS_AT_ONCE)

    async def join(self, conversation: str, users: Iterable[str], now_ms: int) -> None:
        """Make people members; harmless when they are."""
        async with self._db.answering():
            await self._collection.bulk_write(
                [_join(conversation, user, now_ms) for user in users], ordered=False
            )

    def advance(self, conversation: str, user: str, *, read: int = 0, delivered: int = 0) -> None:
        """Raise positions with the next write; lower ones than already known change nothing."""
        place, rising = (conversation, user), self._gathering.rising
        before = rising.get(place, (0, 0))
        rising[place] = (max(before[0], read), max(before[1], delivered, read))

    def sent(self, conversation: str, user: str, seq: int) -> None:
        """Raise the sender's own positions with the next `flush`; nobody waits for that."""
        place, rising = (conversation, user), self._sent.rising
        if seq > rising.get(place, (0, 0))[0]:
            rising[place] = (seq, seq)

    async def written(self) -> None:
        """Wait until every position raised so far is stored.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        if self._gathering.rising:
            await self._gathering.written()
        elif self._writing.rising:
            await self._writing.written()

    async def run(self) -> None:
        """Write gathered positions until cancelled."""
        while True:
            await asyncio.sleep(self._flush_s)
            if self._gathering.rising:
                await self._flush_or_keep()

    async def flush(self) -> None:
        """Write the positions of this moment, senders' own included.

        Raises:
            Unavailable: MongoDB does not answer; the positions are kept for the next write.
        """
        sent, self._sent = self._sent, _Round()
        self._keep(sent.rising)
        await self._flush_gathered()

    async def _flush_gathered(self) -> None:
        async with self._flushing:
            writing, self._gathering = self._gathering, _Round()
            self._writing = writing
            try:
                await self._write(writing.rising)
            except BaseException as error:
                self._keep(writing.rising)
                writing.end(error)
                raise
            finally:
                self._writing = _Round()
            writing.end()

    async def of(self, places: Iterable[Place]) -> dict[Place, Membership]:
        """Cursors by conversation and member, positions not yet written included."""
        return await self._gather.get_all(places)

    async def of_user(self, user: str) -> list[str]:
        """All conversations a person is or was a member of; reads the index only.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        return await self._of_users.get(user) or []

    async def hide(self, conversation: str, user: str, seq: int, now_ms: int) -> bool:
        """Delete one message for this member alone; False where too many are deleted so."""
        async with self._db.answering():
            done = await self._collection.update_one(
                {
                    "_id": {"c": conversation, "u": user},
                    f"prefs.hidden.{HIDDEN_MAX - 1}": {"$exists": False},
                },
                {"$addToSet": {"prefs.hidden": seq}, "$max": {"touched_at": now_ms}},
            )
        return bool(done.matched_count)

    async def clear(self, conversation: str, user: str, seq: int, now_ms: int) -> None:
        """Delete everything up to `seq` for this member alone."""
        async with self._db.answering():
            await self._collection.update_one(
                {"_id": {"c": conversation, "u": user}},
                {
                    "$max": {"prefs.cleared": seq, "touched_at": now_ms},
                    "$pull": {"prefs.hidden": {"$lte": seq}},
                },
            )

    async def set_prefs(
        self, conversation: str, user: str, prefs: Mapping[str, Any], now_ms: int
    ) -> None:
        """Change those of a member's own settings that are given."""
        async with self._db.answering():
            await self._collection.update_one(
                {"_id": {"c": conversation, "u": user}},
                {
                    "$set": {f"prefs.{name}": value for name, value in prefs.items()},
                    "$max": {"touched_at": now_ms},
                },
            )

    async def _flush_or_keep(self) -> None:
        try:
            await self._flush_gathered()
        except Unavailable:
            return  # kept, and those who wait for it were told

    async def _write(self, rising: Mapping[Place, tuple[int, int]]) -> None:
        if not rising:
            return
        now_ms = clock.now_ms()
        updates = [
            _rise(place, read, delivered, now_ms) for place, (read, delivered) in rising.items()
        ]
        async with self._db.answering():
            await self._db.raise_fields("memberships", updates)

    def _keep(self, rising: Mapping[Place, tuple[int, int]]) -> None:
        for (conversation, user), (read, delivered) in rising.items():
            self.advance(conversation, user, read=read, delivered=delivered)

    async def _load(self, places: list[Place]) -> dict[Place, Membership]:
        ids = [{"c": conversation, "u": user} for conversation, user in places]
        cursors = await self._find({"_id": {"$in": ids}})
        return {(cursor.conversation, cursor.user): cursor for cursor in cursors}

    async def _load_ids(self, users: list[str]) -> dict[str, list[str]]:
        query, fields = {"user": {"$in": users}}, {"_id": 0, "user": 1, "conversation": 1}
        async with self._db.answering():
            found = await self._lookups.find(query, fields, batch_size=ANSWER_MAX).to_list(None)
        of: defaultdict[str, list[str]] = defaultdict(list)
        for document in found:
            of[document["user"]].append(document["conversation"])
        return of

    async def _find(self, query: Mapping[str, Any]) -> list[Membership]:
        # as of before the query: a write that ends during it is not in what was read either
        rounds = (self._writing, self._gathering, self._sent)
        async with self._db.answering():
            found = await self._collection.find(query, batch_size=ANSWER_MAX).to_list(None)
        return [_risen(from_document(document), rounds) for document in found]


def _join(conversation: str, user: str, now_ms: int) -> UpdateOne:
    return UpdateOne(
        {"_id": {"c": conversation, "u": user}},
        {
            "$setOnInsert": {
                "conversation": conversation,
                "user": user,
                "read": 0,
                "delivered": 0,
                "joined_at": now_ms,
                "touched_at": now_ms,
            }
        },
        upsert=True,
    )


def _rise(place: Place, read: int, delivered: int, now_ms: int) -> Rise:
    conversation, user = place
    positions = {"read": read, "delivered": delivered, "touched_at": now_ms}
    return {"c": conversation, "u": user}, positions


def from_document(document: Mapping[str, Any]) -> Membership:
    """The membership in a document."""
    fields = {name: value for name, value in document.items() if name in _FIELDS}
    if "until" in fields:
        fields["until"] = msgspec.convert(fields["until"], Head | None)
    if "sign" in fields:
        fields["sign"] = msgspec.convert(fields["sign"], Sign | None)
    if "prefs" in fields:
        fields["prefs"] = msgspec.convert(fields["prefs"], Prefs)
    return Membership(**fields)


def _risen(cursor: Membership, rounds: Iterable[_Round]) -> Membership:
    read, delivered = cursor.read, cursor.delivered
    for each in rounds:
        risen = each.rising.get((cursor.conversation, cursor.user), (0, 0))
        read, delivered = max(read, risen[0]), max(delivered, risen[1])
    if (read, delivered) == (cursor.read, cursor.delivered):
        return cursor
    return msgspec.structs.replace(cursor, read=read, delivered=delivered)
