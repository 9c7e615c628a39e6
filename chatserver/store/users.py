"""People. A person exists from the first valid token on.

Whoever comes back and is known as the token says costs a share of one look-up and no write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from pymongo import UpdateOne

from chatserver.domain.person import Identity, Person, Role
from chatserver.domain.words import Terms, tokens
from chatserver.errors import Unavailable
from chatserver.store.database import Database, Document, Rise
from chatserver.store.gather import ANSWER_MAX, BATCH_MAX, BEHIND_S, Batches, Gather

SEEN_EVERY_MS = 3_600_000  # `seen_at` is no more exact than this
NAMED_MAX = 200  # people with one name that are looked through


class Users:
    """The users collection: `_id` is the person's id."""

    def __init__(self, database: Database, *, newcomers_due: bool = False) -> None:
        """Who changes is always due to be looked at; `newcomers_due` says that newcomers are, too.

        They concern nothing but rules of communities, and when rules come everybody becomes due.
        """
        self._newcomers_due = newcomers_due
        self._database = database
        self._users = database.collection("users")
        self._lookups = database.lookups("users")
        self._people = Gather(self._load)
        self._known = Batches("users looked up", self._find)
        self._changed = Batches("users written", self._write)
        self._seen = Batches("users seen", self._raise, pause_s=BEHIND_S)

    async def ensure(self, identity: Identity, now: int) -> Person:
        """The person behind a token, made on first sight; what the token says replaces what was.

        A person whose tokens never said a name is called by their id.

        Raises:
            Unavailable: not confirmed in time.
        """
        known = await self._known.put(identity.user)
        if known is None or _is_news(identity, known):
            is_due = known is not None or self._newcomers_due
            await self._changed.put(_saying(identity, now, is_due=is_due))
        elif now - known["seen_at"] >= SEEN_EVERY_MS:
            self._seen.put((identity.user, {"seen_at": now}))  # nobody need wait for this
        return _known_as(identity, known or {})

    async def people(self, ids: Iterable[str]) -> dict[str, Person]:
        """Those of the people who exist, by id.

        Raises:
            Unavailable: no answer in time.
        """
        return await self._people.get_all(ids)

    async def of_shop(self, shop: str, roles: Collection[Role]) -> list[str]:
        """Those who work for a shop in one of these roles.

        Raises:
            Unavailable: no answer in time.
        """
        query = {"shop": {"$eq": shop}, "role": {"$in": list(roles)}}
        async with self._database.answering():
            found = await self._lookups.find(query, {"_id": 1}).to_list(None)
        return [document["_id"] for document in found]

    async def named(self, shop: str, terms: Terms, roles: Collection[Role]) -> list[Person]:
        """People of a shop in one of these roles whose name has these words, by name; some of them
        where there are very many.

        Raises:
            Unavailable: no answer in time.
        """
        query = {
            "shop": {"$eq": shop},
            "found_by": {"$all": list(terms.tokens)},
            "role": {"$in": list(roles)},
        }
        async with self._database.answering():
            cursor = self._lookups.find(query).hint("named").limit(NAMED_MAX)
            found = await cursor.to_list(None)
        people = (_person(document) for document in found)
        fitting = (person for person in people if terms.match(person.name))
        return sorted(fitting, key=lambda person: (person.name, person.user))

    async def name_some(self) -> int:
        """Note by what some people's names are found where that is not noted yet; of how many.

        Raises:
            Unavailable: no answer in time.
        """
        unknown = {"found_by": {"$exists": False}}
        async with self._database.answering():
            found = await self._lookups.find(unknown, {"name": 1}).limit(BATCH_MAX).to_list(None)
            updates = [
                UpdateOne(
                    {"_id": {"$eq": each["_id"]}, "name": each["name"]},
                    {"$set": {"found_by": _found_by(each["name"])}},
                )
                for each in found
            ]
            if updates:
                await self._users.bulk_write(updates, ordered=False)
        return len(updates)

    async def _load(self, ids: list[str]) -> dict[str, Person]:
        query = {"_id": {"$in": ids}}
        async with self._database.answering():
            found = await self._lookups.find(query, batch_size=ANSWER_MAX).to_list(None)
        return {document["_id"]: _person(document) for document in found}

    async def _find(self, ids: list[str]) -> list[Document | None]:
        query = {"_id": {"$in": list(set(ids))}}
        async with self._database.answering():
            # one more than can come, so that there is nothing left to fetch
            found = await self._lookups.find(query, batch_size=BATCH_MAX + 1).to_list(None)
        by_id = {document["_id"]: document for document in found}
        return [by_id.get(id_) for id_ in ids]

    async def _write(self, updates: list[Document]) -> Sequence[bool | Unavailable]:
        async with self._database.answering():
            return await self._database.update_each("users", updates)

    async def _raise(self, rises: list[Rise]) -> Sequence[None]:
        async with self._database.answering():
            await self._database.raise_fields("users", rises)
        return [None] * len(rises)


def _is_news(identity: Identity, known: Document) -> bool:
    """Whether the token says anything else than what is known."""
    return (
        identity.role != known["role"]
        or identity.name not in (None, known["name"])
        or identity.shop not in (None, known.get("shop"))
    )


def _known_as(identity: Identity, known: Document) -> Person:
    """The person once what the token says has replaced what was known."""
    return Person(
        user=identity.user,
        name=known.get("name", identity.user) if identity.name is None else identity.name,
        role=identity.role,
        shop=known.get("shop") if identity.shop is None else identity.shop,
    )


def _saying(identity: Identity, now: int, *, is_due: bool) -> Document:
    says: dict[str, Any] = {"role": identity.role}
    if is_due:
        says["due"] = now
    first: dict[str, Any] = {"created_at": now}
    if identity.shop is not None:
        says["shop"] = identity.shop
    if identity.name is not None:
        says.update(name=identity.name, found_by=_found_by(identity.name))
    else:
        first.update(name=identity.user, found_by=_found_by(identity.user))
    return {
        "q": {"_id": {"$eq": identity.user}},
        "u": {"$set": says, "$setOnInsert": first, "$max": {"seen_at": now}},
        "upsert": True,
    }


def _found_by(name: str) -> list[str]:
    return sorted(tokens(name))


def _person(document: Document) -> Person:
    return Person(
        user=document["_id"],
        name=document["name"],
        role=document["role"],
        shop=document.get("shop"),
    )
