"""The devices of people, each with the tokens it came with.

A device that comes back as it was costs a share of one look-up; when it came is written behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from chatserver.domain.device import Device
from chatserver.domain.person import DeviceInfo, Identity
from chatserver.errors import Unavailable
from chatserver.store.database import Database, Document, fixed
from chatserver.store.gather import BATCH_MAX, BEHIND_S, Batches

TOKENS_MAX = 50
"""Unexpired tokens remembered of a device; renewing more often than this forgets the oldest."""

_LAST_KNOWN = {"platform": 1, "name": 1, "foreground": 1, "tokens": {"$slice": -1}}

_OTHER_TOKENS = {
    "$filter": {
        "input": {"$ifNull": ["$tokens", []]},
        "cond": {"$and": [{"$gt": ["$$this.until", "$$now"]}, {"$ne": ["$$this.id", "$$token"]}]},
    }
}
_TOKENS = {
    "$slice": [
        {"$concatArrays": [_OTHER_TOKENS, [{"id": "$$token", "until": "$$until"}]]},
        -TOKENS_MAX,
    ]
}
_RENEWED = [fixed({"$set": {"tokens": _TOKENS}})]
_PRESENT = [
    fixed(
        {
            "$set": {
                "user": "$$user",
                "device": "$$device",
                "platform": "$$platform",
                "name": {"$ifNull": ["$$name", "$name", ""]},
                "foreground": True,
                "created_at": {"$ifNull": ["$created_at", "$$now"]},
                "connected_at": "$$now",
                "tokens": _TOKENS,
            }
        }
    )
]

Place = tuple[str, str]  # user, device


class Token(Struct, frozen=True):
    """A token that a device came with; `until` is when it expires, in milliseconds."""

    id: str
    until: int


class DeviceRecords:
    """The devices collection: `_id` is `{u: user, d: device}`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._devices = database.collection("devices")
        self._lookups = database.lookups("devices")
        self._known = Batches("devices looked up", self._find)
        self._changed = Batches("devices written", self._write)
        self._back = Batches("devices back", self._write_back, pause_s=BEHIND_S)
        self._back_at: dict[Place, int] = {}  # until it is written
        self._lists = Batches("devices listed", self._find_of_users)

    async def connected(self, identity: Identity, info: DeviceInfo, now: int) -> bool:
        """Record that the device connected with this token; whether it is new on its platform.

        Raises:
            Unavailable: not confirmed in time.
        """
        place = (identity.user, info.id)
        known = await self._known.put(place)
        if known is not None and _is_as_before(known, identity, info):
            self._back_at[place] = now
            self._back.put((place, now))  # nobody need wait for this
            return False
        made = await self._changed.put(_saying(identity, info, now))
        return made or (known is not None and known["platform"] != info.platform)

    async def renewed(self, identity: Identity, device: str, now: int) -> None:
        """Record that the device goes on with this token.

        Raises:
            Unavailable: not confirmed in time.
        """
        await self._changed.put(_renewing(identity, device, now))

    async def of_user(self, user: str) -> list[Device]:
        """The person's devices, the one that connected last first.

        Raises:
            Unavailable: no answer in time.
        """
        return await self._lists.put(user)

    async def tokens(self, user: str, device: str) -> list[Token] | None:
        """The tokens the device came with; None when there is no such device.

        Raises:
            Unavailable: no answer in time.
        """
        async with self._database.answering():
            document = await self._devices.find_one({"_id": {"$eq": _key(user, device)}})
        return None if document is None else _tokens(document)

    async def describe(
        self, user: str, device: str, *, foreground: bool | None, name: str | None
    ) -> bool:
        """Set what is not None; whether there is such a device.

        Raises:
            Unavailable: not confirmed in time.
        """
        given = {"foreground": foreground, "name": name}
        changed = {field: value for field, value in given.items() if value is not None}
        if not changed:
            return True
        async with self._database.answering():
            result = await self._devices.update_one(
                {"_id": {"$eq": _key(user, device)}}, {"$set": changed}
            )
        return bool(result.matched_count)

    async def remove(self, user: str, device: str) -> list[Token]:
        """Forget a device; the tokens it came with up to now.

        Raises:
            Unavailable: not confirmed in time.
        """
        async with self._database.answering():
            document = await self._devices.find_one_and_delete({"_id": {"$eq": _key(user, device)}})
        return [] if document is None else _tokens(document)

    async def remove_all(self, user: str) -> None:
        """Forget all devices of a person.

        Raises:
            Unavailable: not confirmed in time.
        """
        async with self._database.answering():
            await self._devices.delete_many({"user": {"$eq": user}, **self._within((user,))})

    def _within(self, users: Iterable[str]) -> Document:
        return self._database.within("devices", users)

    async def _find(self, places: list[Place]) -> list[Document | None]:
        keys = [_key(*place) for place in set(places)]
        query = {"_id": {"$in": keys}, **self._within(user for user, _ in places)}
        async with self._database.answering():
            # one more than can come, so that there is nothing left to fetch
            cursor = self._lookups.find(query, _LAST_KNOWN, batch_size=BATCH_MAX + 1)
            found = await cursor.to_list(None)
        by_place = {(document["_id"]["u"], document["_id"]["d"]): document for document in found}
        return [by_place.get(place) for place in places]

    async def _write(self, updates: list[Document]) -> Sequence[bool | Unavailable]:
        async with self._database.answering():
            return await self._database.update_each("devices", updates)

    async def _write_back(self, times: list[tuple[Place, int]]) -> Sequence[None]:
        try:
            async with self._database.answering():
                await self._database.raise_fields(
                    "devices", [(_key(*place), {"connected_at": at}) for place, at in times]
                )
        finally:
            for place, at in times:
                if self._back_at.get(place) == at:
                    del self._back_at[place]
        return [None] * len(times)

    async def _find_of_users(self, users: list[str]) -> list[list[Device]]:
        # as of before the query: what is written during it is not in what was read either
        back_at = dict(self._back_at)
        async with self._database.answering():
            query = {"user": {"$in": list(set(users))}, **self._within(users)}
            cursor = self._devices.find(query, {"tokens": 0})
            documents = await cursor.to_list(None)
        of_user: dict[str, list[Device]] = defaultdict(list)
        for document in documents:
            came = back_at.get((document["user"], document["device"]), 0)
            of_user[document["user"]].append(_device(document, came))
        return [sorted(of_user[user], key=_connected_at, reverse=True) for user in users]


def _key(user: str, device: str) -> Document:
    return {"u": user, "d": device}  # always in this order: it is part of the key


def _connected_at(device: Device) -> int:
    return device.connected_at


def _is_as_before(known: Document, identity: Identity, info: DeviceInfo) -> bool:
    """Whether all that this connect says is recorded, but for its time."""
    return (
        known["platform"] == info.platform
        and known["name"] == (info.name or known["name"])
        and bool(known["foreground"])
        and known["tokens"] == [{"id": identity.token_id, "until": identity.expires_at}]
    )


def _saying(identity: Identity, info: DeviceInfo, now: int) -> Document:
    constants = {
        "user": identity.user,
        "device": info.id,
        "platform": info.platform,
        "name": info.name or None,
        **_token(identity, now),
    }
    return {**_update(identity.user, info.id, _PRESENT, constants), "upsert": True}


def _renewing(identity: Identity, device: str, now: int) -> Document:
    return _update(identity.user, device, _RENEWED, _token(identity, now))


def _token(identity: Identity, now: int) -> Document:
    return {"token": identity.token_id, "until": identity.expires_at, "now": now}


def _update(user: str, device: str, pipeline: list[Document], constants: Document) -> Document:
    """What clients say goes as constants, so that it is never read as a path."""
    return {"q": {"_id": {"$eq": _key(user, device)}}, "u": pipeline, "c": constants}


def _tokens(document: Document) -> list[Token]:
    return [Token(token["id"], token["until"]) for token in document["tokens"]]


def _device(document: Document, came: int) -> Device:
    """`came` is when it connected last, where that may not be written yet."""
    fields: dict[str, Any] = {name: document[name] for name in Device.__struct_fields__[1:]}
    fields["connected_at"] = max(came, fields["connected_at"])
    return Device(id=document["device"], **fields)
