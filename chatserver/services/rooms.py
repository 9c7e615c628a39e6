"""Rooms: begin one, come and go, manage its members, change what it shows.

The rules stand in `domain/room`; here they get the scene to decide on, and what follows is told.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import Struct

from chatserver.config import Settings
from chatserver.domain import room as rules
from chatserver.domain.calls import (
    AddMembers,
    BanMember,
    ListMembers,
    MuteMembers,
    OpenConversation,
    RemoveMember,
    SetMemberRole,
    UpdateConversation,
)
from chatserver.domain.conversation import (
    Conversation,
    ConversationView,
    Room,
    RoomMember,
    RoomSettings,
)
from chatserver.domain.membership import Membership
from chatserver.domain.page import Page
from chatserver.domain.person import STAFF, Caller
from chatserver.domain.scene import Ruling, Scene
from chatserver.errors import Forbidden, Invalid, NotFound
from chatserver.services.access import Access
from chatserver.services.notices import Notices
from chatserver.services.views import Views
from chatserver.store.heads import Heads
from chatserver.store.memberships import Memberships
from chatserver.store.rooms import Rooms as RoomStore
from chatserver.store.rooms import Settled
from chatserver.store.users import Users

Rule = Callable[[Scene], Ruling | None]


class Stores(Struct, frozen=True):
    """Where rooms are kept, and the people in them."""

    rooms: RoomStore
    memberships: Memberships
    heads: Heads
    users: Users


class Rooms:
    """What people may do with rooms."""

    def __init__(
        self,
        stores: Stores,
        access: Access,
        views: Views,
        notices: Notices,
        settings: Settings,
    ) -> None:
        self._rooms = stores.rooms
        self._memberships = stores.memberships
        self._heads = stores.heads
        self._users = stores.users
        self._access = access
        self._views = views
        self._notices = notices
        self._settings = settings

    async def open(self, caller: Caller, call: OpenConversation, now_ms: int) -> ConversationView:
        """Begin a room of the caller's; with the same `client_id` it is begun once.

        Raises:
            Forbidden: customers may not, unless the settings say so; only staff has channels.
            Invalid: there is no title.
            NotFound: one of the first members was never here.
        """
        self._see_that_it_may_open(caller, call)
        if call.title is None:
            raise Invalid("A room needs a title", path="title")
        await self._see_that_they_exist(call.members)
        conversation = Conversation(
            id=_room_id(caller.user, call.client_id),
            kind=call.kind,
            created_at=now_ms,
            room=Room(
                title=call.title,
                owner=caller.user,
                avatar=call.avatar,
                settings=call.settings.applied_to(RoomSettings()),
                shop=caller.shop,
                capacity=self._capacity(call.kind),
            ),
        )
        scene = Scene(conversation=conversation, members={}, caller=caller, now=now_ms)
        begun = await self._rooms.begin(conversation, rules.begin(scene), now_ms)
        await self._tell(caller, begun, now_ms)
        if not call.members:
            return await self._views.one(caller.user, conversation.id)
        return await self._act(
            caller, conversation.id, call.members, lambda s: rules.add(s, call.members), now_ms
        )

    async def join(self, caller: Caller, conversation: str, now_ms: int) -> ConversationView:
        """Come in, or ask to.

        Raises:
            NotFound: there is no such room, or it takes in nobody like this.
            Forbidden: it is full.
        """
        return await self._act(caller, conversation, (), rules.join, now_ms)

    async def leave(self, caller: Caller, conversation: str, now_ms: int) -> ConversationView:
        """Go, or decline an invitation.

        Raises:
            NotFound: the room is not the caller's.
            Forbidden: the owner hands the room over first.
        """
        return await self._act(caller, conversation, (), rules.leave, now_ms)

    async def update(
        self, caller: Caller, call: UpdateConversation, now_ms: int
    ) -> ConversationView:
        """Change what the room shows, and its settings.

        Raises:
            NotFound, Forbidden: the room is not the caller's, or not to change; so do the others.
        """
        return await self._act(
            caller, call.conversation, (), lambda s: rules.update(s, call), now_ms
        )

    async def add(self, caller: Caller, call: AddMembers, now_ms: int) -> ConversationView:
        """Bring people in, or invite them."""
        await self._see_that_they_exist(call.users)
        return await self._act(
            caller, call.conversation, call.users, lambda s: rules.add(s, call.users), now_ms
        )

    async def remove(self, caller: Caller, call: RemoveMember, now_ms: int) -> ConversationView:
        """Send a member away."""
        return await self._act(
            caller, call.conversation, (call.user,), lambda s: rules.remove(s, call.user), now_ms
        )

    async def ban(self, caller: Caller, call: BanMember, now_ms: int) -> ConversationView:
        """Send somebody away and keep them out."""
        return await self._act(
            caller,
            call.conversation,
            (call.user,),
            lambda s: rules.ban(s, call.user, call.until),
            now_ms,
        )

    async def set_role(self, caller: Caller, call: SetMemberRole, now_ms: int) -> ConversationView:
        """Make a member admin or not, or the owner."""
        return await self._act(
            caller,
            call.conversation,
            (call.user,),
            lambda s: rules.set_role(s, call.user, call.role),
            now_ms,
            with_admins=True,
        )

    async def mute(self, caller: Caller, call: MuteMembers, now_ms: int) -> ConversationView:
        """Keep a member, or everybody, from writing."""
        user = call.user
        if user is None:
            return await self._act(
                caller,
                call.conversation,
                (),
                lambda s: rules.mute_all(s, call.until, call.except_),
                now_ms,
            )
        return await self._act(
            caller, call.conversation, (user,), lambda s: rules.mute(s, user, call.until), now_ms
        )

    async def members(self, caller: Caller, call: ListMembers) -> Page[RoomMember]:
        """A page of members by user id.

        Raises:
            NotFound: the room is not the caller's.
            Forbidden: only admins see who is not in it yet or any more, or who is in a channel.
        """
        standing = await self._access.of(caller.user, call.conversation)
        standing.require("see_members" if call.state == "in" else "add")
        if standing.conversation.room is None:
            raise NotFound
        limit = min(call.limit, self._settings.page_max)
        if call.users:
            found = await self._memberships.among(call.conversation, call.users)
            chosen = [each for each in found.values() if each.state == call.state]
            return Page(await self._described(chosen), more=False)
        page = await self._memberships.page(call.conversation, call.state, call.after, limit + 1)
        return Page(await self._described(page[:limit]), more=len(page) > limit)

    async def seats(self, user: str) -> Mapping[str, int]:
        """The rooms the person is in, each with the first message the person may see."""
        return dict(await self._memberships.seats(user))

    async def _act(
        self,
        caller: Caller,
        conversation: str,
        users: Iterable[str],
        rule: Rule,
        now_ms: int,
        *,
        with_admins: bool = False,
    ) -> ConversationView:
        """Have a rule decide, save what it says, tell it, and give the caller's view of it."""
        head = (await self._heads.of((conversation,)))[conversation]
        settled = await self._rooms.settle(
            conversation,
            (caller.user, *users),
            lambda room, members: rule(
                Scene(conversation=room, members=members, caller=caller, now=now_ms, head=head)
            ),
            now_ms,
            with_admins=with_admins,
        )
        await self._tell(caller, settled, now_ms)
        return await self._views.one(caller.user, conversation)

    async def _tell(self, caller: Caller, settled: Settled, now_ms: int) -> None:
        if settled.changed:
            await self._notices.of(settled, now_ms, skip=caller.connection)

    async def _described(self, members: Collection[Membership]) -> tuple[RoomMember, ...]:
        people = await self._users.people({each.user for each in members})
        return tuple(
            RoomMember(
                user=each.user,
                name=people[each.user].name,
                role=each.role,
                staff=people[each.user].role in STAFF,
                state=each.state,
                joined_at=each.joined_at,
                muted_until=each.muted_until,
            )
            for each in members
            if each.user in people
        )

    def _see_that_it_may_open(self, caller: Caller, call: OpenConversation) -> None:
        is_trusted = caller.is_staff or caller.role == "bot"
        if not is_trusted and (call.kind == "channel" or not self._settings.customers_open_rooms):
            raise Forbidden("Only staff may begin a room")

    async def _see_that_they_exist(self, users: tuple[str, ...]) -> None:
        known = await self._users.people(users) if users else {}
        for user in users:
            if user not in known:
                raise NotFound("There is no such person")

    def _capacity(self, kind: str) -> int:
        return rules.UNLIMITED if kind == "channel" else self._settings.room_members_max


def _room_id(owner: str, client_id: str | None) -> str:
    """The id of a new room; the same for the same owner and client id."""
    if client_id is None:
        return "r" + secrets.token_hex(15)
    return "r" + hashlib.blake2b(f"{owner}\0{client_id}".encode(), digest_size=15).hexdigest()
