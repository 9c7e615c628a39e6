"""Conversations as one person sees them: composed here and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from msgspec import Struct

from chatserver.domain.conversation import (
    MUTED,
    Conversation,
    ConversationView,
    Cursor,
    Head,
    Member,
    Unread,
)
from chatserver.domain.events import Badge
from chatserver.domain.message import Message
from chatserver.domain.person import Person
from chatserver.store.conversations import Conversations
from chatserver.store.cursors import Cursors, Place
from chatserver.store.heads import Heads
from chatserver.store.messages import Messages
from chatserver.store.users import Users


class Parts(Struct, frozen=True):
    """What is known of some conversations, before it is put together for a person."""

    conversations: Mapping[str, Conversation]
    heads: Mapping[str, Head]
    cursors: Mapping[Place, Cursor]


class Views:
    """Reads conversations for a person, many at once with few queries."""

    def __init__(
        self,
        conversations: Conversations,
        cursors: Cursors,
        heads: Heads,
        messages: Messages,
        users: Users,
    ) -> None:
        self._conversations = conversations
        self._cursors = cursors
        self._heads = heads
        self._messages = messages
        self._users = users

    async def all_of(self, user: str) -> Parts:
        """Everything a person is a member of.

        Raises:
            Unavailable: MongoDB does not answer; so do the others.
        """
        return await self.parts(await self._cursors.of_user(user))

    async def parts(self, ids: Iterable[str]) -> Parts:
        """These conversations with their heads and their members' cursors."""
        ids = tuple(ids)
        conversations, heads = await asyncio.gather(
            self._conversations.get_all(ids), self._heads.of(ids)
        )
        places = [(c.id, user) for c in conversations.values() for user in c.members]
        return Parts(conversations, heads, await self._cursors.of(places))

    async def one(self, user: str, conversation: str) -> ConversationView:
        """One conversation as the person sees it."""
        (view,) = await self.compose(user, await self.parts((conversation,)), (conversation,))
        return view

    async def compose(self, user: str, parts: Parts, ids: Iterable[str]) -> list[ConversationView]:
        """Views of some of the parts' conversations, in the order of `ids`."""
        chosen = [parts.conversations[id_] for id_ in ids]
        people, unread, last = await asyncio.gather(
            self._users.people({member for c in chosen for member in c.members}),
            self.unread(user, parts, [c.id for c in chosen]),
            self._last_messages(parts, chosen),
        )
        return [
            _view(user, c, parts, people, (unread.get(c.id, Unread()), last.get(c.id)))
            for c in chosen
        ]

    async def unread(self, user: str, parts: Parts, ids: Iterable[str]) -> dict[str, Unread]:
        """What the person has not read in each of these conversations, where there is any."""
        ranges = {}
        for conversation in ids:
            cursor = parts.cursors.get((conversation, user))
            read = cursor.read if cursor else 0
            ranges[conversation] = (read + 1, parts.heads[conversation].seq)
        return await self._messages.unread(user, ranges)

    async def badge(self, user: str, parts: Parts | None = None) -> Badge:
        """A person's unread total over the conversations that are not muted."""
        parts = parts or await self.all_of(user)
        loud = [
            cursor.conversation
            for cursor in parts.cursors.values()
            if cursor.user == user and cursor.prefs.mode not in MUTED
        ]
        unread = (await self.unread(user, parts, loud)).values()
        return Badge(
            unread=sum(each.unread for each in unread),
            mentions=sum(each.mentions for each in unread),
        )

    async def _last_messages(
        self, parts: Parts, chosen: Iterable[Conversation]
    ) -> dict[str, Message]:
        ids = [(c.id, parts.heads[c.id].seq) for c in chosen if parts.heads[c.id].seq]
        found = await self._messages.by_id(ids)
        return {conversation: message for (conversation, _seq), message in found.items()}


def _view(
    user: str,
    conversation: Conversation,
    parts: Parts,
    people: Mapping[str, Person],
    counted: tuple[Unread, Message | None],
) -> ConversationView:
    unread, last = counted
    mine = _cursor(parts, conversation.id, user)
    return ConversationView(
        id=conversation.id,
        kind=conversation.kind,
        created_at=conversation.created_at,
        members=tuple(
            _member(people.get(member), _cursor(parts, conversation.id, member))
            for member in conversation.members
        ),
        head=parts.heads[conversation.id],
        read=mine.read,
        unread=unread.unread,
        mentions=unread.mentions,
        last=last,
        my=mine.prefs,
    )


def _cursor(parts: Parts, conversation: str, user: str) -> Cursor:
    found = parts.cursors.get((conversation, user))
    return found or Cursor(conversation=conversation, user=user)


def _member(person: Person | None, cursor: Cursor) -> Member:
    return Member(
        user=cursor.user,
        name=person.name if person else cursor.user,
        role=person.role if person else "customer",
        read=cursor.read,
        delivered=cursor.delivered,
    )
