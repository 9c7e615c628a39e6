"""The desk: customers ask their shop, staff take that on, hand it over, and settle it.

The rules stand in `domain/desk`; `Overview` tells those who look on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec import structs

from chatserver.config import Settings, SettingsError
from chatserver.domain import desk as rules
from chatserver.domain.calls import AssignConversation
from chatserver.domain.conversation import (
    SERVICE_PREFIX,
    Conversation,
    ConversationView,
    Room,
    Service,
    ServiceStatus,
    service_id,
)
from chatserver.domain.membership import viewer
from chatserver.domain.person import Caller, Person
from chatserver.domain.room import UNLIMITED
from chatserver.domain.scene import Scene
from chatserver.errors import Forbidden, NotFound
from chatserver.services.overview import Overview
from chatserver.services.rooms import Rooms, Rule
from chatserver.services.views import Views
from chatserver.store.stores import Stores


class Desk:
    """What people may do with service conversations."""

    def __init__(
        self,
        stores: Stores,
        rooms: Rooms,
        views: Views,
        overview: Overview,
        settings: Settings,
    ) -> None:
        """Raises SettingsError for names of shops that cannot be read."""
        self._found = stores.conversations
        self._users = stores.users
        self._desks = stores.desks
        self._rooms = rooms
        self._views = views
        self._overview = overview
        self._names = dict(map(_named, settings.shop_names))

    async def open(self, caller: Caller, now_ms: int) -> ConversationView:
        """The customer's conversation with the own shop, begun when there is none.

        Raises:
            Forbidden: the caller is no customer of a shop.
        """
        if caller.role != "customer" or caller.shop is None:
            raise Forbidden("Only customers of a shop may ask it")
        wanted = service_id(caller.shop, caller.user)
        if await self._found.get(wanted) is None:
            await self._begin(wanted, caller, caller.shop, now_ms)
        return await self._views.one(caller.user, wanted)

    async def said(self, caller: Caller, conversation: str, now_ms: int) -> None:
        """After a message in any conversation: a customer's question lies on the desk.

        Raises:
            Unavailable, Busy: it may not; saying the same again is harmless.
        """
        if not conversation.startswith(SERVICE_PREFIX):
            return
        if not caller.is_staff and await self._is_question(caller, conversation):
            await self._rooms.enact(caller, conversation, (), rules.ask, now_ms)
            await self._overview.follow(conversation, now_ms)
        self._overview.spoke(conversation, now_ms)

    def changed(self, conversation: str) -> None:
        """After a change of a message in any conversation."""
        if conversation.startswith(SERVICE_PREFIX):
            self._overview.moved(conversation)

    async def claim(self, caller: Caller, conversation: str, now_ms: int) -> ConversationView:
        """Take on what nobody serves.

        Raises:
            NotFound: it is not for the caller to look at.
            Taken: somebody was faster, and who.
            Unavailable: unknown whether it is the caller's; claiming again is harmless.
        """
        known = await self._person(caller.user)
        me = structs.replace(known, role=caller.role, shop=caller.shop)  # as the token says now
        return await self._act(
            caller, conversation, (), lambda scene: rules.claim(scene, me), now_ms
        )

    async def assign(
        self, caller: Caller, call: AssignConversation, now_ms: int
    ) -> ConversationView:
        """Hand it to a colleague.

        Raises:
            NotFound: it is not for the caller to look at, or there is no such colleague.
            Forbidden: the caller neither serves it nor manages the shop; so do the others.
        """
        to = await self._person(call.user)
        return await self._act(
            caller, call.conversation, (to.user,), lambda scene: rules.assign(scene, to), now_ms
        )

    async def release(self, caller: Caller, conversation: str, now_ms: int) -> ConversationView:
        """Give it back to the desk."""
        return await self._act(caller, conversation, (), rules.release, now_ms)

    async def settle(
        self, caller: Caller, conversation: str, status: ServiceStatus, now_ms: int
    ) -> ConversationView:
        """Say that it is settled, or that it is not after all."""
        return await self._act(
            caller, conversation, (), lambda scene: rules.settle(scene, status), now_ms
        )

    async def see_off(self, user: str, now_ms: int) -> None:
        """Whoever no longer serves in a shop leaves its desk, and the notes beside it.

        Raises:
            Unavailable, Busy: not yet; doing it again is harmless.
        """
        person = (await self._users.people((user,))).get(user)
        if person is None:
            return
        caller = Caller(user=user, role=person.role, shop=person.shop, device="", connection="")
        for served in await self._desks.all_served_by(user):
            if not rules.serves(person, served.the_room.shop):
                await self._act(caller, served.id, (), rules.release, now_ms)
        await self._overview.take_out_of_notes(person, now_ms)

    async def _is_question(self, caller: Caller, conversation: str) -> bool:
        # as it is now: settled a moment ago, it must open again
        found = await self._found.get(conversation)
        service = found.service if found else None
        return service is not None and rules.is_question(service, caller.user)

    async def _act(
        self, caller: Caller, conversation: str, users: Iterable[str], rule: Rule, now_ms: int
    ) -> ConversationView:
        settled = await self._rooms.settle(
            caller, conversation, users, rule, now_ms, with_admins=True
        )
        # beside each other: without Redis to tell who went takes seconds
        await asyncio.gather(
            self._rooms.tell(caller, settled, now_ms),
            self._overview.follow(conversation, now_ms),
        )
        self._overview.moved(conversation)  # with the notice of it
        return await self._as_it_is(caller, conversation)

    async def _as_it_is(self, caller: Caller, conversation: str) -> ConversationView:
        """It as all devices of the caller see it; a manager who is not in it looks at it."""
        view = await self._views.one(caller.user, conversation)
        if view.me.state != "left":
            return view
        return await self._views.one(caller.user, conversation, viewer(conversation, caller.user))

    async def _begin(self, id_: str, caller: Caller, shop: str, now_ms: int) -> None:
        me = await self._person(caller.user)
        room = Room(
            title=self._names.get(shop, shop),
            owner="",
            shop=shop,
            capacity=UNLIMITED,
            service=Service(customer=me.user, names={me.user: me.name}),
        )
        conversation = Conversation(id=id_, kind="service", created_at=now_ms, room=room)
        scene = Scene(conversation=conversation, members={}, caller=caller, now=now_ms)
        await self._rooms.begin(scene, rules.begin(scene))

    async def _person(self, user: str) -> Person:
        found = (await self._users.people((user,))).get(user)
        if found is None:
            raise NotFound("There is no such colleague")
        return found


def _named(entry: str) -> tuple[str, str]:
    shop, sign, name = entry.partition("=")
    if not (shop and sign and name.strip()):
        raise SettingsError(f"CHAT_SHOP_NAMES: {entry!r} is not `id=name`")
    return shop, name.strip()
