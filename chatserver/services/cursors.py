"""Reading: mark how far, and see who has."""

from __future__ import annotations

from msgspec import Struct

from chatserver.domain.calls import MarkRead, WhoRead
from chatserver.domain.person import Caller
from chatserver.services.conversations import Conversations
from chatserver.services.limits import Limits
from chatserver.services.telling import Telling
from chatserver.services.views import Views
from chatserver.store.cursors import Cursors as CursorStore


class ReadMark(Struct, frozen=True):
    """How far the caller has read, and how much is left."""

    read: int
    unread: int


class Readers(Struct, frozen=True):
    """Who of the other members has read a message; the lists may be cut, the counts are whole."""

    read: tuple[str, ...]
    unread: tuple[str, ...]
    read_count: int
    unread_count: int


class Cursors:
    """What people may do with read positions."""

    def __init__(
        self,
        cursors: CursorStore,
        conversations: Conversations,
        views: Views,
        telling: Telling,
        limits: Limits,
    ) -> None:
        self._cursors = cursors
        self._conversations = conversations
        self._views = views
        self._telling = telling
        self._limits = limits

    async def mark_read(self, caller: Caller, call: MarkRead, now_ms: int) -> ReadMark:
        """Raise the caller's read position, to the conversation's head at most, and store it.

        Raises:
            NotFound: the conversation is not the caller's.
            RateLimited: too many marks.
            Unavailable: not stored yet; marking again is harmless.
        """
        conversation = await self._conversations.of_member(caller, call.conversation)
        self._limits.read_mark(caller.user, now_ms)
        parts = await self._views.parts((conversation.id,))
        cursor = parts.cursors.get((conversation.id, caller.user))
        before = cursor.read if cursor else 0
        seq = min(call.seq, parts.heads[conversation.id].seq)
        if seq > before:
            self._cursors.advance(conversation.id, caller.user, read=seq)
            await self._cursors.written()
        mark = await self._mark(caller.user, conversation.id)
        if seq > before:
            # what is stored, for another node may have stored a higher mark meanwhile
            self._telling.read(conversation, caller.user, mark.read, skip=caller.connection)
            self._telling.badge(caller.user, await self._views.badge(caller.user))
        return mark

    async def who_read(self, caller: Caller, call: WhoRead) -> Readers:
        """Who has read a message, from positions alone."""
        conversation = await self._conversations.of_member(caller, call.conversation)
        parts = await self._views.parts((conversation.id,))
        others = conversation.others(caller.user)
        positions = {user: parts.cursors.get((conversation.id, user)) for user in others}
        read = tuple(user for user, at in positions.items() if at and at.read >= call.seq)
        unread = tuple(user for user in others if user not in read)
        return Readers(read[: call.limit], unread[: call.limit], len(read), len(unread))

    async def _mark(self, user: str, conversation: str) -> ReadMark:
        parts = await self._views.parts((conversation,))
        cursor = parts.cursors.get((conversation, user))
        unread = await self._views.unread(user, parts, (conversation,))
        left = unread.get(conversation)
        return ReadMark(cursor.read if cursor else 0, left.unread if left else 0)
