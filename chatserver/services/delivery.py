"""Telling: which people hear of what, here through the hub and elsewhere through the bus.

Every effect of an action on others stands here as an explicit call; there are no hidden listeners.
What is told is a hint: whoever misses it finds the same in the log.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
from msgspec import Struct

from chatserver.domain import wire
from chatserver.domain.device import Cut
from chatserver.domain.events import Event, Notice
from chatserver.domain.membership import Moved
from chatserver.domain.person import Caller

_FRAME = b"f"
_SENT = b"s"  # the frame of a message or of a change of one, with an envelope
_CUT = b"c"
_MOVED = b"m"

_HEAD = struct.Struct("!??QHH")

FLUSHED_WITHIN_S = 1.0


class Sent(Struct, frozen=True):
    """What a node learns of a message, or of a change of one, without reading the frame.

    `has_arrived` is a new one that the sending node has handed to a device of another member.
    """

    conversation: str
    sender: str
    seq: int
    is_new: bool
    has_arrived: bool = False


OnSent = Callable[[str, Sent], None]


class LocalHub(Protocol):
    """The connections of this node, as services see them."""

    def deliver(
        self, topic: str, packet: str, skip: str | None = None, about: int | None = None
    ) -> int:
        """Hand a packet to the topic's connections but `skip`; how many there were.

        One `about` a message goes only to those who may see that message.
        """
        ...

    def tell_one(self, caller: Caller, packet: str) -> bool:
        """Hand a packet to one connection; false when it is gone."""
        ...

    def seat(self, user: str, topic: str, first: int | None) -> None:
        """The person's connections hear the topic, from message `first` on, or no longer."""
        ...

    def is_seated(self, user: str, topic: str, *, hears: bool) -> bool:
        """Whether each of the person's connections hears the topic, or none does."""
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


def user_of(topic: str) -> str | None:
    """Whose topic it is; None where it is not one of what a person is told."""
    return topic[2:] if topic.startswith("u:") else None


def of_presence(user: str) -> str:
    """The topic of one person's coming and going, for those who watch it."""
    return f"p:{user}"


def of_room(conversation: str) -> str:
    """The topic of what everybody in a room is told."""
    return f"c:{conversation}"


def of_desk(shop: str) -> str:
    """The topic of what waits at a shop's desk, for those who serve there."""
    return f"d:{shop}"


def of_desk_whole(shop: str) -> str:
    """The topic of all that lies on a shop's desk, for its managers."""
    return f"m:{shop}"


def of_reports(shop: str | None, conversation: str | None) -> str:
    """The topic of how many reports wait, of a room or of all of a shop."""
    return f"rc:{conversation}" if conversation is not None else f"rs:{shop}"


def is_room(topic: str) -> bool:
    """Whether the topic is that of a room."""
    return topic.startswith("c:")


class Delivery:
    """Tells people on every node."""

    def __init__(self, hub: LocalHub, bus: Publisher) -> None:
        self._hub = hub
        self._bus = bus
        self._on_moved: list[Callable[[Moved], None]] = []
        self._on_sent: list[OnSent] = []

    def when_moved(self, take: Callable[[Moved], None]) -> None:
        """Who is told, of this node and the others, that a room is not what it was."""
        self._on_moved.append(take)

    def when_sent(self, hear: OnSent) -> None:
        """Who is told what people sent through other nodes, once for each topic it is heard on."""
        self._on_sent.append(hear)

    def tell(self, users: Iterable[str], event: Event, *, skip: str | None = None) -> None:
        """Tell each person's devices, but not the connection `skip`."""
        self.tell_topics([of_user(user) for user in users], event, skip=skip)

    def tell_one(self, caller: Caller, event: Event) -> bool:
        """Tell one connection of this node; false when it is gone."""
        return self._hub.tell_one(caller, wire.encode_event(event))

    def tell_topics(self, topics: Iterable[str], event: Event, *, skip: str | None = None) -> None:
        """Tell the listeners of each topic; the frame is made once for all of them."""
        frame = wire.encode_event(event)
        self._tell(topics, frame, _FRAME + frame.encode(), skip)

    def tell_sent(
        self, topics: Iterable[str], event: Event, sent: Sent, *, skip: str | None = None
    ) -> None:
        """Tell of a message, or of a change of one, those listeners who may see the message.

        Of a new one too: somebody may have come in after it got its number.
        """
        frame = wire.encode_event(event)
        self._tell(topics, frame, _SENT + _envelope(sent) + frame.encode(), skip, about=sent.seq)

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

    def is_seated_here(self, user: str, topic: str, first: int | None) -> bool:
        """Whether the person's connections of this node hear the room as they should."""
        return self._hub.is_seated(user, topic, hears=first is not None)

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
        elif kind == _SENT:
            self._heard_sent(topic, content)
        elif kind == _MOVED:
            self._moved_here(msgspec.json.decode(content, type=Moved))
        elif kind == _CUT:
            self._hub.cut(msgspec.json.decode(content, type=Cut))

    def _moved_here(self, moved: Moved) -> None:
        for take in self._on_moved:
            take(moved)

    def _tell(
        self,
        topics: Iterable[str],
        frame: str,
        payload: bytes,
        skip: str | None,
        about: int | None = None,
    ) -> None:
        for topic in topics:
            self._hub.deliver(topic, frame, skip, about)
            self._bus.publish(topic, payload)

    def _heard_sent(self, topic: str, content: bytes) -> None:
        sent, frame = _opened(content)
        self._hub.deliver(topic, frame, about=sent.seq)
        for hear in self._on_sent:
            hear(topic, sent)


def _envelope(sent: Sent) -> bytes:
    """What goes before the frame: a head of fixed size with two lengths, then two names."""
    conversation, sender = sent.conversation.encode(), sent.sender.encode()
    lengths = len(conversation), len(sender)
    return _HEAD.pack(sent.is_new, sent.has_arrived, sent.seq, *lengths) + conversation + sender


def _opened(content: bytes) -> tuple[Sent, str]:
    is_new, has_arrived, seq, of_conversation, of_sender = _HEAD.unpack_from(content)
    middle = _HEAD.size + of_conversation
    end = middle + of_sender
    conversation, sender = content[_HEAD.size : middle].decode(), content[middle:end].decode()
    return Sent(conversation, sender, seq, is_new, has_arrived), content[end:].decode()
