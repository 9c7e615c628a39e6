"""Who has which provider's token: one device at a time, of all people.

A device's address lies on its own record, where it is read. This collection says whose record that
is, because tokens are one phone's and people lend phones: whoever registers a token takes it from
the record that had it. Both are written in one transaction. Each registration has a `claim` of its
own, so that what ends one never ends a later one of the same token.

    push_tokens   {_id: digest of provider, app and token; user, device, claim}
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs
from pymongo import ReturnDocument

from chatserver.domain.push.notification import Address
from chatserver.store.database import Database, Document, Session, find_one_and_update

_NAMES = frozenset(Address.__struct_fields__)


class PushTokens:
    """The collection `push_tokens`."""

    def __init__(self, database: Database) -> None:
        self._collection = database.collection("push_tokens")

    async def take(
        self, user: str, device: str, address: Mapping[str, Any], session: Session
    ) -> Document | None:
        """This device has the token from now on; who had it before."""
        before: Document | None = await find_one_and_update(
            self._collection,
            {"_id": {"$eq": _digest(address)}},
            {"$set": {"user": user, "device": device, "claim": address["claim"]}},
            upsert=True,
            return_document=ReturnDocument.BEFORE,
            session=session,
        )
        return before

    async def release(self, address: Mapping[str, Any], session: Session | None = None) -> None:
        """Nobody has it by this registration any more."""
        mine = {"_id": {"$eq": _digest(address)}, "claim": address["claim"]}
        await self._collection.delete_one(mine, session=session)


def to_document(address: Address) -> dict[str, Any]:
    """An address as it lies on a device's record, registered just now."""
    fields = {name: value for name, value in structs.asdict(address).items() if value is not None}
    if address.keys is not None:
        fields["keys"] = structs.asdict(address.keys)
    return {**fields, "claim": secrets.token_bytes(8)}


def from_document(document: Mapping[str, Any]) -> Address:
    """The address on a device's record."""
    fields = {name: value for name, value in document.items() if name in _NAMES}
    return msgspec.convert(fields, Address)


def _digest(address: Mapping[str, Any]) -> bytes:
    told = [address["provider"], address["app"], address["token"]]
    return hashlib.sha256(msgspec.json.encode(told)).digest()
