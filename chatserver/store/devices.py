"""The devices of people, each with the tokens it came with and where notifications for it go.

A device that comes back as it was costs a share of one look-up; when it came is written behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from chatserver.domain.device import Addressed, Device
from chatserver.domain.person import DeviceInfo, Identity
from chatserver.domain.push.notification import Address
from chatserver.errors import Unavailable
from chatserver.store.database import Database, Document, Session, find_one_and_update, fixed
from chatserver.store.gather import BATCH_MAX, BEHIND_S, Batches
from chatserver.store.push_tokens import PushTokens, from_document, to_document

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
        self._known = Batches("devices looked up", partial(self._find, _LAST_KNOWN))
        self._addresses = Batches("addresses looked up", partial(self._find, {"push": 1}))
        self._changed = Batches("devices written", self._write)
        self._back = Batches("devices back", self._write_back, pause_s=BEHIND_S)
        self._back_at: dict[Place, int] = {}  # until it is written
        self._lists = Batches("devices listed", self._find_of_users)
        self._push_tokens = PushTokens(database)

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
            if document is not None and "push" in document:
                await self._push_tokens.release(document["push"])
        return [] if document is None else _tokens(document)

    async def remove_all(self, user: str) -> None:
        """Forget all devices of a person.

        Raises:
            Unavailable: not confirmed in time.
        """
        of_user = {"user": {"$eq": user}, **self._within((user,))}
        async with self._database.answering():
            addressed = await self._devices.find(of_user, {"push": 1}).to_list(None)
            await self._devices.delete_many(of_user)
            for document in addressed:
                if "push" in document:
                    await self._push_tokens.release(document["push"])

    async def address(self, user: str, device: str) -> Address | None:
        """Where notifications for a device go.

        Raises:
            Unavailable: no answer in time.
        """
        found = await self._addresses.put((user, device))
        return from_document(found["push"]) if found and "push" in found else None

    async def set_address(self, user: str, device: str, address: Address | None) -> bool:
        """Say where notifications for a device go, and no other device's go there from then on;
        whether there is such a device.

        Raises:
            Busy: nothing was stored.
            Unavailable: not confirmed in time; doing it again is harmless.
        """
        mine = {"_id": {"$eq": _key(user, device)}}

        async def work(session: Session) -> bool:
            found = await self._devices.find_one(mine, {"push": 1}, session=session)
            if found is None:
                return False
            if "push" in found:
                await self._push_tokens.release(found["push"], session)
            if address is None:
                await self._devices.update_one(mine, {"$unset": {"push": ""}}, session=session)
                return True
            push = to_document(address)
            before = await self._push_tokens.take(user, device, push, session)
            if before is not None:
                await self._take_from(before, session)
            await self._devices.update_one(mine, {"$set": {"push": push}}, session=session)
            return True

        done: bool = await self._database.transaction(work)
        return done

    async def addresses_of(self, users: Iterable[str]) -> dict[str, list[Addressed]]:
        """The devices of these people that notifications can go to; who has none is left out.

        Raises:
            Unavailable: no answer in time.
        """
        distinct = set(users)
        query = {"user": {"$in": list(distinct)}, "push": {"$exists": True}}
        fields = {"user": 1, "device": 1, "platform": 1, "push": 1}
        async with self._database.answering():
            cursor = self._lookups.find({**query, **self._within(distinct)}, fields)
            documents = await cursor.to_list(None)
        of_user: dict[str, list[Addressed]] = defaultdict(list)
        for document in documents:
            of_user[document["user"]].append(_addressed(document))
        return dict(of_user)

    async def addressed(self, users: Iterable[str]) -> set[str]:
        """Those of these people who have a device that notifications can go to.

        Raises:
            Unavailable: no answer in time.
        """
        distinct = set(users)
        query = {"user": {"$in": list(distinct)}, "push": {"$exists": True}}
        async with self._database.answering():
            cursor = self._lookups.find({**query, **self._within(distinct)}, {"user": 1, "_id": 0})
            return {document["user"] for document in await cursor.to_list(None)}

    async def forget_address(self, user: str, device: str, token: str) -> None:
        """No notification goes to the device any more, unless it got another token meanwhile.

        Raises:
            Unavailable: not confirmed in time; doing it again is harmless.
        """
        unchanged = {"_id": {"$eq": _key(user, device)}, "push.token": {"$eq": token}}
        async with self._database.answering():
            found = await find_one_and_update(
                self._devices, unchanged, {"$unset": {"push": ""}}, projection={"push": 1}
            )
            if found is not None:
                await self._push_tokens.release(found["push"])

    async def _take_from(self, before: Document, session: Session) -> None:
        """A device whose token another one has now is not notified any more."""
        key = _key(before["user"], before["device"])
        still = {"_id": {"$eq": key}, "push.claim": before["claim"]}
        await self._devices.update_one(still, {"$unset": {"push": ""}}, session=session)

    def _within(self, users: Iterable[str]) -> Document:
        return self._database.within("devices", users)

    async def _find(self, fields: Document, places: list[Place]) -> list[Document | None]:
        keys = [_key(*place) for place in set(places)]
        query = {"_id": {"$in": keys}, **self._within(user for user, _ in places)}
        async with self._database.answering():
            # one more than can come, so that there is nothing left to fetch
            cursor = self._lookups.find(query, fields, batch_size=BATCH_MAX + 1)
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
            cursor = self._devices.find(query, {"tokens": 0, "push": 0})
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


def _addressed(document: Document) -> Addressed:
    address = from_document(document["push"])
    return Addressed(document["device"], document["platform"], address)


def _device(document: Document, came: int) -> Device:
    """`came` is when it connected last, where that may not be written yet."""
    fields: dict[str, Any] = {name: document[name] for name in Device.__struct_fields__[1:]}
    fields["connected_at"] = max(came, fields["connected_at"])
    return Device(id=document["device"], **fields)
