"""Searching: what somebody may see and looks for, of messages, conversations and people."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from msgspec import Struct

from chatserver.domain.calls import SearchConversations, SearchMessages, SearchPeople
from chatserver.domain.conversation import Conversation, ConversationView, service_id
from chatserver.domain.desk import DeskView, serves
from chatserver.domain.membership import Sight
from chatserver.domain.person import STAFF, Caller, Person, Role
from chatserver.domain.search import Hit, Hits, Order, Wish, cursor, named, place_of, wish
from chatserver.domain.words import Terms
from chatserver.services.access import Access
from chatserver.services.conversations import last_moved
from chatserver.services.limits import Limits
from chatserver.services.overview import Overview
from chatserver.services.views import Parts, Views
from chatserver.store.stores import Stores

FOUND_MAX = 50  # in one answer
LOOKED_AT = (10, 100, 500)  # more places of the index than hits, one look after the other
COMPOSED_MAX = 200  # conversations whose latest messages are compared
TOGETHER_MAX = 2000  # people in one's rooms who are looked through


class FoundConversations(Struct, frozen=True):
    """The caller's conversations, and those at the desk that the caller may look at."""

    conversations: list[ConversationView]
    desk: tuple[DeskView, ...]


class Search:
    """Finds what people may see, by rules that are those of reading it."""

    def __init__(
        self, stores: Stores, access: Access, views: Views, overview: Overview, limits: Limits
    ) -> None:
        self._index = stores.search
        self._found_messages = stores.messages
        self._heads = stores.heads
        self._cursors = stores.cursors
        self._memberships = stores.memberships
        self._users = stores.users
        self._access = access
        self._views = views
        self._overview = overview
        self._limits = limits

    async def messages(self, caller: Caller, call: SearchMessages, now_ms: int) -> Hits:
        """A page of messages, the latest first.

        What the index has is only where to look: each message is read and must be what was wished
        for, as the caller sees it now.

        Raises:
            Invalid: there is nothing to look for, or the cursor is none.
            NotFound: the conversation is not the caller's to see.
            RateLimited: too often; so do the others.
            Unavailable: no answer in time; so do the others.
        """
        wished = wish(call)
        behind = None if call.cursor is None else place_of(call.cursor)
        self._limits.search(caller.user, now_ms)
        sights = await self._sights(caller, call.conversation)
        return await self._page(wished, sights, behind, min(call.limit, FOUND_MAX))

    async def conversations(
        self, caller: Caller, call: SearchConversations, now_ms: int
    ) -> FoundConversations:
        """Conversations by title, and by the names of those the caller talks to there."""
        terms = named(call.query)
        self._limits.search(caller.user, now_ms)
        limit = min(call.limit, FOUND_MAX)
        mine, desk = await asyncio.gather(
            self._mine(caller, terms), self._at_the_desk(caller, terms)
        )
        known = {view.id for view in mine}
        others = tuple(view for view in desk if view.id not in known)
        return FoundConversations(mine[:limit], others[:limit])

    async def people(self, caller: Caller, call: SearchPeople, now_ms: int) -> tuple[Person, ...]:
        """People by name, whom the caller has something to do with."""
        terms = named(call.query)
        self._limits.search(caller.user, now_ms)
        roles: frozenset[Role] = STAFF
        if serves(caller, caller.shop):
            roles = STAFF | {"customer"}
        of_shop, together = await asyncio.gather(
            self._of_shop(caller, terms, roles), self._together(caller)
        )
        found = {person.user: person for person in of_shop}
        found |= {user: each for user, each in together.items() if terms.match(each.name)}
        found.pop(caller.user, None)
        people = sorted(found.values(), key=lambda person: (person.name, person.user))
        return tuple(people[: min(call.limit, FOUND_MAX)])

    async def _sights(self, caller: Caller, conversation: str | None) -> dict[str, Sight]:
        """What the caller may see, of one conversation or of all."""
        if conversation is not None:
            return {conversation: await self._access.sight(caller, conversation)}
        ids = await self._cursors.of_user(caller.user)
        # the ends first: whoever is still in afterwards was in when they were reached
        heads = await self._heads.of(ids)
        places = await self._cursors.of((id_, caller.user) for id_ in heads)
        sights = {id_: place.sight(heads[id_]) for (id_, _), place in places.items()}
        return {id_: sight for id_, sight in sights.items() if sight.shows_any}

    async def _page(
        self, wished: Wish, sights: Mapping[str, Sight], behind: Order | None, limit: int
    ) -> Hits:
        hits: list[Hit] = []
        for look in LOOKED_AT:
            places = await self._index.find(wished, sights, behind, limit + look)
            seen = await self._seen(wished, sights, places)
            for place in places:
                behind = place
                if place in seen:
                    hits.append(seen[place])
                if len(hits) == limit:
                    return Hits(tuple(hits), cursor(place))
            if len(places) < limit + look:
                return Hits(tuple(hits), None)
        return Hits(tuple(hits), behind and cursor(behind))

    async def _seen(
        self, wished: Wish, sights: Mapping[str, Sight], places: Iterable[Order]
    ) -> dict[Order, Hit]:
        """What these places are, where they are what was wished for."""
        shown = {(c, seq): (at, seq, c) for at, seq, c in places if sights[c].shows(seq)}
        found = await self._found_messages.by_id(shown)
        seen = {shown[id_]: sights[id_[0]].message(message) for id_, message in found.items()}
        hits = {place: wished.hit(message) for place, message in seen.items()}
        return {place: hit for place, hit in hits.items() if hit is not None}

    async def _mine(self, caller: Caller, terms: Terms) -> list[ConversationView]:
        """The caller's conversations that have these words, the latest first."""
        parts = await self._views.all_of(caller.user)
        mine = [c for c in parts.conversations.values() if parts.mine(c.id).state != "released"]
        others = {user for c in mine for user in _others(parts, c)}
        people = await self._users.people(others)
        fitting = [c for c in mine if terms.match(_called(parts, c, people))]
        fitting.sort(key=lambda c: max(c.changed_at, c.created_at), reverse=True)
        views = await self._views.compose(parts, [c.id for c in fitting[:COMPOSED_MAX]])
        return sorted(views, key=last_moved, reverse=True)

    async def _at_the_desk(self, caller: Caller, terms: Terms) -> tuple[DeskView, ...]:
        """Service conversations of customers with this name, as far as the caller may look."""
        customers = await self._of_shop(caller, terms, {"customer"})
        shop = caller.shop
        if shop is None or not customers:
            return ()
        return await self._overview.shown(caller, [service_id(shop, p.user) for p in customers])

    async def _of_shop(self, caller: Caller, terms: Terms, roles: Iterable[Role]) -> list[Person]:
        """People of the caller's shop by name; customers only for who serves there."""
        allowed = {role for role in roles if role in STAFF or serves(caller, caller.shop)}
        if caller.shop is None or not allowed:
            return []
        return await self._users.named(caller.shop, terms, allowed)

    async def _together(self, caller: Caller) -> dict[str, Person]:
        """Those who are in a conversation with the caller that is not too large for that."""
        parts = await self._views.all_of(caller.user)
        here = [c for c in parts.conversations.values() if parts.mine(c.id).is_in]
        rooms = [c.id for c in here if c.room is not None and not c.is_large]
        talked_to = {user for c in here for user in c.others(caller.user)}
        members = await self._memberships.together(rooms, TOGETHER_MAX)
        return await self._users.people(talked_to | members)


def _others(parts: Parts, conversation: Conversation) -> tuple[str, ...]:
    """Those by whose names a conversation goes for its viewer: none once the viewer is out."""
    return conversation.others(parts.user) if parts.mine(conversation.id).sees_all else ()


def _called(parts: Parts, conversation: Conversation, people: Mapping[str, Person]) -> str:
    """By what a conversation is found; a name and a title are no one word."""
    mine, room = parts.mine(conversation.id), conversation.room
    names = [people[user].name for user in _others(parts, conversation) if user in people]
    return "\n".join([*names, *([room.shown_to(mine).title] if room else [])])
