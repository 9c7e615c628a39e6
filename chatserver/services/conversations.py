"""Conversations: begin one, find mine, my settings of one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from msgspec import UNSET

from chatserver.domain.calls import ListConversations, SetPrefs
from chatserver.domain.conversation import Conversation, ConversationView, direct_id
from chatserver.domain.events import ConversationChanged
from chatserver.domain.message import Message
from chatserver.domain.person import Caller
from chatserver.errors import NotFound
from chatserver.services.delivery import Delivery
from chatserver.services.views import Views
from chatserver.store.conversations import Conversations as ConversationStore
from chatserver.store.cursors import Cursors
from chatserver.store.users import Users

REMEMBERED = 100_000
LIST_MAX = 100


class Conversations:
    """What people may do with conversations."""

    def __init__(
        self,
        conversations: ConversationStore,
        cursors: Cursors,
        users: Users,
        views: Views,
        delivery: Delivery,
    ) -> None:
        self._conversations = conversations
        self._cursors = cursors
        self._users = users
        self._views = views
        self._delivery = delivery
        # a direct conversation never changes, so it is never out of date here
        self._known: OrderedDict[str, Conversation] = OrderedDict()

    async def of_member(self, caller: Caller, conversation: str) -> Conversation:
        """A conversation the caller is a member of.

        Raises:
            NotFound: there is none, or it is not the caller's; nobody can tell which.
        """
        found = self._known.get(conversation) or await self._conversations.get(conversation)
        if found is None or caller.user not in found.members:
            raise NotFound
        self._remember(found)
        return found

    async def open_direct(self, caller: Caller, other: str, now_ms: int) -> ConversationView:
        """The conversation of two people, begun when they never talked; both are told then.

        Raises:
            NotFound: the other person was never here.
        """
        wanted = direct_id(caller.user, other)
        found = self._known.get(wanted) or await self._conversations.get(wanted)
        if found is None:
            await self._begin(wanted, caller, other, now_ms)
        return await self._views.one(caller.user, wanted)

    async def get(self, caller: Caller, conversation: str) -> ConversationView:
        """One conversation as the caller sees it."""
        await self.of_member(caller, conversation)
        return await self._views.one(caller.user, conversation)

    async def list_mine(
        self, caller: Caller, call: ListConversations
    ) -> tuple[list[ConversationView], bool]:
        """A page of the caller's conversations, latest first, and whether there are more.

        Raises:
            NotFound: `after` is no conversation of the caller's.
        """
        parts = await self._views.all_of(caller.user)
        views = await self._views.compose(caller.user, parts, parts.conversations)
        views.sort(key=last_moved, reverse=True)
        start = 0 if call.after is None else _position(views, call.after) + 1
        end = start + min(call.limit, LIST_MAX)
        return views[start:end], end < len(views)

    async def set_prefs(self, caller: Caller, call: SetPrefs, now_ms: int) -> ConversationView:
        """Change the caller's own settings of a conversation; the caller's devices are told."""
        await self.of_member(caller, call.conversation)
        given = {
            name: value
            for name in ("mode", "pinned", "archived")
            if (value := getattr(call, name)) is not UNSET
        }
        if given:
            await self._cursors.set_prefs(call.conversation, caller.user, given, now_ms)
        view = await self._views.one(caller.user, call.conversation)
        event = ConversationChanged(conversation=view)
        self._delivery.tell((caller.user,), event, skip=caller.connection)
        if "mode" in given:
            self._delivery.tell((caller.user,), await self._views.badge(caller.user))
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
            self._delivery.tell((member,), ConversationChanged(conversation=view), skip=skip)

    def _remember(self, conversation: Conversation) -> None:
        self._known[conversation.id] = conversation
        self._known.move_to_end(conversation.id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def last_moved(view: ConversationView) -> tuple[int, str]:
    """By what conversations are listed: the time of the last message; the id makes it definite."""
    last: Message | None = view.last
    return (last.at if last else view.created_at, view.id)


def _position(views: list[ConversationView], conversation: str) -> int:
    positions: Mapping[str, int] = {view.id: index for index, view in enumerate(views)}
    if conversation not in positions:
        raise NotFound
    return positions[conversation]
