"""Conversations as one person sees them: composed here and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from chatserver.domain.conversation import (
    Conversation,
    ConversationView,
    Me,
    Member,
    Unread,
)
from chatserver.domain.events import Badge
from chatserver.domain.membership import MUTED, Head, Membership, Sight
from chatserver.domain.message import Message
from chatserver.domain.person import Person
from chatserver.store.cursors import Place
from chatserver.store.numbered import Range
from chatserver.store.stores import Stores


class Parts(Struct, frozen=True):
    """What is known of some conversations, before it is put together for a person.

    Of a room the person's own membership is known, of a direct conversation that of both.
    """

    user: str
    conversations: Mapping[str, Conversation]
    heads: Mapping[str, Head]
    cursors: Mapping[Place, Membership]

    def mine(self, conversation: str) -> Membership:
        """The person's own membership."""
        return self.of(conversation, self.user)

    def of(self, conversation: str, user: str) -> Membership:
        """A membership; where none is known, that of somebody who never was in the room."""
        found = self.cursors.get((conversation, user))
        if found is not None:
            return found
        room = self.conversations[conversation].room
        return Membership(conversation=conversation, user=user, state="left" if room else "in")

    def sight(self, conversation: str) -> Sight:
        """What the person may see of a conversation."""
        return self.mine(conversation).sight(self.heads[conversation])


class Views:
    """Reads conversations for a person, many at once with few queries."""

    def __init__(self, stores: Stores) -> None:
        self._conversations = stores.conversations
        self._cursors = stores.cursors
        self._heads = stores.heads
        self._messages = stores.messages
        self._users = stores.users

    async def all_of(self, user: str) -> Parts:
        """Everything a person is or was a member of.

        Raises:
            Unavailable: MongoDB does not answer; so do the others.
        """
        return await self.parts(user, await self._cursors.of_user(user))

    async def parts(self, user: str, ids: Iterable[str]) -> Parts:
        """These conversations as far as the person sees them."""
        ids = tuple(ids)
        conversations, heads = await asyncio.gather(
            self._conversations.get_all(ids), self._heads.of(ids)
        )
        places = [(c.id, each) for c in conversations.values() for each in {*c.parties, user}]
        # after the heads: finding one may move its sender's own position
        return Parts(user, conversations, heads, await self._cursors.of(places))

    async def one(
        self, user: str, conversation: str, me: Membership | None = None
    ) -> ConversationView:
        """One conversation as the person sees it; whoever only looks at it does so as `me`."""
        parts = await self.parts(user, (conversation,))
        if me is not None and me.state == "viewing":
            cursors = {**parts.cursors, (conversation, user): me}
            parts = structs.replace(parts, cursors=cursors)
        (view,) = await self.compose(parts, (conversation,))
        return view

    async def compose(self, parts: Parts, ids: Iterable[str]) -> list[ConversationView]:
        """Views of some of the parts' conversations, in the order of `ids`."""
        chosen = [parts.conversations[id_] for id_ in ids]
        people, unread, last = await asyncio.gather(
            self._users.people({member for c in chosen for member in c.parties}),
            self.unread(parts, [c.id for c in chosen]),
            self._last_messages(parts, chosen),
        )
        return [
            _view(c, parts, people, (unread.get(c.id, Unread()), last.get(c.id))) for c in chosen
        ]

    async def unread(self, parts: Parts, ids: Iterable[str]) -> dict[str, Unread]:
        """What the person has not read in each of these conversations, where there is any.

        Nothing counts that the person deleted, or where they no longer belong.
        """
        ranges = {}
        for conversation in ids:
            mine, sight = parts.mine(conversation), parts.sight(conversation)
            read = max(mine.read, sight.first - 1, sight.prefs.cleared)
            if mine.is_in:
                ranges[conversation] = (read + 1, sight.head.seq)
        unread = await self._messages.unread(parts.user, ranges)
        for message in await self._hidden(parts, ranges):
            unread[message.conversation] = unread[message.conversation].without(message, parts.user)
        return unread

    async def _hidden(self, parts: Parts, ranges: Mapping[str, Range]) -> Iterable[Message]:
        """The messages in these ranges that the person deleted one by one; nearly always none."""
        ids = [
            (conversation, seq)
            for conversation, (first, last) in ranges.items()
            for seq in parts.mine(conversation).prefs.hidden
            if first <= seq <= last
        ]
        return (await self._messages.by_id(ids)).values()

    async def badge(self, user: str, parts: Parts | None = None) -> Badge:
        """A person's unread total over the conversations that are not muted."""
        parts = parts or await self.own(user)
        loud = [
            id_
            for id_, member in parts.cursors
            if member == user and (mine := parts.mine(id_)).is_in and mine.prefs.mode not in MUTED
        ]
        unread = (await self.unread(parts, loud)).values()
        return Badge(
            unread=sum(each.unread for each in unread),
            mentions=sum(each.mentions for each in unread),
        )

    async def own(self, user: str) -> Parts:
        """What is known of the person alone in all of the person's conversations."""
        ids = await self._cursors.of_user(user)
        heads = await self._heads.of(ids)
        return Parts(user, {}, heads, await self._cursors.of((id_, user) for id_ in ids))

    async def _last_messages(
        self, parts: Parts, chosen: Iterable[Conversation]
    ) -> dict[str, Message]:
        sights = {c.id: parts.sight(c.id) for c in chosen}
        ends = ((id_, sight.head.seq) for id_, sight in sights.items() if sight.shows_any)
        found = await self._messages.by_id(ends)
        return {
            conversation: sights[conversation].message(message)
            for (conversation, _seq), message in found.items()
        }


def _view(
    conversation: Conversation,
    parts: Parts,
    people: Mapping[str, Person],
    counted: tuple[Unread, Message | None],
) -> ConversationView:
    unread, last = counted
    mine, sight = parts.mine(conversation.id), parts.sight(conversation.id)
    return ConversationView(
        id=conversation.id,
        kind=conversation.kind,
        created_at=conversation.created_at,
        members=tuple(
            _member(people.get(member), parts.of(conversation.id, member))
            for member in _shown(conversation, mine)
        ),
        room=conversation.room and conversation.room.shown_to(mine),
        me=Me(role=mine.role, state=mine.state, muted_until=mine.muted_until, first=sight.first),
        head=sight.head,
        read=min(mine.read, sight.head.seq),
        unread=unread.unread,
        mentions=unread.mentions,
        last=last,
        my=mine.prefs,
    )


def _shown(conversation: Conversation, mine: Membership) -> tuple[str, ...]:
    """Whose positions the person sees: nobody's in what they are in no longer."""
    return conversation.parties if mine.sees_all else ()


def _member(person: Person | None, membership: Membership) -> Member:
    return Member(
        user=membership.user,
        name=person.name if person else membership.user,
        role=person.role if person else "customer",
        read=membership.read,
        delivered=membership.delivered,
    )
