"""People. A person exists from the first valid token on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chatserver.domain.person import Identity, Person
from chatserver.store.database import Database, Document


class Users:
    """The users collection: `_id` is the person's id."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._users = database.collection("users")

    async def ensure(self, identity: Identity, now: int) -> Person:
        """The person behind a token, made on first sight; what the token says replaces what was.

        A person whose tokens never said a name is called by their id.

        Raises:
            Unavailable: not confirmed in time.
        """
        async with self._database.answering():
            document = await self._users.find_one_and_update(
                {"_id": {"$eq": identity.user}},
                _seen(identity, now),
                upsert=True,
                return_document=True,  # as it is afterwards
            )
        return _person(document)

    async def people(self, ids: Iterable[str]) -> dict[str, Person]:
        """Those of the people who exist, by id.

        Raises:
            Unavailable: no answer in time.
        """
        async with self._database.answering():
            documents = await self._users.find({"_id": {"$in": list(ids)}}).to_list(None)
        return {document["_id"]: _person(document) for document in documents}


def _seen(identity: Identity, now: int) -> Document:
    says: dict[str, Any] = {"role": identity.role}
    first: dict[str, Any] = {"created_at": now}
    if identity.shop is not None:
        says["shop"] = identity.shop
    if identity.name is not None:
        says["name"] = identity.name
    else:
        first["name"] = identity.user
    return {"$set": says, "$setOnInsert": first, "$max": {"seen_at": now}}


def _person(document: Document) -> Person:
    return Person(
        user=document["_id"],
        name=document["name"],
        role=document["role"],
        shop=document.get("shop"),
    )
