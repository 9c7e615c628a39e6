"""Notes beside service conversations: conversations of their own, which customers are never in."""

from __future__ import annotations

from chatserver.domain.conversation import Conversation, ConversationView, Room, notes_id
from chatserver.domain.desk import enter_notes, leave_notes, may_note
from chatserver.domain.person import Caller
from chatserver.domain.room import UNLIMITED
from chatserver.domain.scene import Ruling, Scene
from chatserver.errors import NotFound
from chatserver.services.rooms import Rooms
from chatserver.services.views import Views
from chatserver.store.stores import Stores


class Notes:
    """Leads staff into the notes; `Overview.follow` leads out whom they no longer concern."""

    def __init__(self, stores: Stores, rooms: Rooms, views: Views) -> None:
        self._conversations = stores.conversations
        self._rooms = rooms
        self._views = views

    async def enter(self, caller: Caller, conversation: str, now_ms: int) -> ConversationView:
        """The notes beside a service conversation, with the caller in them from now on.

        Raises:
            NotFound: the caller neither serves the conversation nor may look at it; that is also
                what its customer is told.
            Unavailable: MongoDB does not answer; asking again is harmless.
        """
        found = await self._of(caller, conversation)
        notes = notes_id(conversation)
        if await self._conversations.get(notes) is None:
            await self._begin(caller, found, now_ms)
        await self._rooms.enact(caller, notes, (), enter_notes, now_ms)
        try:
            await self._of(caller, conversation)
        except NotFound:  # somebody took it on just now, and may not have found the caller in it
            leave = (caller.user,)
            await self._rooms.enact(
                caller, notes, (), lambda scene: leave_notes(scene, leave), now_ms
            )
            raise
        return await self._views.one(caller.user, notes)

    async def _of(self, caller: Caller, conversation: str) -> Conversation:
        found = await self._conversations.get(conversation)
        if found is None or not may_note(caller, found):
            raise NotFound
        return found

    async def _begin(self, caller: Caller, beside: Conversation, now_ms: int) -> None:
        room = Room(
            title=beside.the_room.title,
            owner="",
            shop=beside.the_room.shop,
            capacity=UNLIMITED,
            notes_of=beside.id,
        )
        notes = Conversation(id=notes_id(beside.id), kind="notes", created_at=now_ms, room=room)
        scene = Scene(conversation=notes, members={}, caller=caller, now=now_ms)
        await self._rooms.begin(scene, Ruling(room=room))
