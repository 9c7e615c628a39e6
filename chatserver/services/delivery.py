"""Telling: which people hear of what, here through the hub and elsewhere through the bus.

Every effect of an action on others stands here as an explicit call; there are no hidden listeners.
What is told is a hint: whoever misses it finds the same in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from chatserver.domain import wire
from chatserver.domain.device import Cut
from chatserver.domain.events import Event, Notice
from chatserver.domain.membership import Moved

_FRAME = b"f"
_ABOUT = b"a"  # a frame about a message, with its number before it
_CUT = b"c"
_MOVED = b"m"

FLUSHED_WITHIN_S = 1.0


class LocalHub(Protocol):
    """The connections of this node, as services see them."""

    def deliver(
        self, topic: str, packet: str, skip: str | None = None, about: int | None = None
    ) -> int:
        """Hand a packet to the topic's connections but `skip`; how many there were.

        One `about` a message goes only to those who may see that message.
        """
        ...

    def seat(self, user: str, topic: str, first: int | None) -> None:
        """The person's connections hear the topic, from message `first` on, or no longer."""
        ...

    def cut(self, cut: Cut) -> None:
        """End the connections that are meant."""
        ...

    def here(self, topic: str) -> bool:
        """Whether a connection of this node listens to the topic."""
        ...


class Publisher(Protocol):
    """The way to the other nodes; it never fails and never waits."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand the payload to the nodes that listen to the topic."""
        ...

    async def settled(self) -> bool:
        """Wait a moment until this node listens to all it asked for; whether it does."""
        ...

    async def flushed(self, timeout_s: float) -> bool:
        """Wait until Redis has all that was published so far; whether it has."""
        ...


def of_user(user: str) -> str:
    """The topic of everything one person is told."""
    return f"u:{user}"


def of_presence(user: str) -> str:
    """The topic of one person's coming and going, for those who watch it."""
    return f"p:{user}"


def of_room(conversation: str) -> str:
    """The topic of what everybody in a room is told."""
    return f"c:{conversation}"


def is_room(topic: str) -> bool:
    """Whether the topic is that of a room."""
    return topic.startswith("c:")


class Delivery:
    """Tells people on every node."""

    def __init__(self, hub: LocalHub, bus: Publisher) -> None:
        self._hub = hub
        self._bus = bus
        self._on_moved: list[Callable[[Moved], None]] = []

    def when_moved(self, take: Callable[[Moved], None]) -> None:
        """Who is told, of this node and the others, that a room is not what it was."""
        self._on_moved.append(take)

    def tell(self, users: Iterable[str], event: Event, *, skip: str | None = None) -> None:
        """Tell each person's devices, but not the connection `skip`."""
        self.tell_topics([of_user(user) for user in users], event, skip=skip)

    def tell_topics(self, topics: Iterable[str], event: Event, *, skip: str | None = None) -> None:
        """Tell the listeners of each topic; the frame is made once for all of them."""
        frame = wire.encode_event(event)
        payload = _FRAME + frame.encode()
        for topic in topics:
            self._hub.deliver(topic, frame, skip)
            self._bus.publish(topic, payload)

    def tell_about(self, topic: str, event: Event, seq: int, *, skip: str | None = None) -> None:
        """Tell the listeners who may see message `seq` of it, but not the connection `skip`."""
        frame = wire.encode_event(event)
        self._hub.deliver(topic, frame, skip, about=seq)
        self._bus.publish(topic, _ABOUT + seq.to_bytes(8) + frame.encode())

    def moved(self, moved: Moved) -> None:
        """A room changed: have every node know it."""
        self._moved_here(moved)
        payload = _MOVED + msgspec.json.encode(moved)
        self._bus.publish(of_room(moved.conversation), payload)
        for user, first in moved.seats.items():
            if first is not None:  # the nodes of who came in may not listen to the room yet
                self._bus.publish(of_user(user), payload)

    def seat_here(self, user: str, topic: str, first: int | None) -> bool:
        """The person's connections of this node hear a room, from message `first` on, or no longer;
        whether the node begins to hear it by this."""
        was_heard = self._hub.here(topic)
        self._hub.seat(user, topic, first)
        return self._hub.here(topic) and not was_heard

    def resync_here(self, topic: str) -> None:
        """Have the topic's listeners of this node look into the log."""
        self._hub.deliver(topic, wire.encode_event(Notice(type="resync")))

    async def moved_everywhere(self) -> bool:
        """Wait until what moved so far comes before anything that is told from now on.

        False when Redis does not answer: the other nodes then find out by themselves.
        """
        return await self._bus.flushed(FLUSHED_WITHIN_S)

    def cut(self, cut: Cut) -> None:
        """End connections of a person wherever they are."""
        self._hub.cut(cut)
        self._bus.publish(of_user(cut.user), _CUT + msgspec.json.encode(cut))

    def cut_here(self, cut: Cut) -> None:
        """End connections of a person on this node; the other nodes find out by themselves."""
        self._hub.cut(cut)

    async def listening(self) -> None:
        """Return when nothing told from now on is missed, as far as Redis lets us."""
        await self._bus.settled()

    def is_here(self, user: str) -> bool:
        """Whether the person has a connection on this node."""
        return self._hub.here(of_user(user))

    def heard(self, topic: str, payload: bytes) -> None:
        """Pass on what another node published."""
        kind, content = payload[:1], payload[1:]
        if kind == _FRAME:
            self._hub.deliver(topic, content.decode())
        elif kind == _ABOUT:
            self._hub.deliver(topic, content[8:].decode(), about=int.from_bytes(content[:8]))
        elif kind == _MOVED:
            self._moved_here(msgspec.json.decode(content, type=Moved))
        elif kind == _CUT:
            self._hub.cut(msgspec.json.decode(content, type=Cut))

    def _moved_here(self, moved: Moved) -> None:
        for take in self._on_moved:
            take(moved)
