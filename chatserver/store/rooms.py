"""Rooms and their memberships: every act is decided and saved in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, structs

from chatserver.domain.conversation import Conversation
from chatserver.domain.membership import Head, Membership
from chatserver.domain.scene import Note, Ruling
from chatserver.errors import NotFound
from chatserver.store import conversations, cursors
from chatserver.store.database import Database, Document, Session

Decide = Callable[[Conversation, Mapping[str, Membership]], Ruling | None]

# positions and own settings belong to `store/cursors`; an act only raises the positions
_OWN = {"read", "delivered", "prefs", "touched_at"}


class Settled(Struct, frozen=True):
    """What an act came to: the room as it is now, the memberships that changed, who of them went,
    what to tell."""

    conversation: Conversation
    members: tuple[Membership, ...] = ()
    went: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    changed: bool = False


class Rooms:
    """The collections `conversations` and `memberships`, where both move together."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._conversations = database.collection("conversations")
        self._memberships = database.collection("memberships")

    async def settle(
        self,
        conversation: str,
        users: Iterable[str],
        decide: Decide,
        now_ms: int,
        *,
        with_admins: bool = False,
    ) -> Settled:
        """Let `decide` say what becomes of a room, and save room and memberships together.

        `decide` sees the room and those of the `users`' memberships that exist, `with_admins`
        also those of its owner and admins. What it raises ends the transaction with nothing saved.

        Raises:
            NotFound: there is no such room.
            Busy: too many change the room at once; nothing was saved.
            Unavailable: the outcome is unknown; acting again is harmless.
        """
        people = tuple(dict.fromkeys(users))

        async def work(session: Session) -> Settled:
            found = await self._conversation(conversation, session)
            members = await self._members(conversation, people, session)
            if with_admins:
                members |= await self._admins(conversation, session)
            ruling = decide(found, members)
            return await self._save(found, ruling, now_ms, session)

        settled: Settled = await self._db.transaction(work)
        return settled

    async def begin(self, conversation: Conversation, ruling: Ruling, now_ms: int) -> Settled:
        """Save a new room with its first members; harmless when it is there."""

        async def work(session: Session) -> Settled:
            standing = await self._conversations.find_one({"_id": conversation.id}, session=session)
            if standing is not None:
                return Settled(conversations.from_document(standing))
            document = {"_id": conversation.id, **conversations.to_document(conversation)}
            await self._conversations.insert_one(document, session=session)
            return await self._save(conversation, ruling, now_ms, session)

        settled: Settled = await self._db.transaction(work)
        return settled

    async def seal(self, conversation: str, users: Iterable[str], until: Head) -> None:
        """Say where the logs stood when these people, who are gone, were seen to be gone."""
        ids = [_id(conversation, user) for user in users]
        async with self._db.answering():
            await self._memberships.update_many(
                {"_id": {"$in": ids}, "state": {"$nin": ["in", "invited", "asked"]}},
                {"$max": {"until.seq": until.seq, "until.mod": until.mod}},
            )

    async def _conversation(self, conversation: str, session: Session) -> Conversation:
        document = await self._conversations.find_one({"_id": conversation}, session=session)
        if document is None or "room" not in document:
            raise NotFound
        return conversations.from_document(document)

    async def _members(
        self, conversation: str, users: Iterable[str], session: Session
    ) -> dict[str, Membership]:
        ids = [_id(conversation, user) for user in users]
        return await self._found({"_id": {"$in": ids}}, session)

    async def _admins(self, conversation: str, session: Session) -> dict[str, Membership]:
        query = {"conversation": conversation, "seated": True, "role": {"$ne": "member"}}
        return await self._found(query, session)

    async def _found(self, query: Document, session: Session) -> dict[str, Membership]:
        found = await self._memberships.find(query, session=session).to_list(None)
        return {document["user"]: cursors.from_document(document) for document in found}

    async def _save(
        self, conversation: Conversation, ruling: Ruling | None, now_ms: int, session: Session
    ) -> Settled:
        if ruling is None:
            return Settled(conversation)
        room = structs.replace(ruling.room, revision=conversation.the_room.revision + 1)
        await self._conversations.update_one(
            {"_id": conversation.id},
            {"$set": {"room": msgspec.to_builtins(room)}, "$max": {"changed_at": now_ms}},
            session=session,
        )
        for member in ruling.members:
            await self._memberships.update_one(
                {"_id": _id(conversation.id, member.user)},
                _saying(member, now_ms),
                upsert=True,
                session=session,
            )
        after = structs.replace(conversation, room=room)
        return Settled(after, ruling.members, ruling.went, ruling.notes, changed=True)


def _saying(member: Membership, now_ms: int) -> Document:
    fields = {
        name: value for name, value in msgspec.to_builtins(member).items() if name not in _OWN
    }
    says: dict[str, Any] = {**fields, "room": True, "seated": member.is_in, "acted_at": now_ms}
    return {
        "$set": says,
        "$max": {"read": member.read, "delivered": member.delivered, "touched_at": now_ms},
    }


def _id(conversation: str, user: str) -> dict[str, str]:
    return {"c": conversation, "u": user}
