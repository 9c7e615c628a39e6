"""Profiles, and the record of consents, which only grows.

A profile and its next line of that record are stored together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import structs

from chatserver.domain.profile import Changed, ConsentEntry, Record
from chatserver.store.database import Database, Document, Session
from chatserver.store.gather import Gather

Decide = Callable[[Record], Changed]


class Profiles:
    """The collections `profiles` (`_id`: person) and `consents` (`_id`: `{u: person, n: number}`).

    Birth dates are here in their sealed form only.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._profiles = database.collection("profiles")
        self._consents = database.collection("consents")
        self._users = database.collection("users")
        self._gather = Gather(self._load)

    async def get(self, user: str) -> Record:
        """A person's profile, empty where nothing is known.

        Raises:
            Unavailable: no answer in time; so do the others.
        """
        return await self._gather.get(user) or Record(user=user)

    async def get_all(self, users: Iterable[str]) -> dict[str, Record]:
        """The profiles of those of whom anything is known."""
        return await self._gather.get_all(users)

    async def change(self, user: str, decide: Decide, now_ms: int) -> Record:
        """Let `decide` say what becomes of a profile, and store it; what it raises stores nothing.

        `decide` may be asked several times, as when two changes meet. With the change the person
        is due to be looked at by the rules of communities.
        """

        async def work(session: Session) -> Record:
            known = await self._profiles.find_one({"_id": {"$eq": user}}, session=session)
            before = _record(known) if known else Record(user=user)
            changed = decide(before)
            if changed.record != before:
                await self._profiles.replace_one(
                    {"_id": {"$eq": user}}, _document(changed.record), upsert=True, session=session
                )
                await self._users.update_one(
                    {"_id": {"$eq": user}}, {"$set": {"due": now_ms}}, session=session
                )
            if changed.entry is not None:
                await self._consents.insert_one(_entry_document(changed.entry), session=session)
            return changed.record

        stored: Record = await self._database.transaction(work)
        return stored

    async def consents(self, user: str) -> list[ConsentEntry]:
        """A person's whole record of consents, in its order."""
        beyond = {"u": user, "n": {}}  # an object is above every number
        range_ = {"_id": {"$gt": {"u": user, "n": 0}, "$lt": beyond}}
        async with self._database.answering():
            found = await self._consents.find(range_).sort("_id", 1).to_list(None)
        return [_entry(document) for document in found]

    async def _load(self, users: list[str]) -> dict[str, Record]:
        async with self._database.answering():
            found = await self._profiles.find({"_id": {"$in": users}}).to_list(None)
        return {document["_id"]: _record(document) for document in found}


def _document(record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = structs.asdict(record)
    consents = {purpose: structs.asdict(given) for purpose, given in record.consents.items()}
    return {"_id": fields.pop("user"), **fields, "consents": consents}


def _record(document: Document) -> Record:
    return msgspec.convert({**_without_id(document), "user": document["_id"]}, Record)


def _entry_document(entry: ConsentEntry) -> dict[str, Any]:
    fields = structs.asdict(entry)
    return {"_id": {"u": fields.pop("user"), "n": fields.pop("number")}, **fields}


def _entry(document: Document) -> ConsentEntry:
    identity = {"user": document["_id"]["u"], "number": document["_id"]["n"]}
    return msgspec.convert({**_without_id(document), **identity}, ConsentEntry)


def _without_id(document: Document) -> Mapping[str, Any]:
    return {name: value for name, value in document.items() if name != "_id"}
