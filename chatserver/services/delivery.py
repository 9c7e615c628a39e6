"""Telling: which people hear of what, here through the hub and elsewhere through the bus.

Every effect of an action on others stands here as an explicit call; there are no hidden listeners.
What is told is a hint: whoever misses it finds the same in the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from chatserver.domain import wire
from chatserver.domain.device import Cut
from chatserver.domain.events import Event

_FRAME = b"f"
_CUT = b"c"


class LocalHub(Protocol):
    """The connections of this node, as services see them."""

    def deliver(self, topic: str, packet: str, skip: str | None = None) -> int:
        """Hand a packet to the topic's connections but `skip`; how many there were."""
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


def of_user(user: str) -> str:
    """The topic of everything one person is told."""
    return f"u:{user}"


def of_presence(user: str) -> str:
    """The topic of one person's coming and going, for those who watch it."""
    return f"p:{user}"


class Delivery:
    """Tells people on every node."""

    def __init__(self, hub: LocalHub, bus: Publisher) -> None:
        self._hub = hub
        self._bus = bus

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
        elif kind == _CUT:
            self._hub.cut(msgspec.json.decode(content, type=Cut))
