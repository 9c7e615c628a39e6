"""Reading: mark how far, and see who has."""

from __future__ import annotations

from msgspec import Struct

from chatserver.domain.calls import MarkRead, WhoRead
from chatserver.domain.conversation import LARGE_FROM, Unread
from chatserver.domain.person import Caller
from chatserver.errors import NotFound
from chatserver.services.access import Access, Standing
from chatserver.services.limits import Limits
from chatserver.services.telling import Telling
from chatserver.services.views import Parts, Views
from chatserver.store.stores import Stores


class ReadMark(Struct, frozen=True):
    """How far the caller has read, and how much is left."""

    read: int
    unread: int


class Readers(Struct, frozen=True):
    """Who of the other members has read a message; the lists may be cut, the counts are whole.

    Of a large room there are counts alone.
    """

    read: tuple[str, ...]
    unread: tuple[str, ...]
    read_count: int
    unread_count: int


class Cursors:
    """What people may do with read positions."""

    def __init__(
        self, stores: Stores, access: Access, views: Views, telling: Telling, limits: Limits
    ) -> None:
        self._cursors = stores.cursors
        self._heads = stores.heads
        self._memberships = stores.memberships
        self._messages = stores.messages
        self._access = access
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
        standing = await self._access.of(caller.user, call.conversation)
        conversation = standing.conversation
        self._limits.read_mark(caller.user, now_ms)
        heads = await self._heads.of((conversation.id,))
        seq = min(call.seq, standing.me.sight(heads[conversation.id]).head.seq)
        if seq:
            self._cursors.advance(conversation.id, caller.user, read=seq)
            await self._cursors.written()
        mine = await self._cursors.of([(conversation.id, caller.user)])
        parts = Parts(caller.user, {conversation.id: conversation}, heads, mine)
        # what is stored, for another node may have stored a higher mark meanwhile
        read = parts.mine(conversation.id).read
        if seq and seq == read:  # a mark made again, too: who stored it may not have told
            self._telling.read(conversation, standing.me, read, skip=caller.connection)
            self._telling.badge(caller.user)
        unread = await self._views.unread(parts, (conversation.id,))
        return ReadMark(read, unread.get(conversation.id, Unread()).unread)

    async def who_read(self, caller: Caller, call: WhoRead) -> Readers:
        """Who has read a message, from positions alone.

        Raises:
            NotFound: the conversation is not the caller's, or has no such message.
            Forbidden: in a room it is neither the caller's message nor is the caller an admin.
        """
        standing = await self._access.here(caller.user, call.conversation)
        if standing.conversation.room is None:
            return await self._in_direct(standing, caller, call)
        message = await self._messages.by_id([(call.conversation, call.seq)])
        if call.seq < standing.me.since or not message:
            raise NotFound("There is no such message")
        sender = message[call.conversation, call.seq].sender
        if sender != caller.user:
            standing.require("see_readers")
        if standing.conversation.is_large:
            return await self._counted(call, sender)
        return await self._named(call, sender)

    async def _in_direct(self, standing: Standing, caller: Caller, call: WhoRead) -> Readers:
        parts = await self._views.parts(caller.user, (call.conversation,))
        others = standing.conversation.others(caller.user)
        read = tuple(u for u in others if parts.of(call.conversation, u).read >= call.seq)
        return _readers(read, tuple(u for u in others if u not in read), call.limit)

    async def _named(self, call: WhoRead, sender: str) -> Readers:
        members = await self._memberships.page(call.conversation, "in", None, LARGE_FROM)
        others = [m for m in members if m.user != sender and m.since <= call.seq]
        read = tuple(m.user for m in others if m.read >= call.seq)
        return _readers(read, tuple(m.user for m in others if m.read < call.seq), call.limit)

    async def _counted(self, call: WhoRead, sender: str) -> Readers:
        counted = await self._memberships.count_readers(call.conversation, call.seq, sender)
        return Readers((), (), counted.read, counted.unread)


def _readers(read: tuple[str, ...], unread: tuple[str, ...], limit: int) -> Readers:
    return Readers(read[:limit], unread[:limit], len(read), len(unread))
