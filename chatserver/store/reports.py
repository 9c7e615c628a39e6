"""Reported messages, each with its copies, until half a year after the last complaint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from pymongo import DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from chatserver.domain.media import referred
from chatserver.domain.message import Message
from chatserver.domain.report import (
    COPIES_MAX,
    REPORTERS_SHOWN,
    Complaint,
    Report,
    ReportState,
    Resolution,
)
from chatserver.store.database import Database, Document, find_one_and_update

REPORTERS_MAX = 10_000  # who are remembered, in a channel of many more
KEPT_MS = 180 * 86_400_000
_ORDER = [("last_at", DESCENDING), ("_id.c", DESCENDING), ("_id.s", DESCENDING)]

Place = tuple[str, int]


class Scope(Struct, frozen=True):
    """Whose reports: those of a room, or of a shop."""

    shop: str | None = None
    conversation: str | None = None

    def query(self) -> dict[str, Any]:
        """What finds them."""
        if self.conversation is not None:
            return {"_id.c": {"$eq": self.conversation}}
        return {"shop": {"$eq": self.shop}}


class Asked(Struct, frozen=True):
    """Which reports: of a scope, in a state, `but` not those about one person."""

    scope: Scope
    state: ReportState
    but: str


class Reports:
    """The collection `reports`; an `_id` is that of the message: `{c: conversation, s: seq}`.

    `by` are all who reported it, so that everybody does once; `media` what its copies refer to.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._reports = database.collection("reports")

    async def get(self, place: Place) -> Report | None:
        """A report with its context.

        Raises:
            Unavailable: no answer in time; so do the others.
        """
        async with self._db.answering():
            found = await self._reports.find_one({"_id": _id(place)})
        return _report(found) if found else None

    async def add(
        self, message: Message, shop: str | None, complaint: Complaint, context: Sequence[Message]
    ) -> bool:
        """Note a complaint about a message as it is; whether it is this person's first."""
        query = {
            "_id": _id((message.conversation, message.seq)),
            "by": {"$ne": _who(complaint)},
        }
        change = [_added(message, shop, complaint, context)]
        async with self._db.answering():
            try:
                await self._reports.update_one(query, change, upsert=True)
            except DuplicateKeyError:  # somebody was faster; or there is one, and this person's
                done = await self._reports.update_one(query, change)
                return bool(done.matched_count)
        return True

    async def page(self, asked: Asked, after: Place | None, limit: int) -> list[Report]:
        """Reports without their context, the latest complaint first."""
        query: dict[str, Any] = {
            **asked.scope.query(),
            "state": asked.state,
            "sender": {"$ne": asked.but},
        }
        async with self._db.answering():
            if after is not None:
                query |= await self._behind(after)
            found = self._reports.find(query, {"context": 0, "by": 0}).sort(_ORDER).limit(limit)
            return [_report(document) for document in await found.to_list(None)]

    async def count_open(self, scope: Scope) -> int:
        """How many wait."""
        async with self._db.answering():
            count: int = await self._reports.count_documents({**scope.query(), "state": "open"})
        return count

    async def refer_to(self, media: str) -> bool:
        """Whether a medium belongs to a message as it was reported."""
        async with self._db.answering():
            found = await self._reports.find_one({"media": {"$eq": media}}, {"_id": 1})
        return found is not None

    async def resolve(self, place: Place, revision: int, resolution: Resolution) -> Report | None:
        """Settle a report as of a revision; None where it is another one by now."""
        async with self._db.answering():
            found = await find_one_and_update(
                self._reports,
                {"_id": _id(place), "revision": revision},
                {
                    "$set": {"state": "resolved"},
                    "$inc": {"revision": 1},
                    "$push": {"resolutions": msgspec.to_builtins(resolution)},
                },
                return_document=ReturnDocument.AFTER,
            )
        return _report(found) if found else None

    async def _behind(self, after: Place) -> dict[str, Any]:
        last = await self._reports.find_one({"_id": _id(after)}, {"last_at": 1})
        at = last["last_at"] if last else 0
        conversation, seq = after
        return {
            "$or": [
                {"last_at": {"$lt": at}},
                {"last_at": at, "_id.c": {"$lt": conversation}},
                {"last_at": at, "_id.c": {"$eq": conversation}, "_id.s": {"$lt": seq}},
            ]
        }


def _added(
    message: Message, shop: str | None, complaint: Complaint, context: Sequence[Message]
) -> Document:
    """The stage of an update that makes a report, or adds to it; what is there already stays."""
    copy, said = _literal(message), _literal(complaint)
    until = datetime.fromtimestamp((complaint.at + KEPT_MS) / 1000, UTC)
    known = {"$in": [message.mod, {"$ifNull": ["$copies.mod_", []]}]}
    return {
        "$set": {
            "sender": {"$literal": message.sender},
            "shop": {"$ifNull": ["$shop", {"$literal": shop}]},
            "state": "open",
            "revision": {"$add": [{"$ifNull": ["$revision", 0]}, 1]},
            "count": {"$add": [{"$ifNull": ["$count", 0]}, 1]},
            "first_at": {"$ifNull": ["$first_at", complaint.at]},
            "last_at": {"$max": ["$last_at", complaint.at]},
            "until": {"$max": ["$until", until]},
            "by": _first(REPORTERS_MAX, _or_empty("by"), {"$literal": _who(complaint)}),
            "complaints": _first(REPORTERS_SHOWN, _or_empty("complaints"), said),
            "copies": {
                "$cond": [
                    known,
                    "$copies",
                    _first(COPIES_MAX, _or_empty("copies"), {"mod_": message.mod, "message": copy}),
                ]
            },
            "media": {"$setUnion": [_or_empty("media"), _literal(referred(message))]},
            "context": {"$ifNull": ["$context", _literal(context)]},
            "resolutions": _or_empty("resolutions"),
        }
    }


def _first(most: int, array: Document, item: object) -> Document:
    return {"$slice": [{"$concatArrays": [array, [item]]}, most]}


def _or_empty(name: str) -> Document:
    return {"$ifNull": [f"${name}", []]}


def _literal(value: object) -> Document:
    """A value of people's as itself: a text that begins with $ is no field."""
    return {"$literal": msgspec.to_builtins(value)}


def _who(complaint: Complaint) -> str:
    return f"f:{complaint.rule}" if complaint.rule else f"u:{complaint.user}"


def _id(place: Place) -> dict[str, Any]:
    return {"c": place[0], "s": place[1]}


def _report(document: Document) -> Report:
    plain = {name: document[name] for name in Report.__struct_fields__ if name in document}
    plain["copies"] = [each["message"] for each in document["copies"]]
    identity = {"conversation": document["_id"]["c"], "seq": document["_id"]["s"]}
    return msgspec.convert({**plain, **identity}, Report)
