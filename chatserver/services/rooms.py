"""Rooms: begin one, come and go, manage its members, change what it shows.

The rules stand in `domain/room`; here they get the scene to decide on, and what follows is told.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable
from weakref import WeakValueDictionary

from msgspec import structs

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
    begun_id,
)
from chatserver.domain.membership import Membership
from chatserver.domain.page import Page
from chatserver.domain.person import STAFF, Caller
from chatserver.domain.rights import may
from chatserver.domain.scene import Ruling, Scene
from chatserver.errors import Forbidden, Invalid, NotFound
from chatserver.services.access import Access, Standing
from chatserver.services.notices import Notices
from chatserver.services.turns import Turns
from chatserver.services.views import Views
from chatserver.store.rooms import Settled
from chatserver.store.stores import Stores

Rule = Callable[[Scene], Ruling | None]

ACT_S = 0.02  # what an act takes, before any was measured


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
        self._turns: WeakValueDictionary[str, Turns] = WeakValueDictionary()

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
            id=begun_id(caller.user, call.client_id or secrets.token_hex(16)),
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
        await self.begin(scene, rules.begin(scene))
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
                call.except_,
                lambda s: rules.mute_all(s, call.until, call.except_),
                now_ms,
            )
        return await self._act(
            caller, call.conversation, (user,), lambda s: rules.mute(s, user, call.until), now_ms
        )

    async def members(self, caller: Caller, call: ListMembers) -> Page[RoomMember]:
        """A page of members by user id; of certain people also those who went, and the admins of a
        channel: members see what they said.

        Raises:
            NotFound: the room is not the caller's.
            Forbidden: only admins see who is not in it yet or is banned, or who is in a channel.
        """
        standing = await self._access.of(caller.user, call.conversation)
        if standing.conversation.room is None:
            raise NotFound
        if call.users and call.state == "in":
            return await self._certain(standing, call)
        standing.require("see_members" if call.state == "in" else "add")
        if call.users:
            found = await self._memberships.among(call.conversation, call.users)
            chosen = [each for each in found.values() if each.state == call.state]
            return Page(await self._described(chosen), more=False)
        limit = min(call.limit, self._settings.page_max)
        page = await self._memberships.page(call.conversation, call.state, call.after, limit + 1)
        return Page(await self._described(page[:limit]), more=len(page) > limit)

    async def _certain(self, standing: Standing, call: ListMembers) -> Page[RoomMember]:
        standing.require("react")
        all_of_them = may(standing.conversation, standing.me, "see_members")
        found = await self._memberships.among(call.conversation, call.users)
        chosen = [
            structs.replace(each, state="in" if each.is_in else "left")
            for each in found.values()
            if each.is_in or each.until is not None
            if all_of_them or each.role != "member"
        ]
        return Page(await self._described(chosen), more=False)

    async def begin(self, scene: Scene, ruling: Ruling) -> Conversation:
        """Save a new room with its first members and tell of it; harmless when it is there."""
        begun = await self._rooms.begin(scene.conversation, ruling, scene.now)
        await self.tell(scene.caller, begun, scene.now)
        return begun.conversation

    async def enact(
        self,
        caller: Caller,
        conversation: str,
        users: Iterable[str],
        rule: Rule,
        now_ms: int,
        *,
        with_admins: bool = False,
    ) -> None:
        """Have a rule decide, save what it says, and tell it."""
        settled = await self.settle(
            caller, conversation, users, rule, now_ms, with_admins=with_admins
        )
        await self.tell(caller, settled, now_ms)

    async def settle(
        self,
        caller: Caller,
        conversation: str,
        users: Iterable[str],
        rule: Rule,
        now_ms: int,
        *,
        with_admins: bool = False,
    ) -> Settled:
        """Have a rule decide and save what it says, which is to be told then."""
        async with self._turns_at(conversation).one():
            head = (await self._heads.of((conversation,)))[conversation]
            return await self._rooms.settle(
                conversation,
                (caller.user, *users),
                lambda room, members: rule(
                    Scene(conversation=room, members=members, caller=caller, now=now_ms, head=head)
                ),
                now_ms,
                with_admins=with_admins,
            )

    async def tell(self, caller: Caller, settled: Settled, now_ms: int) -> None:
        """Tell what a rule said, if anything."""
        if settled.changed:
            await self._notices.of(settled, now_ms, skip=caller.connection)

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
        """The same for a caller, who is given the room as it then is."""
        await self.enact(caller, conversation, users, rule, now_ms, with_admins=with_admins)
        return await self._views.one(caller.user, conversation)

    def _turns_at(self, conversation: str) -> Turns:
        """One act on a room after the other: their transactions would only undo each other."""
        turns = self._turns.get(conversation)
        if turns is None:
            turns = self._turns[conversation] = Turns(1, each_s=ACT_S)
        return turns

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
