"""How people want to be notified. Their phone numbers are kept sealed.

push_prefs   {_id: person; what they changed of `Prefs`; phone: sealed}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import UNSET, Struct, UnsetType
from pymongo import ReturnDocument

from chatserver.domain.push.prefs import DEFAULTS, Prefs
from chatserver.store.database import Database, Document, find_one_and_update
from chatserver.store.vault import Place, Vault

_NAMES = Prefs.__struct_fields__


class Kept(Struct, frozen=True):
    """What a person wants, and their phone number in the clear."""

    prefs: Prefs
    phone: str | None


class PushPrefs:
    """The collection `push_prefs`; who never said anything is not in it."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._collection = database.collection("push_prefs")

    async def get(self, user: str) -> Kept:
        """What this person wants.

        Raises:
            Unsupported: there is a number, and this server lacks the key for it.
            Unavailable: no answer in time; so do the others.
        """
        async with self._database.answering():
            found = await self._collection.find_one({"_id": {"$eq": user}})
        return await self._kept(user, found or {})

    async def change(
        self,
        user: str,
        changed: Mapping[str, object],
        phone: str | UnsetType | None = UNSET,
    ) -> Kept:
        """Set these fields of `Prefs`, and the number, or with None take it away.

        Raises:
            Unsupported: this server has no keys to keep a number.
        """
        place = _place(user)
        fields: dict[str, object] = {
            name: msgspec.to_builtins(value) for name, value in changed.items()
        }
        if isinstance(phone, str):
            fields["phone"] = (await self._vault.seal({place: phone}))[place]
        update: dict[str, object] = {"$set": fields} if fields else {}
        if phone is None:
            update["$unset"] = {"phone": ""}
        if not update:
            return await self.get(user)
        async with self._database.answering():
            stored = await find_one_and_update(
                self._collection,
                {"_id": {"$eq": user}},
                update,
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return await self._kept(user, stored)

    async def prefs_of(self, users: Iterable[str]) -> dict[str, Prefs]:
        """What each of these people wants; the defaults for those who never said anything."""
        distinct = set(users)
        known = await self._of(distinct, {"phone": 0})
        return {user: _prefs(known[user]) if user in known else DEFAULTS for user in distinct}

    async def phones_of(self, users: Iterable[str]) -> dict[str, str]:
        """The numbers of those of these people who gave one.

        Raises:
            Unsupported: this server lacks the key for one of them.
        """
        known = await self._of(users, {"phone": 1}, {"phone": {"$exists": True}})
        sealed = {_place(user): document["phone"] for user, document in known.items()}
        opened = await self._vault.open(sealed) if sealed else {}
        return {place.person: phone for place, phone in opened.items()}

    async def with_phones(self, users: Iterable[str]) -> set[str]:
        """Those of these people who gave a number; it stays sealed."""
        return {*await self._of(users, {"_id": 1}, {"phone": {"$exists": True}})}

    async def _of(
        self, users: Iterable[str], fields: Document, narrower: Document | None = None
    ) -> dict[str, Document]:
        async with self._database.answering():
            query = {"_id": {"$in": list(set(users))}, **(narrower or {})}
            found = await self._collection.find(query, fields).to_list(None)
        return {document["_id"]: document for document in found}

    async def _kept(self, user: str, document: Document) -> Kept:
        place, sealed = _place(user), document.get("phone")
        opened = await self._vault.open({place: sealed}) if sealed else {}
        return Kept(_prefs(document), opened.get(place))


def _prefs(document: Document) -> Prefs:
    said = {name: document[name] for name in _NAMES if name in document}
    return msgspec.convert(said, Prefs)


def _place(user: str) -> Place:
    return Place("push_prefs", user, "phone")
