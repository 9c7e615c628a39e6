"""What follows an act on a room: nodes, members and the log learn of it, in this order."""

from __future__ import annotations

import asyncio

import structlog

from chatserver.domain.conversation import RoomView
from chatserver.domain.events import ConversationChanged, RoomChanged
from chatserver.domain.membership import Head, Membership, Moved
from chatserver.domain.message import Draft
from chatserver.domain.room import GONE
from chatserver.domain.scene import Note
from chatserver.errors import Busy
from chatserver.services.telling import Telling
from chatserver.services.views import Views
from chatserver.store.log import Log
from chatserver.store.rooms import Rooms, Settled
from chatserver.store.users import Users

log = structlog.get_logger()

UNHEARD_S = 2.2  # without Redis every node has looked for itself by then


class Notices:
    """Tells what became of a room."""

    def __init__(
        self, rooms: Rooms, users: Users, appending: Log, telling: Telling, views: Views
    ) -> None:
        self._rooms = rooms
        self._users = users
        self._log = appending
        self._telling = telling
        self._views = views

    async def of(self, settled: Settled, now_ms: int, *, skip: str) -> None:
        """Tell of an act; the connection `skip` gets its answer instead.

        Who went hears nothing that is numbered after the notice of it: every node first learns
        that they went, then the notice gets its number.

        Raises:
            Unavailable: members were not told; the act itself is saved.
        """
        gone = [member.user for member in settled.members if member.state in GONE]
        self._telling.moved(_moved(settled))
        if gone and not await self._telling.moved_everywhere():
            await asyncio.sleep(UNHEARD_S)
        try:
            last = await self._note(settled, now_ms)
        except Busy:  # the act is saved all the same, and those whom it is about must see it
            log.warning("a room is too busy for its own notices")
            last = Head()
        if gone and last.seq:
            await self._rooms.seal(settled.conversation.id, gone, last)
        await self._show(settled, skip)

    async def _note(self, settled: Settled, now_ms: int) -> Head:
        """Put the notes into the log as system messages; the number of the last one."""
        room, seq = settled.conversation.the_room, 0
        for number, note in enumerate(settled.notes):
            body = await self._body(note)
            draft = Draft(
                conversation=settled.conversation.id,
                client_id=f"{room.revision}.{number}",
                sender="",
                kind="system",
                body=body,
            )
            stored = await self._log.append(draft, now_ms)
            seq = stored.seq
            self._telling.message(settled.conversation, draft.numbered(seq, stored.at), skip=None)
        return Head(seq, 0)

    async def _body(self, note: Note) -> dict[str, object]:
        people = await self._users.people({note.by, *note.users})
        names = {user: person.name for user, person in people.items()}
        return {
            "type": note.type, "by": note.by, "users": list(note.users), "names": names,
            **note.fields,
        }  # fmt: skip

    async def _show(self, settled: Settled, skip: str) -> None:
        """Everybody sees the room as it is now; those whom it is about, their place in it.

        Who comes to a large room and who goes is no news to all the others.
        """
        conversation = settled.conversation
        if settled.notes or not conversation.is_large:
            shared = RoomView(
                id=conversation.id, kind=conversation.kind, room=conversation.the_room
            )
            self._telling.room(conversation, RoomChanged(conversation=shared), skip=skip)
        await asyncio.gather(*(self._show_place(member, skip) for member in settled.members))

    async def _show_place(self, member: Membership, skip: str) -> None:
        view = await self._views.one(member.user, member.conversation)
        event = ConversationChanged(conversation=view, removed=member.state in GONE)
        self._telling.person(member.user, event, skip=skip)


def _moved(settled: Settled) -> Moved:
    seats = {m.user: m.since if m.is_in else None for m in settled.members}
    return Moved(conversation=settled.conversation.id, seats=seats)
