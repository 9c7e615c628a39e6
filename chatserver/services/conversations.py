"""Conversations: begin one, find mine, my settings of one."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from chatserver.domain.calls import DeleteMessage, ListConversations, SetPrefs
from chatserver.domain.conversation import Conversation, ConversationView, direct_id
from chatserver.domain.events import ConversationChanged
from chatserver.domain.membership import HIDDEN_MAX
from chatserver.domain.message import Message
from chatserver.domain.person import Caller
from chatserver.errors import Conflict, Invalid, NotFound
from chatserver.services.access import Access
from chatserver.services.telling import Telling
from chatserver.services.views import Views
from chatserver.store.stores import Stores

LIST_MAX = 100


class Conversations:
    """What people may do with conversations of all kinds."""

    def __init__(self, stores: Stores, access: Access, views: Views, telling: Telling) -> None:
        self._conversations = stores.conversations
        self._cursors = stores.cursors
        self._users = stores.users
        self._access = access
        self._views = views
        self._telling = telling

    async def open_direct(self, caller: Caller, other: str, now_ms: int) -> ConversationView:
        """The conversation of two people, begun when they never talked; both are told then.

        Raises:
            NotFound: the other person was never here.
        """
        wanted = direct_id(caller.user, other)
        try:
            await self._access.of(caller.user, wanted)
        except NotFound:
            await self._begin(wanted, caller, other, now_ms)
        return await self._views.one(caller.user, wanted)

    async def get(self, caller: Caller, conversation: str) -> ConversationView:
        """One conversation as the caller sees it."""
        standing = await self._access.seen(caller, conversation)
        return await self._views.one(caller.user, conversation, standing.me)

    async def list_mine(
        self, caller: Caller, call: ListConversations
    ) -> tuple[list[ConversationView], bool]:
        """A page of the caller's conversations, latest first, and whether there are more.

        Raises:
            NotFound: `after` is no conversation of the caller's.
        """
        parts = await self._views.all_of(caller.user)
        mine = [id_ for id_ in parts.conversations if parts.mine(id_).state != "released"]
        views = await self._views.compose(parts, mine)
        views.sort(key=last_moved, reverse=True)
        start = 0 if call.after is None else _position(views, call.after) + 1
        end = start + min(call.limit, LIST_MAX)
        return views[start:end], end < len(views)

    async def set_prefs(self, caller: Caller, call: SetPrefs, now_ms: int) -> ConversationView:
        """Change the caller's own settings of a conversation; the caller's devices are told."""
        await self._access.of(caller.user, call.conversation)
        given = {
            name: value
            for name in ("mode", "pinned", "archived")
            if (value := getattr(call, name)) is not UNSET
        }
        if given:
            await self._cursors.set_prefs(call.conversation, caller.user, given, now_ms)
        view = await self._show_own(caller, call.conversation)
        if "mode" in given:
            self._telling.badge(caller.user)
        return view

    async def delete(self, caller: Caller, call: DeleteMessage, now_ms: int) -> int:
        """Delete messages for the caller alone; the caller's devices are told.

        Gives the number of the conversation's last change, which this is none of.

        Raises:
            NotFound: the conversation is not the caller's, or has no such message.
            Invalid: neither or both of `seq` and `up_to` are given.
            Conflict: too many are deleted one by one.
        """
        await self._access.of(caller.user, call.conversation)
        if (call.seq is None) == (call.up_to is None):
            raise Invalid("Give one of seq and up_to", path="seq")
        view = await self._views.one(caller.user, call.conversation)
        seq = call.seq or min(call.up_to or 0, view.head.seq)
        if not view.me.first <= seq <= view.head.seq:
            raise NotFound("There is no such message")
        if call.up_to is not None:
            await self._cursors.clear(call.conversation, caller.user, seq, now_ms)
        elif not await self._cursors.hide(call.conversation, caller.user, seq, now_ms):
            raise Conflict(f"{HIDDEN_MAX} are deleted one by one; delete all up to one instead")
        view = await self._show_own(caller, call.conversation)
        return view.head.mod

    async def _show_own(self, caller: Caller, conversation: str) -> ConversationView:
        view = await self._views.one(caller.user, conversation)
        event = ConversationChanged(conversation=view)
        self._telling.person(caller.user, event, skip=caller.connection)
        return view

    async def _begin(self, wanted: str, caller: Caller, other: str, now_ms: int) -> None:
        if other not in await self._users.people((other,)):
            raise NotFound("There is no such person")
        members = tuple(sorted((caller.user, other)))
        begun = Conversation(id=wanted, kind="direct", members=members, created_at=now_ms)
        # members first: whoever finds the conversation finds its members too
        await self._cursors.join(wanted, members, now_ms)
        await self._conversations.begin(begun)
        for member in members:
            view = await self._views.one(member, wanted)
            skip = caller.connection if member == caller.user else None
            self._telling.person(member, ConversationChanged(conversation=view), skip=skip)


def last_moved(view: ConversationView) -> tuple[int, str]:
    """By what conversations are listed: the time of the last message; the id makes it definite."""
    last: Message | None = view.last
    return (last.at if last else view.created_at, view.id)


def _position(views: list[ConversationView], conversation: str) -> int:
    positions: Mapping[str, int] = {view.id: index for index, view in enumerate(views)}
    if conversation not in positions:
        raise NotFound
    return positions[conversation]
