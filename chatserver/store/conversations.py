"""Conversations: who talks in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from chatserver.domain.conversation import Conversation, Room
from chatserver.store.database import Database
from chatserver.store.gather import ANSWER_MAX, Gather


class Conversations:
    """The collection `conversations`."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._collection = database.collection("conversations")
        self._gather = Gather(self._load)

    async def begin(self, conversation: Conversation) -> None:
        """Store a conversation; harmless when it is there."""
        async with self._db.answering():
            await self._collection.update_one(
                {"_id": conversation.id}, {"$setOnInsert": to_document(conversation)}, upsert=True
            )

    async def get(self, conversation: str) -> Conversation | None:
        """One conversation, None where there is none."""
        return await self._gather.get(conversation)

    async def get_all(self, conversations: Iterable[str]) -> dict[str, Conversation]:
        """Those of these conversations that exist."""
        return await self._gather.get_all(conversations)

    async def communities_of(self, shop: str) -> list[Conversation]:
        """All community rooms of a shop."""
        query = {"room.shop": {"$eq": shop}, "room.community": {"$type": "string"}}
        async with self._db.answering():
            found = await self._collection.find(query).to_list(None)
        return [from_document(document) for document in found]

    async def _load(self, conversations: list[str]) -> dict[str, Conversation]:
        query = {"_id": {"$in": conversations}}
        async with self._db.answering():
            found = await self._collection.find(query, batch_size=ANSWER_MAX).to_list(None)
        return {document["_id"]: from_document(document) for document in found}


def to_document(conversation: Conversation) -> dict[str, Any]:
    """The fields of a new conversation's document beside its `_id`."""
    fields = {
        "kind": conversation.kind,
        "created_at": conversation.created_at,
        "head": {"seq": 0, "mod": 0},
    }
    if conversation.room is None:
        return {**fields, "members": list(conversation.members)}
    return {**fields, "room": msgspec.to_builtins(conversation.room)}


def from_document(document: Mapping[str, Any]) -> Conversation:
    """The conversation in a document."""
    room = document.get("room")
    return Conversation(
        id=document["_id"],
        kind=document["kind"],
        members=tuple(document.get("members", ())),
        created_at=document["created_at"],
        changed_at=document.get("changed_at", 0),
        room=None if room is None else msgspec.convert(room, Room),
    )
