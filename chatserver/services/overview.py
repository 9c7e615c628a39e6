"""The overview of a desk: what lies on it, for whoever may look, as lists and as it moves."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress

from chatserver.domain.calls import ListDesk
from chatserver.domain.conversation import LARGE_FROM, Conversation, notes_id
from chatserver.domain.desk import DeskView, leave_notes, manages, may_note, serves
from chatserver.domain.events import DeskMoved
from chatserver.domain.membership import Head
from chatserver.domain.page import Page
from chatserver.domain.person import SERVER, Caller, Person
from chatserver.errors import Forbidden, Unavailable
from chatserver.services.delivery import Delivery, of_desk, of_desk_whole
from chatserver.services.rooms import Rooms
from chatserver.store.stores import Stores

LIST_MAX = 100
TOLD_EVERY_S = 0.2  # what people say in one conversation meanwhile is told as one


class Overview:
    """Lists service conversations, and tells those who looked at a list what moves.

    What a consultant is told of is what nobody serves; managers are told of everything.
    """

    def __init__(self, stores: Stores, rooms: Rooms, delivery: Delivery) -> None:
        self._desks = stores.desks
        self._conversations = stores.conversations
        self._memberships = stores.memberships
        self._messages = stores.messages
        self._heads = stores.heads
        self._users = stores.users
        self._rooms = rooms
        self._delivery = delivery
        self._moved: dict[str, None] = {}

    def topic(self, caller: Caller) -> str:
        """Where the caller hears what moves.

        Raises:
            Forbidden: the caller serves in no shop.
        """
        shop = caller.shop
        if shop is None or not serves(caller, shop):
            raise Forbidden
        return of_desk_whole(shop) if manages(caller, shop) else of_desk(shop)

    async def page(self, caller: Caller, call: ListDesk) -> Page[DeskView]:
        """A page of one of the lists of the caller's shop.

        Raises:
            Forbidden: the caller serves in no shop, or wants all and manages none.
            NotFound: `after` is not in the list, or no longer.
            Unavailable: no answer in time.
        """
        limit = min(call.limit, LIST_MAX)
        found = await self._found(caller, call, limit + 1)
        ids = [conversation.id for conversation in found[:limit]]
        return Page(await self.shown(caller, ids), more=len(found) > limit)

    async def shown(self, caller: Caller, conversations: Iterable[str]) -> tuple[DeskView, ...]:
        """Those of these that the caller serves or may look at."""
        views = await self._views(conversations)
        return tuple(view for conversation, view in views if may_note(caller, conversation))

    def spoke(self, conversation: str, now_ms: int) -> None:
        """Somebody said something in a service conversation."""
        self._desks.spoke(conversation, now_ms)
        self.moved(conversation)

    def moved(self, conversation: str) -> None:
        """What is seen of a service conversation changed; it is told a moment later."""
        self._moved[conversation] = None

    async def run(self) -> None:
        """Tell of what moved until cancelled."""
        while True:
            await asyncio.sleep(TOLD_EVERY_S)
            with suppress(Unavailable):  # again with the next
                await self.flush()

    async def flush(self) -> None:
        """Tell of what moved, with few queries for all of it.

        Raises:
            Unavailable: MongoDB does not answer; it is told later.
        """
        moved, self._moved = self._moved, {}
        if not moved:
            return
        try:
            views = await self._views(moved)
        except Unavailable:
            self._moved = {**moved, **self._moved}
            raise
        for conversation, view in views:
            self._tell(conversation, view)

    async def follow(self, conversation: str, now_ms: int) -> None:
        """What follows an act: those who look are told, and who may read notes no longer goes.

        Raises:
            Unavailable: not all of it was done; acting again does it.
        """
        for found, view in await self._views((conversation,)):
            self._tell(found, view)
            if found.service is not None and not found.service.waits:
                self._take_away(found)
            await self._clear_notes(found, now_ms)

    async def take_out_of_notes(self, person: Person, now_ms: int) -> None:
        """Out of all that are beside what the person may look at no longer.

        Raises:
            Unavailable: not yet; doing it again is harmless.
        """
        seats = [each for each in await self._memberships.in_notes(person.user) if each.is_in]
        notes = await self._conversations.get_all(each.conversation for each in seats)
        beside = {id_: found.the_room.notes_of or "" for id_, found in notes.items()}
        talks = await self._conversations.get_all(beside.values())
        for id_, talk in beside.items():
            if talk not in talks or not may_note(person, talks[talk]):
                await self._take_out(id_, [person.user], now_ms)

    async def _found(self, caller: Caller, call: ListDesk, limit: int) -> list[Conversation]:
        shop = caller.shop
        if shop is None or not serves(caller, shop):
            raise Forbidden
        if call.view == "mine":
            return await self._desks.served_by(caller.user, call.after, limit)
        if call.view == "unassigned":
            return await self._desks.waiting(shop, call.after, limit)
        if not manages(caller, shop):
            raise Forbidden("Only managers see all")
        return await self._desks.of_shop(shop, call.after, limit)

    async def _views(self, ids: Iterable[str]) -> list[tuple[Conversation, DeskView]]:
        """The ids' conversations, each with what is shown of it, in the order of the ids."""
        ids = tuple(ids)
        # the ends first: whoever may still look afterwards might when they were reached
        heads = await self._heads.of(ids)
        conversations = await self._conversations.get_all(ids)
        last = await self._messages.by_id((id_, head.seq) for id_, head in heads.items())
        return [
            (
                conversation,
                DeskView(
                    id=id_,
                    created_at=conversation.created_at,
                    room=conversation.the_room,
                    head=heads.get(id_, Head()),
                    last=last.get((id_, heads[id_].seq)),
                ),
            )
            for id_ in ids
            if (conversation := conversations.get(id_)) is not None
        ]

    def _tell(self, conversation: Conversation, view: DeskView) -> None:
        room, service = conversation.the_room, conversation.service
        if room.shop is None or service is None or not service.since:
            return
        topics = [of_desk_whole(room.shop)]
        if service.waits:
            topics.append(of_desk(room.shop))
        event = DeskMoved(id=conversation.id, revision=room.revision, conversation=view)
        self._delivery.tell_topics(topics, event)

    def _take_away(self, conversation: Conversation) -> None:
        """Those who saw it wait see that it does no longer, and no more."""
        room = conversation.the_room
        event = DeskMoved(id=conversation.id, revision=room.revision, conversation=None)
        if room.shop is not None:
            self._delivery.tell_topics((of_desk(room.shop),), event)

    async def _clear_notes(self, conversation: Conversation, now_ms: int) -> None:
        notes = notes_id(conversation.id)
        members = await self._memberships.page(notes, "in", None, LARGE_FROM)
        people = await self._users.people([member.user for member in members])
        others = [user for user, who in people.items() if not may_note(who, conversation)]
        if others:
            await self._take_out(notes, others, now_ms)

    async def _take_out(self, notes: str, users: Collection[str], now_ms: int) -> None:
        await self._rooms.enact(
            SERVER, notes, users, lambda scene: leave_notes(scene, users), now_ms
        )
