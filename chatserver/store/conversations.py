"""Conversations: who talks in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chatserver.domain.conversation import Conversation
from chatserver.store.database import Database
from chatserver.store.gather import Gather


class Conversations:
    """The collection `conversations`."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._collection = database.collection("conversations")
        self._gather = Gather(self._load)

    async def begin(self, conversation: Conversation) -> None:
        """Store a conversation; harmless when it is there."""
        fields = {
            "kind": conversation.kind,
            "members": list(conversation.members),
            "created_at": conversation.created_at,
            "head": {"seq": 0, "mod": 0},
        }
        async with self._db.answering():
            await self._collection.update_one(
                {"_id": conversation.id}, {"$setOnInsert": fields}, upsert=True
            )

    async def get(self, conversation: str) -> Conversation | None:
        """One conversation, None where there is none."""
        return await self._gather.get(conversation)

    async def get_all(self, conversations: Iterable[str]) -> dict[str, Conversation]:
        """Those of these conversations that exist."""
        return await self._gather.get_all(conversations)

    async def _load(self, conversations: list[str]) -> dict[str, Conversation]:
        async with self._db.answering():
            found = await self._collection.find({"_id": {"$in": conversations}}).to_list(None)
        return {document["_id"]: _from_document(document) for document in found}


def _from_document(document: Mapping[str, Any]) -> Conversation:
    return Conversation(
        id=document["_id"],
        kind=document["kind"],
        members=tuple(document["members"]),
        created_at=document["created_at"],
    )
