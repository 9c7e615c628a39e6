"""Who may have to be told of new messages: noted for each of them, and decided upon later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

from chatserver.domain.conversation import Conversation
from chatserver.domain.membership import FOREVER
from chatserver.domain.message import Message
from chatserver.domain.person import Front
from chatserver.domain.push.burst import Special, most_urgent
from chatserver.domain.push.ladder import Ladder
from chatserver.domain.push.policy import LOOK_MIN_MS
from chatserver.services.notifying.outlook import Fronts
from chatserver.store.memberships import LISTENERS_AT_ONCE, Listener
from chatserver.store.pushes import News
from chatserver.store.stores import Stores


class Recipients:
    """Notes new messages for those members who can be notified."""

    def __init__(self, stores: Stores, ladder: Ladder, fronts: Fronts) -> None:
        self._stores = stores
        self._ladder = ladder
        self._fronts = fronts

    async def note(self, messages: Iterable[Message], now_ms: int, since_ms: int = 0) -> None:
        """These messages are new; noting them twice is as good as once. Those stored before
        `since_ms` are left out.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        said: defaultdict[str, list[Message]] = defaultdict(list)
        for message in sorted(messages, key=lambda message: message.seq):
            if message.at >= since_ms and _is_told(message):
                said[message.conversation].append(message)
        conversations = await self._stores.conversations.get_all(said)
        async for listeners in self._listeners(conversations.values()):
            await self._note(said, listeners, now_ms)

    async def recalled(self, messages: Iterable[Message], now_ms: int) -> None:
        """These messages were recalled: no device is to show them any longer.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        first: dict[str, int] = {}
        for message in messages:  # what shows a later one counts the earlier ones
            first[message.conversation] = min(message.seq, first.get(message.conversation, FOREVER))
        conversations = await self._stores.conversations.get_all(first)
        async for listeners in self._listeners(conversations.values()):
            places = [
                (each.user, each.conversation, first[each.conversation]) for each in listeners
            ]
            await self._stores.pushes.recalled(places, now_ms)

    async def _note(
        self, said: dict[str, list[Message]], listeners: Sequence[Listener], now_ms: int
    ) -> None:
        heard = [(each, _heard(each, said[each.conversation])) for each in listeners]
        concerned = [(each, messages) for each, messages in heard if messages]
        reachable = await self._reachable([each.user for each, _ in concerned])
        fronts = await self._fronts.in_front(reachable)
        news = [
            self._news(each, messages, fronts.get(each.user), now_ms)
            for each, messages in concerned
            if each.user in reachable
        ]
        await self._stores.pushes.enqueue(news, now_ms)

    async def _reachable(self, users: Sequence[str]) -> set[str]:
        """Those of these people whom anything could reach."""
        if not users:
            return set()
        addressed = await self._stores.devices.addressed(users)
        left = [user for user in users if user not in addressed]
        if not left or not self._ladder.has("sms"):
            return addressed
        return addressed | await self._stores.push_prefs.with_phones(left)

    def _news(
        self, listener: Listener, messages: Sequence[Message], front: Front | None, now_ms: int
    ) -> News:
        """Of a crowd that has the app in front most read it: they are looked at when it would be
        looked at again, and not before."""
        kind = most_urgent(message.message_class for message in messages)
        steps = self._ladder.steps(kind)
        first, last = messages[0], messages[-1]
        due = first.at + (steps[0].after_s * 1000 if steps else 0)
        if front == "handheld" and kind != "critical":
            due = max(due, now_ms + LOOK_MIN_MS)
        return News(
            user=listener.user,
            conversation=listener.conversation,
            first=first.seq,
            last=last.seq,
            since=first.at,
            at=last.at,
            due=due,
            kind=kind,
            special=tuple(
                Special(message.seq, message.message_class)
                for message in messages
                if message.message_class != "chat"
            ),
        )

    async def _listeners(
        self, conversations: Iterable[Conversation]
    ) -> AsyncIterator[list[Listener]]:
        """All members of these conversations, some at a time."""
        memberships = self._stores.memberships
        for part in _parts([each for each in conversations if each.room is None]):
            yield await memberships.listeners(
                (each.id, member) for each in part for member in each.members
            )
        for part in _parts([each for each in conversations if each.room is not None]):
            async for page in memberships.all_listeners([each.id for each in part]):
                yield page


def _is_told(message: Message) -> bool:
    return message.kind not in {"system", "void"} and not message.recalled


def _heard(listener: Listener, messages: Iterable[Message]) -> list[Message]:
    """Those of the messages that a member may want to be notified of."""
    return [
        message
        for message in messages
        if message.sender != listener.user
        and message.seq > listener.read
        and _wants(listener, message)
    ]


def _wants(listener: Listener, message: Message) -> bool:
    if message.message_class == "critical" or listener.mode in {"all", "silent"}:
        return True
    is_meant = message.mention_all or listener.user in message.mentions
    return listener.mode == "mentions" and is_meant


def _parts(conversations: Sequence[Conversation]) -> Iterator[list[Conversation]]:
    """Conversations whose members are looked up together; a large room comes alone."""
    part: list[Conversation] = []
    room = LISTENERS_AT_ONCE
    for each in conversations:
        size = each.room.count if each.room is not None else len(each.members)
        if part and size > room:
            yield part
            part, room = [], LISTENERS_AT_ONCE
        part.append(each)
        room -= size
    if part:
        yield part
