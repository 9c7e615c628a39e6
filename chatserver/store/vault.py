"""Personal data kept sealed, and the only place that encrypts.

Each person has a data key, made with the first value that is sealed for them and stored wrapped by
a master key of the operator's. A sealed value opens only at the place it was sealed for, and only
while the person's data key is there: deleting that one document erases all of it, in backups of
other collections too. Keys are never kept in memory, so that holds on every node at once.

    data_keys       {_id: person, key: id, master: id, wrapped: nonce + AES-256-GCM(data key)}
    a sealed value  version, data key's id, nonce, AES-256-GCM(text); bound to version, id and place

Master keys are renewed in four steps, each on all nodes before the next one: name the new key last
in CHAT_DATA_KEYS, name it first, run `chatserver rotate-keys`, drop the old one. What is sealed
stays as it is; only data keys are wrapped anew.

Look-ups of sealed values by equality use a blind index: HMAC-SHA-256 under a key of its own for
each field, derived by HKDF from one index key. That one is random and wrapped like a person's data
key, not derived from a master key, because digests must outlive the rotation of those.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Struct
from pymongo import ReturnDocument

from chatserver.config import Settings, SettingsError, StartError
from chatserver.errors import Unavailable, Unsupported
from chatserver.store.database import Database, Document, find_one_and_update
from chatserver.store.gather import Gather

VERSION = b"\x01"
KEY_BYTES = 32
ID_BYTES = 8
NONCE_BYTES = 12
ROTATED_AT_ONCE = 500  # data keys in one command

_INDEX_OWNER = " index"  # ids of people hold no blanks
_LISTED = re.compile(r"([A-Za-z0-9_-]{1,32}):(.*)", re.DOTALL)


class SealBroken(Exception):
    """What is stored was never sealed there: it was changed, or moved from another place."""


class Place(Struct, frozen=True):
    """Where a sealed value belongs; it opens nowhere else."""

    collection: str
    person: str
    field: str


class Rotation(Struct, frozen=True):
    """How a rotation ended.

    Of the data keys `rewrapped` were wrapped anew, and `broken` do not open, as somebody changed
    them. `missing` are ids of master keys by which others are wrapped and which we do not have.
    """

    rewrapped: int
    broken: int
    missing: tuple[str, ...]


class MasterKeys:
    """The operator's keys, by id; they wrap data keys and nothing else."""

    def __init__(self, listed: Iterable[str]) -> None:
        """`listed` are `id:base64` as in CHAT_DATA_KEYS; none at all is allowed.

        Raises:
            SettingsError: one of them cannot be used; it is named by its position only.
        """
        self._ciphers: dict[str, AESGCM] = {}
        for position, text in enumerate(listed, 1):
            name, secret = _parse(text, position)
            if name in self._ciphers:
                raise SettingsError(f"CHAT_DATA_KEYS: key {position} has the id of an earlier one")
            self._ciphers[name] = AESGCM(secret)

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of each; new data keys are wrapped by the first."""
        return tuple(self._ciphers)

    def wrap(self, owner: str, key: _DataKey) -> dict[str, object]:
        """The fields of a data key as it is stored.

        Raises:
            Unsupported: there is no master key.
        """
        if not self._ciphers:
            raise Unsupported("Sensitive data is not kept here: the server has no data keys")
        master, cipher = next(iter(self._ciphers.items()))
        nonce = os.urandom(NONCE_BYTES)
        bound = _bound("data_keys", owner, master, key.id.hex())
        wrapped = nonce + cipher.encrypt(nonce, key.secret, bound)
        return {"key": key.id, "master": master, "wrapped": wrapped}

    def unwrap(self, document: Document) -> _DataKey:
        """The data key in a document.

        Raises:
            Unsupported: its master key is not among these.
            SealBroken: it was not wrapped for this owner.
        """
        owner, master, wrapped = document["_id"], document["master"], document["wrapped"]
        cipher = self._ciphers.get(master)
        if cipher is None:
            raise Unsupported(f"The data keys of this server lack the master key {master!r}")
        bound = _bound("data_keys", owner, master, document["key"].hex())
        return _DataKey(document["key"], _decrypt(cipher, wrapped, bound))


class Vault:
    """Seals and opens texts; the collection `data_keys`, whose `_id` is the person."""

    def __init__(self, database: Database, masters: MasterKeys) -> None:
        self._database = database
        self._masters = masters
        self._collection = database.collection("data_keys")
        self._gather = Gather(self._load)

    async def seal(self, texts: Mapping[Place, str]) -> dict[Place, bytes]:
        """Texts of any number of people, each sealed for its place.

        Raises:
            Unsupported: there are no master keys.
            Unavailable: MongoDB does not answer; so do the others.
        """
        keys = await self._keys_of({place.person for place in texts})
        for person in {place.person for place in texts} - keys.keys():
            keys[person] = await self._make(person)
        return {place: keys[place.person].seal(place, text) for place, text in texts.items()}

    async def open(self, sealed: Mapping[Place, bytes]) -> dict[Place, str]:
        """The texts behind sealed values; those that were erased are left out.

        Raises:
            Unsupported: a master key is missing.
            SealBroken: a value was changed, or sealed for another place.
        """
        keys = await self._keys_of({place.person for place in sealed})
        texts: dict[Place, str] = {}
        for place, value in sealed.items():
            key = keys.get(place.person)
            if key is not None and key.has_sealed(value):
                texts[place] = key.open(place, value)
        return texts

    async def forget(self, person: str) -> None:
        """Erase all that is sealed for a person; what is sealed from now on has another key.

        Digests of a blind index are not sealed: whoever stores them deletes them.
        """
        async with self._database.answering():
            await self._collection.delete_one({"_id": {"$eq": person}})

    async def digest(self, collection: str, field: str, text: str) -> bytes:
        """What stands for a text in a blind index: equal where field and text are.

        Raises:
            Unsupported: there are no master keys.
        """
        keys = await self._keys_of({_INDEX_OWNER})
        key = keys.get(_INDEX_OWNER) or await self._make(_INDEX_OWNER)
        info = _bound("index", collection, field)
        derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key.secret)
        return hmac.digest(derived, text.encode(), "sha256")

    async def rotate(self) -> Rotation:
        """Wrap by the first master key every data key that is not; to be repeated as one likes.

        Ended half-way it has done a part, and the next one does the rest. There must be a master
        key.
        """
        first, *others = self._masters.ids
        used = await self.masters_in_use()
        rewrapped = broken = 0
        for master in used.intersection(others):
            async for page in self._pages(master):
                done = await self._rewrap(page)
                rewrapped, broken = rewrapped + done, broken + len(page) - done
        return Rotation(rewrapped, broken, tuple(sorted(used - {first, *others})))

    async def masters_in_use(self) -> frozenset[str]:
        """The ids of the master keys by which any data key is wrapped."""
        async with self._database.answering():
            return frozenset(await self._collection.distinct("master"))

    async def _keys_of(self, people: Iterable[str]) -> dict[str, _DataKey]:
        documents = await self._gather.get_all(people)
        return {person: self._masters.unwrap(found) for person, found in documents.items()}

    async def _load(self, people: list[str]) -> dict[str, Document]:
        async with self._database.answering():
            found = await self._collection.find({"_id": {"$in": people}}).to_list(None)
        return {document["_id"]: document for document in found}

    async def _make(self, person: str) -> _DataKey:
        """The person's first key; of several made at once, by other nodes too, one stays."""
        made = _DataKey(os.urandom(ID_BYTES), os.urandom(KEY_BYTES))
        async with self._database.answering():
            document = await find_one_and_update(
                self._collection,
                {"_id": {"$eq": person}},
                {"$setOnInsert": self._masters.wrap(person, made)},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return self._masters.unwrap(document)

    async def _pages(self, master: str) -> AsyncIterator[list[Document]]:
        """All data keys under a master key, some at a time."""
        after = ""
        while page := await self._page(master, after):
            yield page
            after = page[-1]["_id"]

    async def _page(self, master: str, after: str) -> list[Document]:
        query = {"master": master, "_id": {"$gt": after}}
        async with self._database.answering():
            cursor = self._collection.find(query).sort("_id", 1).limit(ROTATED_AT_ONCE)
            page: list[Document] = await cursor.to_list(None)
        return page

    async def _rewrap(self, page: Iterable[Document]) -> int:
        """How many of these opened and are under the first master key now, or gone meanwhile."""
        updates = []
        for document in page:
            with suppress(SealBroken):
                updates.append(self._rewrapping(document))
        if updates:
            async with self._database.answering():
                outcomes = await self._database.update_each("data_keys", updates)
            if any(isinstance(outcome, Unavailable) for outcome in outcomes):
                raise Unavailable
        return len(updates)

    def _rewrapping(self, document: Document) -> Document:
        key = self._masters.unwrap(document)
        # only what was read: a key forgotten and made anew meanwhile must stay the new one
        same = {"_id": {"$eq": document["_id"]}, "wrapped": document["wrapped"]}
        return {"q": same, "u": {"$set": self._masters.wrap(document["_id"], key)}}


async def rotate(settings: Settings) -> Rotation:
    """Rotate the keys of the database that the settings name.

    Raises:
        SettingsError: there are no master keys, or one of the settings cannot be used.
        StartError: MongoDB does not answer; what was done stays done.
    """
    masters = MasterKeys(settings.data_keys)
    if not masters.ids:
        raise SettingsError("CHAT_DATA_KEYS is not set, so there is no key to rotate to")
    database = Database(
        settings.mongo_url,
        settings.mongo_database,
        driver=settings.mongo_driver,
        timeout_ms=settings.store_timeout_ms,
    )
    try:
        return await Vault(database, masters).rotate()
    except Unavailable:
        raise StartError(
            "MongoDB does not answer; what was rotated stays so, run this again for the rest"
        ) from None
    finally:
        await database.close()


class _DataKey:
    """A key in the clear; without a repr that would show it."""

    __slots__ = ("id", "secret")

    def __init__(self, id_: bytes, secret: bytes) -> None:
        self.id = id_
        self.secret = secret

    def seal(self, place: Place, text: str) -> bytes:
        head, nonce = VERSION + self.id, os.urandom(NONCE_BYTES)
        return head + nonce + AESGCM(self.secret).encrypt(nonce, text.encode(), _at(place, head))

    def has_sealed(self, value: bytes) -> bool:
        """Whether the value names this key; otherwise its key was forgotten."""
        return value[: len(VERSION) + ID_BYTES] == VERSION + self.id

    def open(self, place: Place, value: bytes) -> str:
        head = VERSION + self.id
        return _decrypt(AESGCM(self.secret), value[len(head) :], _at(place, head)).decode()


def _decrypt(cipher: AESGCM, value: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(value[:NONCE_BYTES], value[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise SealBroken("A sealed value does not open") from None


def _at(place: Place, head: bytes) -> bytes:
    return _bound(head.hex(), place.collection, place.person, place.field)


def _bound(*parts: str) -> bytes:
    """The parts as bytes that no other parts give."""
    return msgspec.json.encode(parts)


def _parse(text: str, position: int) -> tuple[str, bytes]:
    listed = _LISTED.fullmatch(text)
    try:
        secret = base64.b64decode(listed[2], validate=True) if listed else b""
    except ValueError:
        secret = b""
    if listed is None or len(secret) != KEY_BYTES:
        raise SettingsError(f"CHAT_DATA_KEYS: key {position} is not `id:base64 of 32 bytes`")
    return listed[1], secret
