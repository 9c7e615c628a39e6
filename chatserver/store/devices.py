"""The devices of people, each with the tokens it came with."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chatserver.domain.device import Device
from chatserver.domain.person import DeviceInfo, Identity
from chatserver.store.database import Database, Document

TOKENS_MAX = 50
"""Unexpired tokens remembered of a device; renewing more often than this forgets the oldest."""


class Token(Struct, frozen=True):
    """A token that a device came with; `until` is when it expires, in milliseconds."""

    id: str
    until: int


class DeviceRecords:
    """The devices collection: `_id` is `{u: user, d: device}`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._devices = database.collection("devices")

    async def connected(self, identity: Identity, info: DeviceInfo, now: int) -> bool:
        """Record that the device connected with this token; whether it is new on its platform.

        Raises:
            Unavailable: not confirmed in time.
        """
        async with self._database.answering():
            before = await self._devices.find_one_and_update(
                {"_id": {"$eq": _key(identity.user, info.id)}},
                [{"$set": _present(identity, info, now)}],
                upsert=True,
                projection={"platform": 1},
            )
        return before is None or before["platform"] != info.platform

    async def renewed(self, identity: Identity, device: str, now: int) -> None:
        """Record that the device goes on with this token.

        Raises:
            Unavailable: not confirmed in time.
        """
        async with self._database.answering():
            await self._devices.update_one(
                {"_id": {"$eq": _key(identity.user, device)}},
                [{"$set": {"tokens": _tokens_with(identity, now)}}],
            )

    async def of_user(self, user: str) -> list[Device]:
        """The person's devices, the one that connected last first.

        Raises:
            Unavailable: no answer in time.
        """
        async with self._database.answering():
            cursor = self._devices.find({"user": {"$eq": user}}).sort("connected_at", -1)
            documents = await cursor.to_list(None)
        return [_device(document) for document in documents]

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
            await self._devices.delete_many({"user": {"$eq": user}})


def _key(user: str, device: str) -> Document:
    return {"u": user, "d": device}  # always in this order: it is part of the key


def _present(identity: Identity, info: DeviceInfo, now: int) -> Document:
    """The device's fields in an update pipeline: what clients say must not be read as a path."""
    return {
        "user": {"$literal": identity.user},
        "device": {"$literal": info.id},
        "platform": info.platform,
        "name": {"$literal": info.name} if info.name else {"$ifNull": ["$name", ""]},
        "foreground": True,
        "created_at": {"$ifNull": ["$created_at", now]},
        "connected_at": now,
        "tokens": _tokens_with(identity, now),
    }


def _tokens_with(identity: Identity, now: int) -> Document:
    new = {"id": {"$literal": identity.token_id}, "until": identity.expires_at}
    others = {
        "$filter": {
            "input": {"$ifNull": ["$tokens", []]},
            "cond": {
                "$and": [
                    {"$gt": ["$$this.until", now]},
                    {"$ne": ["$$this.id", {"$literal": identity.token_id}]},
                ]
            },
        }
    }
    return {"$slice": [{"$concatArrays": [others, [new]]}, -TOKENS_MAX]}


def _tokens(document: Document) -> list[Token]:
    return [Token(token["id"], token["until"]) for token in document["tokens"]]


def _device(document: Document) -> Device:
    fields: dict[str, Any] = {name: document[name] for name in Device.__struct_fields__[1:]}
    return Device(id=document["device"], **fields)
