"""What follows an act on a room: nodes, members and the log learn of it, in this order."""

from __future__ import annotations

import asyncio

import structlog

from chatserver.domain.conversation import Conversation, RoomView
from chatserver.domain.events import ConversationChanged, RoomChanged
from chatserver.domain.membership import Head, Moved
from chatserver.domain.message import Draft
from chatserver.domain.room import GONE
from chatserver.domain.scene import Note
from chatserver.errors import Busy
from chatserver.services.telling import Telling
from chatserver.services.views import Views
from chatserver.store.log import Stored
from chatserver.store.rooms import Settled
from chatserver.store.stores import Stores

log = structlog.get_logger()

UNHEARD_S = 2.2  # without Redis every node has looked for itself by then


class Notices:
    """Tells what became of a room."""

    def __init__(self, stores: Stores, telling: Telling, views: Views) -> None:
        self._rooms = stores.rooms
        self._users = stores.users
        self._log = stores.log
        self._heads = stores.heads
        self._telling = telling
        self._views = views

    async def of(self, settled: Settled, now_ms: int, *, skip: str) -> None:
        """Tell of an act; the connection `skip` gets its answer instead.

        Who went hears nothing that is numbered after the notice of it: every node first learns
        that they went, then the notice gets its number. What they heard until then stays theirs.

        Raises:
            Unavailable: members were not told; the act itself is saved.
        """
        self._telling.moved(_moved(settled))
        if settled.went:
            heard = await self._heard(settled.conversation.id)
            last = await self._note(settled, now_ms)
            until = Head(max(heard.seq, last), heard.mod)
            await self._rooms.seal(settled.conversation.id, settled.went, until)
        else:
            await self._note(settled, now_ms)
        await self._show(settled, skip)

    async def _heard(self, conversation: str) -> Head:
        """Where the logs stand when no node tells those who went any more."""
        if not await self._telling.moved_everywhere():
            await asyncio.sleep(UNHEARD_S)
        return (await self._heads.of((conversation,)))[conversation]

    async def _note(self, settled: Settled, now_ms: int) -> int:
        """Put the notes into the log as system messages; the number of the last one, or 0."""
        seq = 0
        try:
            for number, note in enumerate(settled.notes):
                seq = await self._put(settled.conversation, number, note, now_ms)
        except Busy:  # the act is saved all the same, and those whom it is about must see it
            log.warning("a room is too busy for its own notices")
        return seq

    async def _put(self, conversation: Conversation, number: int, note: Note, now_ms: int) -> int:
        draft = Draft(
            conversation=conversation.id,
            client_id=f"{conversation.the_room.revision}.{number}",
            sender="",
            kind="system",
            body=await self._body(note),
        )

        def tell(stored: Stored) -> None:
            self._telling.message(conversation, draft.numbered(stored.seq, stored.at), skip=None)

        return (await self._log.append(draft, now_ms, on_stored=tell)).seq

    async def _body(self, note: Note) -> dict[str, object]:
        people = await self._users.people({note.by, *note.users})
        names = {user: person.name for user, person in people.items()}
        return {
            "type": note.type, "by": note.by, "users": list(note.users), "names": names,
            **note.fields,
        }  # fmt: skip

    async def _show(self, settled: Settled, skip: str) -> None:
        """Everybody sees the room as it is now; those whom it is about, their place in it.

        Who comes to a large room and who goes is no news to all the others. The few of a service
        conversation all see who the others are and how far they have come.
        """
        conversation = settled.conversation
        places = {member.user: member.state in GONE for member in settled.members}
        if conversation.service is not None:
            places = {**dict.fromkeys(conversation.parties, False), **places}
        elif settled.notes or not conversation.is_large:
            shared = RoomView(
                id=conversation.id, kind=conversation.kind, room=conversation.the_room
            )
            self._telling.room(conversation, RoomChanged(conversation=shared), skip=skip)
        await asyncio.gather(
            *(self._show_place(conversation.id, *place, skip) for place in places.items())
        )

    async def _show_place(self, conversation: str, user: str, is_gone: bool, skip: str) -> None:
        view = await self._views.one(user, conversation)
        event = ConversationChanged(conversation=view, removed=is_gone)
        self._telling.person(user, event, skip=skip)


def _moved(settled: Settled) -> Moved:
    seats = {m.user: m.since if m.is_in else None for m in settled.members}
    room = settled.conversation
    return Moved(conversation=room.id, revision=room.the_room.revision, seats=seats)
