"""Bursts of unread messages that people may have to be notified of: a queue by time.

A document's `_id` is `{u: user, c: conversation}`, so however many messages come it is one. `due`
is when somebody has to look at it, and missing when nobody has. Whoever claims it has it until
`due`, which moves for that; what comes meanwhile is noted in `next`. `until` is when MongoDB
forgets the document.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct, structs

from chatserver.domain.push.burst import Burst, Decision, Special
from chatserver.domain.push.notification import MessageClass
from chatserver.errors import Unavailable
from chatserver.store.database import Database, Document, fixed
from chatserver.store.gather import Batches

KEPT_DAYS = 30
DECISIONS_KEPT = 20
SPECIAL_KEPT = 8
WRITTEN_AT_ONCE = 1000
COUNTED_MAX = 100_000
PATIENT = ("quiet_hours", "paused")  # waits that no further chat cuts short

_NONE_OR = {"$ifNull": ["$special", []]}
_NEW_SPECIAL = {"$filter": {"input": "$$special", "cond": {"$not": {"$in": ["$$this", _NONE_OR]}}}}
_IS_NEWS = {
    "$or": [
        {"$gt": ["$$last", {"$ifNull": ["$last", 0]}]},
        {"$gt": [{"$size": _NEW_SPECIAL}, 0]},
    ]
}
_IS_IDLE = {
    "$and": [
        {"$gte": [{"$ifNull": ["$told", 0]}, {"$ifNull": ["$last", 0]}]},
        {"$gt": ["$$last", {"$ifNull": ["$last", 0]}]},
    ]
}
_IS_PATIENT = {
    "$and": [{"$in": ["$waits", list(PATIENT)]}, {"$gt": ["$due", 0]}, {"$not": "$$urgent"}]
}
_WAKE = {
    "$max": [
        "$$due",
        {"$cond": ["$$urgent", 0, {"$add": [{"$ifNull": ["$pushed_at", 0]}, "$$gather"]}]},
    ]
}
_BEING_NOTIFIED = {"lease": {"$exists": True}}
_FIELDS = frozenset(Burst.__struct_fields__)


def _woken(is_so: Any, wake: Any) -> dict[str, Any]:
    """Where `is_so`, somebody looks at it at `wake` at the latest; after a claim, that is."""
    leased = {"$gt": ["$lease", ""]}
    return {
        "due": {"$cond": [{"$and": [is_so, {"$not": leased}]}, {"$min": ["$due", wake]}, "$due"]},
        "next": {"$cond": [{"$and": [is_so, leased]}, {"$min": ["$next", wake]}, "$next"]},
    }


_ENQUEUED = [
    fixed({"$set": {"news": {"is": _IS_NEWS, "of": _NEW_SPECIAL, "begins": _IS_IDLE}}}),
    fixed(
        {
            "$set": {
                "first": {"$cond": ["$news.begins", "$$first", "$first"]},
                "since": {"$cond": ["$news.begins", "$$since", "$since"]},
                **_woken({"$and": ["$news.is", {"$not": _IS_PATIENT}]}, _WAKE),
                "last": {"$max": ["$last", "$$last"]},
                "at": {"$max": ["$at", "$$at"]},
                "special": {"$slice": [{"$concatArrays": [_NONE_OR, "$news.of"]}, -SPECIAL_KEPT]},
                "until": {"$cond": ["$news.is", "$$until", "$until"]},
            }
        }
    ),
    fixed({"$unset": "news"}),
]
_WOKEN = [fixed({"$set": _woken(True, "$$wake")})]
_LATER = {"$max": ["$$wake", {"$add": [{"$ifNull": ["$stale", 0]}, 1]}]}
_STALE = [fixed({"$set": {**_woken(True, "$$wake"), "stale": _LATER}})]

_DECISIONS = {"$ifNull": ["$decisions", []]}
_BEFORE = {"$arrayElemAt": [_DECISIONS, -1]}
_REPEATS = {
    "$and": [
        {"$gt": [{"$size": _DECISIONS}, 0]},
        {"$not": {"$gt": ["$$decision.id", ""]}},
        *(
            {"$eq": [{"$getField": {"field": name, "input": _BEFORE}}, f"$$decision.{name}"]}
            for name in ("first", "last", "action", "why")
        ),
    ]
}
_ALL_BUT_LAST = {
    "$cond": [
        {"$gt": [{"$size": _DECISIONS}, 1]},
        {"$slice": [_DECISIONS, {"$subtract": [{"$size": _DECISIONS}, 1]}]},
        [],
    ]
}
_CAME_MEANWHILE = {"$gt": ["$last", "$$last"]}
_RECORDED = [
    fixed(
        {
            "$set": {
                **{
                    name: f"$$after.{name}"
                    for name in ("told", "pushed_at", "step", "step_at", "kind", "handed",
                                 "attempts")
                },
                "first": {"$cond": [_CAME_MEANWHILE, {"$add": ["$$last", 1]}, "$first"]},
                "since": {"$cond": [_CAME_MEANWHILE, "$at", "$since"]},
                "due": {"$ifNull": [{"$min": ["$$due", "$next"]}, "$$REMOVE"]},
                "waits": "$$waits",
                "decisions": {
                    "$slice": [
                        {
                            "$concatArrays": [
                                {"$cond": [_REPEATS, _ALL_BUT_LAST, _DECISIONS]},
                                ["$$decision"],
                            ]
                        },
                        -DECISIONS_KEPT,
                    ]
                },
                "until": "$$until",
                "lease": "$$REMOVE",
                "next": "$$REMOVE",
            }
        }
    )
]  # fmt: skip


class News(Struct, frozen=True, kw_only=True):
    """Messages that somebody may have to be notified of: `first` to `last` of a conversation, and
    those among them that are not just chat. `due` is when to look at them (ms)."""

    user: str
    conversation: str
    first: int
    last: int
    since: int
    at: int
    due: int
    kind: MessageClass = "chat"
    special: tuple[Special, ...] = ()


class Record(Struct, frozen=True, kw_only=True):
    """What becomes of a burst that was claimed: how it stands, what was decided, when somebody has
    to look at it again (ms; None: when something happens)."""

    before: Burst
    after: Burst
    decision: Decision
    due: int | None


class Queue(Struct, frozen=True):
    """How many bursts are due, and for how long the first of them (ms)."""

    depth: int
    oldest_ms: int


class Pushes:
    """The collection `pushes`."""

    def __init__(self, database: Database, *, gather_ms: int) -> None:
        """`gather_ms` is how long messages gather after a notification of them."""
        self._db = database
        self._collection = database.collection("pushes")
        self._gather_ms = gather_ms
        self._records = Batches("pushes recorded", self._write)

    async def enqueue(self, news: Iterable[News], now_ms: int) -> None:
        """Note new messages for people; those that are known already change nothing.

        Raises:
            Unavailable: MongoDB does not answer; so do the others.
        """
        await self._update([self._news(each, now_ms) for each in news])

    async def claim(self, now_ms: int, lease_ms: int, limit: int) -> list[Burst]:
        """Some of those that are due; for `lease_ms` nobody else gets them."""
        query = {"due": {"$lte": now_ms}}
        async with self._db.answering():
            found = await self._collection.find(query, {"due": 1}).sort("due", 1).limit(
                limit
            ).to_list(None)  # fmt: skip
            if not found:
                return []
            users = {each["_id"]["u"] for each in found}
            these = {
                "_id": {"$in": [each["_id"] for each in found]},
                **self._db.within("pushes", users),
            }
            lease = secrets.token_hex(8)
            await self._collection.update_many(
                {**these, **query},
                {"$set": {"lease": lease, "due": now_ms + lease_ms}, "$unset": {"next": ""}},
            )
            mine = self._collection.find({**these, "lease": lease}, {"decisions": 0})
            claimed = [_burst(document) for document in await mine.to_list(None)]
        were_due = {_place(each): each["due"] for each in found}
        return [
            structs.replace(each, due=were_due[each.user, each.conversation]) for each in claimed
        ]

    async def record(self, record: Record, now_ms: int) -> None:
        """Write what became of a burst, unless its lease was lost; many go in one command."""
        await self._records.put(_recording(record, now_ms))

    async def wake(self, marks: Mapping[tuple[str, str], int], now_ms: int) -> None:
        """People (with conversations) have read up to these numbers: whose devices show something
        of that is due at once, and whoever is just being notified once more afterwards."""
        statements = []
        for (user, conversation), read in marks.items():
            shown = {"handed": {"$elemMatch": {"shown": True, "seq": {"$lte": read}}}}
            query = {"_id": {"$eq": _key(user, conversation)}, "$or": [shown, _BEING_NOTIFIED]}
            statements.append({"q": query, "u": _WOKEN, "c": {"wake": now_ms}})
        await self._update(statements)

    async def recalled(self, places: Iterable[tuple[str, str, int]], now_ms: int) -> None:
        """Messages were recalled, by person, conversation and number: whose devices may show one
        are due at once."""
        statements = []
        for user, conversation, seq in places:
            shown = {"handed": {"$elemMatch": {"shown": True, "seq": {"$gte": seq}}}}
            query = {"_id": {"$eq": _key(user, conversation)}, "$or": [shown, _BEING_NOTIFIED]}
            statements.append({"q": query, "u": _STALE, "c": {"wake": now_ms}})
        await self._update(statements)

    async def wake_all_shown(self, now_ms: int) -> None:
        """Whoever's devices show anything is due: what was read meanwhile nobody knows."""
        shown = {"$or": [{"handed.shown": True}, _BEING_NOTIFIED]}
        async with self._db.answering():
            await self._collection.update_many(shown, [{"$set": _woken(True, now_ms)}])

    async def look(self, user: str, conversation: str) -> tuple[Burst, list[Decision]] | None:
        """How a burst stands, and what was decided last, the oldest first."""
        async with self._db.answering():
            found = await self._collection.find_one({"_id": {"$eq": _key(user, conversation)}})
        if found is None:
            return None
        return _burst(found), msgspec.convert(found.get("decisions", []), list[Decision])

    async def opened(self, user: str, conversation: str, id_: str, at_ms: int) -> bool:
        """Note that a notification was tapped; whether there is such a one."""
        async with self._db.answering():
            done = await self._collection.update_one(
                {"_id": {"$eq": _key(user, conversation)}, "decisions.id": {"$eq": id_}},
                {"$max": {"decisions.$.opened_at": at_ms}},
            )
        return bool(done.matched_count)

    async def queue(self, now_ms: int) -> Queue:
        """How many are due, and for how long."""
        query = {"due": {"$lte": now_ms}}
        async with self._db.answering():
            first = await self._collection.find_one(query, {"due": 1}, sort=[("due", 1)])
            if first is None:
                return Queue(0, 0)
            depth = await self._collection.count_documents(query, limit=COUNTED_MAX)
        return Queue(depth, now_ms - first["due"])

    def _news(self, news: News, now_ms: int) -> Document:
        fields = msgspec.to_builtins(news)
        constants = {
            name: fields[name] for name in ("first", "last", "since", "at", "due", "special")
        }
        return {
            "q": {"_id": {"$eq": _key(news.user, news.conversation)}},
            "u": _ENQUEUED,
            "c": {
                **constants,
                "urgent": news.kind == "critical",
                "gather": self._gather_ms,
                "until": _forgotten_at(now_ms),
            },
            "upsert": True,
        }

    async def _update(self, statements: Sequence[Document]) -> None:
        for first in range(0, len(statements), WRITTEN_AT_ONCE):
            part = statements[first : first + WRITTEN_AT_ONCE]
            async with self._db.answering():
                outcomes = await self._db.update_each("pushes", part)
            for outcome in outcomes:
                if isinstance(outcome, Unavailable):
                    raise outcome

    async def _write(self, statements: list[Document]) -> Sequence[bool | Unavailable]:
        async with self._db.answering():
            return await self._db.update_each("pushes", statements)


def _recording(record: Record, now_ms: int) -> Document:
    before, decision = record.before, msgspec.to_builtins(record.decision)
    return {
        "q": {"_id": {"$eq": _key(before.user, before.conversation)}, "lease": before.lease},
        "u": _RECORDED,
        "c": {
            "after": msgspec.to_builtins(record.after),
            "last": before.last,
            "due": record.due,
            "waits": decision["why"] if decision["action"] == "wait" else "",
            "decision": decision,
            "until": _forgotten_at(now_ms),
        },
    }


def _key(user: str, conversation: str) -> dict[str, str]:
    return {"u": user, "c": conversation}  # always in this order: it is part of the key


def _burst(document: Document) -> Burst:
    fields = {name: value for name, value in document.items() if name in _FIELDS}
    user, conversation = _place(document)
    return msgspec.convert({**fields, "user": user, "conversation": conversation}, Burst)


def _place(document: Document) -> tuple[str, str]:
    return document["_id"]["u"], document["_id"]["c"]


def _forgotten_at(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1000, UTC) + timedelta(days=KEPT_DAYS)
