"""Who is online and who is typing: hints, told only to those who asked or talk with the person."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

from chatserver.domain.calls import SetTyping
from chatserver.domain.conversation import Conversation, direct_id
from chatserver.domain.events import PresenceChanged
from chatserver.domain.person import Caller
from chatserver.domain.rights import check_may_write
from chatserver.services.access import Access
from chatserver.services.delivery import Delivery, of_presence
from chatserver.services.telling import Telling
from chatserver.store.stores import Stores

TOLD_EVERY_S = 0.1
TOLD_AT_ONCE = 500  # people, before others have their turn


class Board(Protocol):
    """Where the nodes note who is online; it knows nothing when Redis is down."""

    async def arrived(self, *users: str) -> None:
        """These people have connections on this node."""
        ...

    async def left(self, *users: str, at_ms: int) -> None:
        """These people's last connections on this node are gone."""
        ...

    async def states(self, users: Collection[str]) -> dict[str, tuple[bool, int | None]]:
        """Who is online anywhere, and when each was last seen, in ms."""
        ...


class Presence:
    """Coming and going of people: noted at once, and told for many together a moment later."""

    def __init__(
        self,
        board: Board,
        stores: Stores,
        delivery: Delivery,
        *,
        leaves_after_ms: int,
    ) -> None:
        """A person who comes back within `leaves_after_ms` was never away."""
        self._board = board
        self._conversations = stores.conversations
        self._memberships = stores.memberships
        self._delivery = delivery
        self._leaves_after_s = leaves_after_ms / 1000
        self._coming: dict[str, None] = {}
        # until when each may come back: all have the same time, so the first is due first
        self._leaving: OrderedDict[str, float] = OrderedDict()

    def came(self, user: str) -> None:
        """A person has the first connection on this node."""
        if self._leaving.pop(user, None) is None:  # else nobody heard of the leaving
            self._coming[user] = None

    def went(self, user: str) -> None:
        """A person's last connection on this node is gone: so is the person, if it stays so."""
        self._leaving[user] = asyncio.get_running_loop().time() + self._leaves_after_s
        self._leaving.move_to_end(user)

    async def run(self, clock: Callable[[], int]) -> None:
        """Tell of those who came and went until cancelled; `clock` gives ms since 1970 UTC."""
        while True:
            await asyncio.sleep(TOLD_EVERY_S)
            await self.flush(clock())

    async def flush(self, now_ms: int) -> None:
        """Tell of those who came, and of those who went and stayed away."""
        coming, self._coming = self._coming, {}
        for users in _parts(coming):
            await self._arrived(users)
        for users in _parts(self._gone()):
            await self._left(users, now_ms)

    async def visible(self, caller: Caller, users: Iterable[str]) -> list[str]:
        """Those of these people whose presence the caller may see.

        They share a direct conversation, or a room that is not too large for that.
        """
        others = {direct_id(caller.user, user): user for user in users if user != caller.user}
        found = await self._conversations.get_all(others)
        seen = [others[id_] for id_ in found]
        unseen = set(others.values()).difference(seen)
        return [*seen, *await self._in_rooms_with(caller.user, unseen)]

    async def states(self, users: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What watchers are told at first."""
        users = tuple(users)
        states = await self._board.states(users)
        return {user: self._state(user, *states.get(user, (False, None))) for user in users}

    async def _in_rooms_with(self, user: str, others: set[str]) -> set[str]:
        if not others:
            return set()
        mine = [conversation for conversation, _ in await self._memberships.seats(user)]
        rooms = await self._conversations.get_all(mine)
        small = [id_ for id_, conversation in rooms.items() if not conversation.is_large]
        return await self._memberships.sharing(small, others)

    def _gone(self) -> list[str]:
        """Take out those who stayed away."""
        now, gone = asyncio.get_running_loop().time(), []
        while self._leaving and next(iter(self._leaving.values())) <= now:
            gone.append(self._leaving.popitem(last=False)[0])
        return gone

    async def _arrived(self, users: Sequence[str]) -> None:
        await self._board.arrived(*users)
        for user in users:
            self._tell(user, online=True, last_seen=None)

    async def _left(self, users: Sequence[str], now_ms: int) -> None:
        await self._board.left(*users, at_ms=now_ms)
        states = await self._board.states(users)
        for user in users:
            online, last_seen = states.get(user, (False, now_ms))
            if not online:
                self._tell(user, online=False, last_seen=last_seen)

    def _state(self, user: str, online: bool, last_seen: int | None) -> dict[str, Any]:
        if online or self._delivery.is_here(user):
            return {"state": "online", "last_seen": None}
        return {"state": "offline", "last_seen": last_seen}

    def _tell(self, user: str, *, online: bool, last_seen: int | None) -> None:
        event = PresenceChanged(
            user=user, state="online" if online else "offline", last_seen=last_seen
        )
        self._delivery.tell_topics((of_presence(user),), event)


def _parts(users: Iterable[str]) -> Iterator[tuple[str, ...]]:
    left = iter(users)
    while part := tuple(islice(left, TOLD_AT_ONCE)):
        yield part


class Typists:
    """Who is typing where, on this node; a signal that is not renewed is taken back."""

    def __init__(
        self,
        access: Access,
        telling: Telling,
        *,
        interval_ms: int,
        expires_ms: int,
    ) -> None:
        self._access = access
        self._telling = telling
        self._interval_s = interval_ms / 1000
        self._expires_s = expires_ms / 1000
        self._typing: dict[tuple[str, str], tuple[float, asyncio.TimerHandle]] = {}

    async def signal(self, caller: Caller, call: SetTyping, now_ms: int) -> None:
        """Pass on that the caller types or has stopped; signals too close together are dropped.

        Raises:
            NotFound: the conversation is not the caller's.
            Forbidden: nobody types there, or the caller may not write there now.
        """
        standing = await self._access.of(caller.user, call.conversation)
        standing.require("type")
        conversation = standing.conversation
        if call.on:
            check_may_write(conversation, standing.me, now_ms)
            self._start(conversation, caller)
        else:
            self.stop(conversation, caller.user)

    async def sent(self, caller: Caller, conversation: str) -> None:
        """The caller sent what was being typed."""
        if (conversation, caller.user) in self._typing:
            standing = await self._access.of(caller.user, conversation)
            self.stop(standing.conversation, caller.user)

    def stop(self, conversation: Conversation, user: str) -> None:
        """The person no longer types: said so, sent the message, left, or went silent."""
        typing = self._typing.pop((conversation.id, user), None)
        if typing is not None:
            typing[1].cancel()
            self._telling.typing(conversation, user, on=False)

    def _start(self, conversation: Conversation, caller: Caller) -> None:
        loop = asyncio.get_running_loop()
        place = (conversation.id, caller.user)
        since, timer = self._typing.get(place, (None, None))
        if since is not None and loop.time() - since < self._interval_s:
            return
        if timer is not None:
            timer.cancel()
        timer = loop.call_later(self._expires_s, self.stop, conversation, caller.user)
        self._typing[place] = (loop.time(), timer)
        self._telling.typing(conversation, caller.user, on=True)
