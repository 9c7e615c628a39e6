"""Media: what the server knows of each, and when somebody is to look whether it is still used.

`due` is that time. Whoever is about to refer to a medium moves it away first (`use`), and nobody
ever sets it nearer than the time an orphan is kept. So what the sweeper takes (`take`) has not been
referred to anew for so long that every message about it is in the log, or never comes.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection

import msgspec
from msgspec import structs
from pymongo import ReturnDocument

from chatserver.domain.media import About, Media, MediaKind
from chatserver.errors import NotFound
from chatserver.store.database import Database, Document, find_one_and_update

LINK_KEY_BYTES = 32


class MediaRecords:
    """The collections `media` (`_id`: its id) and `link_keys`."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._media = database.collection("media")
        self._keys = database.collection("link_keys")

    async def add(self, media: Media, due: int) -> None:
        """Keep a new one; everything of it can be read from now on.

        Raises:
            Unavailable: no answer in time; so do the others.
        """
        fields = {k: v for k, v in structs.asdict(media).items() if k not in ("id", "about")}
        about = msgspec.to_builtins(media.about)
        document = {"_id": media.id, **fields, "about": about, "due": due, "going": False}
        async with self._db.answering():
            await self._media.insert_one(document)

    async def get(self, id_: str) -> Media:
        """One medium.

        Raises:
            NotFound: there is none, or it is about to go.
        """
        async with self._db.answering():
            found = await self._media.find_one({"_id": {"$eq": id_}, "going": False})
        if found is None:
            raise NotFound
        return _media(found)

    async def all_of(self, ids: Collection[str]) -> list[Media]:
        """Those of the media that there are."""
        query = {"_id": {"$in": list(ids)}, "going": False}
        async with self._db.answering():
            return [_media(each) for each in await self._media.find(query).to_list(None)]

    async def same(
        self, owner: str, kind: MediaKind, source: str, name: str | None, due: int
    ) -> Media | None:
        """What somebody uploaded before with the same content, kind and name; used from now on."""
        query = {
            "owner": {"$eq": owner},
            "source": {"$eq": source},
            "kind": kind,
            "about.name": {"$eq": name},
            "going": False,
        }
        async with self._db.answering():
            found = await self._media.find_one(query, {"_id": 1})
        try:
            return await self._use(found["_id"], due) if found else None
        except NotFound:  # it is just about to go
            return None

    async def use(self, ids: Collection[str], due: int) -> list[Media]:
        """Media that a message is about to refer to, kept until `due` at least.

        Raises:
            NotFound: one of them is gone, or about to go.
        """
        return [await self._use(id_, due) for id_ in ids]

    async def unused(self, ids: Collection[str], due: int) -> None:
        """A message refers to these no longer: see at `due` whether others do."""
        async with self._db.answering():
            await self._media.update_many({"_id": {"$in": list(ids)}}, {"$min": {"due": due}})

    async def due(self, now: int, limit: int) -> list[str]:
        """Media to be looked after; those first that were due first."""
        query = {"due": {"$lte": now}}
        async with self._db.answering():
            found = self._media.find(query, {"_id": 1}).sort("due", 1).limit(limit)
            return [each["_id"] for each in await found.to_list(None)]

    async def use_on(self, id_: str, due: int) -> None:
        """Something refers to it; look again at `due`."""
        async with self._db.answering():
            await self._media.update_one({"_id": {"$eq": id_}}, {"$max": {"due": due}})

    async def take(self, id_: str, now: int) -> bool:
        """Let nobody refer to it any more, unless somebody has begun to; whether it may go."""
        query = {"_id": {"$eq": id_}, "due": {"$lte": now}}
        async with self._db.answering():
            taken = await self._media.update_one(query, {"$set": {"going": True}})
        return bool(taken.matched_count)

    async def give_back(self, id_: str, due: int) -> None:
        """It is in use after all; look again at `due`."""
        async with self._db.answering():
            await self._media.update_one(
                {"_id": {"$eq": id_}}, {"$set": {"going": False, "due": due}}
            )

    async def remove(self, id_: str) -> None:
        """Forget it, once nothing of it is kept."""
        async with self._db.answering():
            await self._media.delete_one({"_id": {"$eq": id_}})

    async def known(self, id_: str) -> bool:
        """Whether there is such a medium, also one about to go."""
        async with self._db.answering():
            return await self._media.find_one({"_id": {"$eq": id_}}, {"_id": 1}) is not None

    async def link_key(self) -> bytes:
        """The secret that signs addresses of media: the same for all nodes, made by the first."""
        fresh = {"$setOnInsert": {"key": secrets.token_bytes(LINK_KEY_BYTES)}}
        async with self._db.answering():
            found = await find_one_and_update(
                self._keys,
                {"_id": "media"},
                fresh,
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return bytes(found["key"])

    async def _use(self, id_: str, due: int) -> Media:
        query = {"_id": {"$eq": id_}, "going": False}
        async with self._db.answering():
            found = await find_one_and_update(self._media, query, {"$max": {"due": due}})
        if found is None:
            raise NotFound("There is no such upload, or it is gone; upload it again")
        return _media(found)


def _media(document: Document) -> Media:
    return Media(
        id=document["_id"],
        owner=document["owner"],
        kind=document["kind"],
        source=document["source"],
        about=msgspec.convert(document["about"], About),
    )
