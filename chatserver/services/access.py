"""Who may enter: the one place where a call meets a conversation and its caller's place in it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TypeVar

from msgspec import Struct

from chatserver.domain.conversation import Conversation
from chatserver.domain.desk import may_look, serves
from chatserver.domain.membership import Membership, Moved, Sight, viewer
from chatserver.domain.person import Caller
from chatserver.domain.rights import Action, require
from chatserver.errors import NotFound
from chatserver.services.delivery import Delivery
from chatserver.store.stores import Stores

T = TypeVar("T")

REMEMBERED = 100_000  # conversations
FRESH_S = 2.0  # how long a node goes by what it knows of a room, should nobody tell it otherwise


class Standing(Struct, frozen=True):
    """A conversation and the caller's place in it."""

    conversation: Conversation
    me: Membership

    def require(self, action: Action) -> None:
        """See that the caller may do it.

        Raises:
            Forbidden: the caller may not.
        """
        require(self.conversation, self.me, action)


class Access:
    """Finds conversations for those who may know of them.

    A direct conversation never changes and so is remembered. What is known of a room is forgotten
    when any node says that it changed, and after two seconds in any case.
    """

    def __init__(self, stores: Stores, delivery: Delivery) -> None:
        self._conversations = stores.conversations
        self._memberships = stores.memberships
        self._heads = stores.heads
        self._cursors = stores.cursors
        self._direct: OrderedDict[str, Conversation] = OrderedDict()
        self._rooms: OrderedDict[str, dict[str, tuple[float, Standing]]] = OrderedDict()
        delivery.when_moved(self._forget)

    async def of(self, user: str, conversation: str) -> Standing:
        """A conversation the person is in, or was; whoever served one never was in it.

        Raises:
            NotFound: there is none, or the person was never in it; nobody can tell which.
            Unavailable: MongoDB does not answer.
        """
        direct = self._direct.get(conversation)
        if direct is not None:
            return _in_direct(direct, user)
        standing = self._fresh(conversation, user)
        return standing or await self._find(conversation, user)

    async def seen(self, caller: Caller, conversation: str) -> Standing:
        """A conversation the caller is in, or was, or may look at now as staff of its shop.

        Raises:
            NotFound, Unavailable: as for `of`.
        """
        try:
            return await self.of(caller.user, conversation)
        except NotFound:
            if not serves(caller, caller.shop):
                raise
            # as it is now and not as somebody remembers it
            found = await self._conversations.get(conversation)
            if found is None or not may_look(caller, found):
                raise
        return Standing(found, viewer(conversation, caller.user))

    async def here(self, user: str, conversation: str) -> Standing:
        """A conversation the person is in now.

        Raises:
            NotFound: the person is not in it, whether or not it exists.
            Unavailable: MongoDB does not answer.
        """
        standing = await self.of(user, conversation)
        if not standing.me.is_in:
            raise NotFound
        return standing

    async def sight(self, caller: Caller, conversation: str) -> Sight:
        """What the caller may see, as it is now and not as somebody remembers it.

        Raises:
            NotFound: the conversation is not the caller's.
        """
        standing = await self.seen(caller, conversation)
        place = (conversation, caller.user)
        # the end first: whoever is still in afterwards was in when it was reached
        heads = await self._heads.of((conversation,))
        if standing.me.state == "viewing":
            membership = (await self.seen(caller, conversation)).me
        else:
            membership = (await self._cursors.of((place,))).get(place, standing.me)
        return membership.sight(heads[conversation])

    def _fresh(self, conversation: str, user: str) -> Standing | None:
        until, standing = self._rooms.get(conversation, {}).get(user, (0.0, None))
        return standing if asyncio.get_running_loop().time() < until else None

    async def _find(self, id_: str, user: str) -> Standing:
        until = asyncio.get_running_loop().time() + FRESH_S  # from before it was read
        conversation = await self._conversations.get(id_)
        if conversation is None:
            raise NotFound
        if conversation.room is None:
            _remember(self._direct, id_, conversation)
            return _in_direct(conversation, user)
        known = self._rooms.get(id_)
        if known is None:
            known = _remember(self._rooms, id_, {})
        membership = await self._memberships.of(id_, user)
        if membership is None or membership.state == "released":
            raise NotFound
        standing = Standing(conversation, membership)
        known[user] = (until, standing)  # in vain when the room was forgotten meanwhile
        return standing

    def _forget(self, moved: Moved) -> None:
        self._rooms.pop(moved.conversation, None)


def _in_direct(conversation: Conversation, user: str) -> Standing:
    if user not in conversation.members:
        raise NotFound
    return Standing(conversation, Membership(conversation=conversation.id, user=user))


def _remember(known: OrderedDict[str, T], id_: str, thing: T) -> T:
    known[id_] = thing
    if len(known) > REMEMBERED:
        known.popitem(last=False)
    return thing
