"""People, conversations and history, put into a database before a server is measured over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chatserver import clock
from chatserver.domain.conversation import Conversation, Room, direct_id
from chatserver.domain.membership import Head, Membership
from chatserver.store import conversations
from chatserver.store.database import Database
from chatserver.store.messages import to_document
from loadtest.bench.contestants import draft_of
from loadtest.bench.node import fill, membership

NAME = "A room of the benchmark"


class Seed:
    """Gathers documents as a server would have made them, and stores all of them at once.

    In every conversation the first member has sent all of the history; the others have been handed
    all of it. Nothing is known to have moved lately.
    """

    def __init__(self) -> None:
        self._documents: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("users", "conversations", "memberships", "messages")
        }

    def people(self, users: Sequence[str]) -> None:
        """Customers who have been here before, each called by the own id."""
        now = clock.now_ms()
        self._documents["users"] += [
            {"_id": user, "name": user, "role": "customer", "created_at": now, "seen_at": now}
            for user in users
        ]

    def direct(self, sender: str, other: str, *, history: int, unread: int = 0) -> str:
        """The conversation of two people, of which the other has not read the last messages."""
        members = tuple(sorted((sender, other)))
        made = Conversation(
            id=direct_id(sender, other), kind="direct", members=members, created_at=0
        )
        self._begin(made, sender, history)
        self._documents["memberships"] += [
            membership(made.id, user) | _reached(history, 0 if user == sender else unread)
            for user in members
        ]
        return made.id

    def room(self, id_: str, members: Sequence[str], *, history: int = 0, unread: int = 0) -> None:
        """A group of these members, the first of whom owns it and has sent all there is."""
        owner = members[0]
        room = Room(title=NAME, owner=owner, capacity=len(members), count=len(members))
        self._begin(Conversation(id=id_, kind="group", created_at=0, room=room), owner, history)
        self._documents["memberships"] += [
            _seated(id_, user, is_owner=user == owner)
            | _reached(history, 0 if user == owner else unread)
            for user in members
        ]

    def mention(self, conversation: str, seq: int, user: str) -> None:
        """Have a message of the history, stored last for this conversation, mention somebody."""
        messages = self._documents["messages"]
        found = next(d for d in reversed(messages) if d["_id"] == {"c": conversation, "s": seq})
        found["mentions"] = [user]

    async def store(self, url: str, database: str) -> None:
        """Write all of it."""
        kept = Database(url, database)
        try:
            for collection, documents in self._documents.items():
                await fill(kept, collection, documents)
        finally:
            await kept.close()

    def _begin(self, conversation: Conversation, sender: str, history: int) -> None:
        head = msgspec.to_builtins(Head(history, 0))
        document = {"_id": conversation.id, **conversations.to_document(conversation), "head": head}
        self._documents["conversations"].append(document)
        draft = draft_of(conversation.id, sender)
        for seq in range(1, history + 1):
            own = msgspec.structs.replace(draft, client_id=f"{seq}")
            self._documents["messages"].append(to_document(own, seq, seq, b"d" * 16))


def _seated(conversation: str, user: str, *, is_owner: bool) -> dict[str, Any]:
    seated = Membership(
        conversation=conversation, user=user, role="owner" if is_owner else "member"
    )
    fields = msgspec.to_builtins(seated)
    return {**membership(conversation, user), **fields, "room": True, "seated": True, "acted_at": 0}


def _reached(history: int, unread: int) -> dict[str, int]:
    return {"read": history - unread, "delivered": history}
