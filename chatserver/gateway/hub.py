"""Who is here: the connections of this node and the topics they listen to, both ways.

The rest of the gateway knows a connection only through what stands here, so the transport below
can be another one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from chatserver import metrics
from chatserver.domain import wire
from chatserver.domain.device import Cut
from chatserver.domain.events import Event, Notice
from chatserver.domain.person import Caller, Here, Identity
from chatserver.gateway.engine.frames import Frame
from chatserver.services.delivery import is_room, of_room, of_user

# the Socket.IO packet; official clients then do not reconnect by themselves
_DISCONNECT = Frame.message("1")
MOVES_KEPT = 10_000  # more than ever happen while somebody's seats are looked up
HELD_MAX = 500  # events that wait for the answer of a sync
ANSWER_WITHIN_S = 0.5  # a connection that is cut off waits this long for a call under way


class Wire(Protocol):
    """What a transport gives a connection."""

    def push(self, frame: Frame) -> None:
        """Put a packet into the output; never waits."""
        ...

    def close(self) -> None:
        """End the connection after what was pushed before; never waits; harmless when repeated."""
        ...


PushAll = Callable[[Sequence[Any], Frame], None]
"""How to push one frame to many wires of one kind."""


def push_each(wires: Iterable[Wire], frame: Frame) -> None:
    """The way that any wires offer."""
    for each in wires:
        each.push(frame)


class Topics(Protocol):
    """The way to hear what other nodes publish."""

    def subscribe(self, topic: str) -> None:
        """Hear this topic from now on."""
        ...

    def unsubscribe(self, topic: str) -> None:
        """No longer hear it."""
        ...


class Connection:
    """One device's authenticated connection."""

    __slots__ = (
        "_answering", "_held", "caller", "closed", "flows", "foreground", "handheld", "identity",
        "topics", "wire",
    )  # fmt: skip

    def __init__(
        self, wire: Wire, caller: Caller, identity: Identity, *, handheld: bool = True
    ) -> None:
        """`handheld` says whether the device is one that somebody carries about."""
        self.wire = wire
        self.handheld = handheld
        self._held: list[Frame] | None = None
        self._answering = False
        self.caller = caller
        self.identity = identity
        self.topics: list[str] = []  # few for nearly everybody, and there are many connections
        self.closed = False
        self.flows = True  # events go right into the wire: neither closed nor held
        self.foreground = True  # until the device says otherwise

    def tell(self, event: Event) -> None:
        """Send an event to this connection alone."""
        self.deliver(Frame.message(wire.encode_event(event)))

    def deliver(self, frame: Frame) -> None:
        """Send a ready frame, or keep it while events are held; who was cut off gets none."""
        if self.closed:
            return
        if self._held is None:
            self.wire.push(frame)
        elif len(self._held) < HELD_MAX:
            self._held.append(frame)
        elif len(self._held) == HELD_MAX:  # the rest is fetched
            self._held.append(Frame.message(wire.encode_event(Notice(type="resync"))))

    def begin(self) -> None:
        """A call is being handled; `answer` ends it."""
        self._answering = True

    def answer(self, frame: Frame | None) -> None:
        """Send an acknowledgement, if one was asked for; then what was held flows."""
        self._answering = False
        if frame is not None:
            self.wire.push(frame)
        held, self._held = self._held, None
        self.flows = not self.closed
        for each in held or ():
            self.wire.push(each)
        if self.closed:
            self.wire.close()

    def hold(self) -> None:
        """Keep events back until the next answer is out, so that they come after it."""
        self._held = self._held or []
        self.flows = False

    def dismiss(self, notice: Notice | None = None) -> None:
        """End the connection so that its client does not come back by itself."""
        if self.closed:
            return
        if notice is not None:
            self.wire.push(Frame.message(wire.encode_event(notice)))
        self.wire.push(_DISCONNECT)
        self.close()

    def close(self) -> None:
        """End the connection; its client may come back."""
        if self.closed:
            return
        self.closed, self.flows = True, False
        if self._answering:  # who logs itself out still gets the answer
            asyncio.get_running_loop().call_later(ANSWER_WITHIN_S, self.wire.close)
        else:
            self.wire.close()


class Hub:
    """The connections of this node."""

    def __init__(self, topics: Topics, push_all: PushAll = push_each) -> None:
        """`push_all` fits the wires of all connections."""
        self._bus = topics
        self._push_all = push_all
        self._rooms: dict[str, dict[str, Connection]] = {}
        self._firsts: dict[str, dict[str, int]] = {}  # where somebody may not see all of it
        self._moves: deque[tuple[str, str, int | None]] = deque(maxlen=MOVES_KEPT)
        self._moves_count = 0

    def __iter__(self) -> Iterator[Connection]:
        """Every connection once."""
        seen = {c.caller.connection: c for room in self._rooms.values() for c in room.values()}
        return iter(seen.values())

    def join(self, connection: Connection, topic: str, first: int = 1) -> None:
        """Have a connection hear a topic; the node hears it from its first listener on.

        One that is gone hears nothing: a call of it may still have been on its way. `first` is the
        first message of the topic that the connection's person may see.
        """
        if connection.closed:
            return
        if first > 1:
            self._firsts.setdefault(topic, {})[connection.caller.connection] = first
        elif topic in self._firsts:
            self._firsts[topic].pop(connection.caller.connection, None)
        room = self._rooms.get(topic)
        if room is None:
            room = self._rooms[topic] = {}
            self._bus.subscribe(topic)
        if connection.caller.connection not in room:
            room[connection.caller.connection] = connection
            connection.topics.append(topic)

    def leave(self, connection: Connection, topic: str) -> None:
        """The connection no longer hears a topic; harmless when it never did."""
        if connection.caller.connection in self._rooms.get(topic, ()):
            connection.topics.remove(topic)
            self._drop(connection, topic)

    def remove(self, connection: Connection) -> None:
        """The connection is gone; the cost is that of its own topics."""
        connection.closed, connection.flows = True, False
        for topic in connection.topics:
            self._drop(connection, topic)
        connection.topics = []

    def seat(self, user: str, topic: str, first: int | None) -> None:
        """The person's connections hear the topic, from message `first` on, or no longer."""
        self._moves.append((user, topic, first))
        self._moves_count += 1
        for connection in self.of_user(user):
            if first is None:
                self.leave(connection, topic)
            else:
                self.join(connection, topic, first)

    def is_seated(self, user: str, topic: str, *, hears: bool) -> bool:
        """Whether each of the person's connections hears the topic, or none does."""
        room = self._rooms.get(topic, {})
        return all((each.caller.connection in room) is hears for each in self.of_user(user))

    @property
    def moment(self) -> int:
        """Now, for `take_seats`."""
        return self._moves_count

    def take_seats(self, connection: Connection, seats: Mapping[str, int], moment: int) -> None:
        """The connection hears these rooms, each from a first message on, and no others.

        The seats were looked up after `moment`: whoever was seated or unseated since, stays so.
        """
        wanted = {of_room(conversation): first for conversation, first in seats.items()}
        for topic, first in self._moves_of(connection.caller.user, moment):
            if first is None:
                wanted.pop(topic, None)
            else:
                wanted[topic] = first
        for topic in [each for each in connection.topics if is_room(each) and each not in wanted]:
            self.leave(connection, topic)
        for topic, first in wanted.items():
            self.join(connection, topic, first)

    def of_user(self, user: str) -> list[Connection]:
        """A person's connections here, the oldest first."""
        return list(self._rooms.get(of_user(user), {}).values())

    def front(self, user: str) -> Here:
        """Where the person, who is here, has an app in the foreground."""
        here = self._rooms.get(of_user(user), {}).values()
        in_front = [connection for connection in here if connection.foreground]
        if any(connection.handheld for connection in in_front):
            return "handheld"
        return "desktop" if in_front else "away"

    def here(self, topic: str) -> bool:
        """Whether anybody here listens to the topic."""
        return topic in self._rooms

    def deliver(
        self, topic: str, packet: str, skip: str | None = None, about: int | None = None
    ) -> int:
        """Hand a packet to the topic's connections but `skip`; how many there were.

        One `about` a message goes only to those who may see that message.
        """
        room = self._rooms.get(topic)
        if room is None:
            return 0
        firsts = self._firsts.get(topic)
        if about is not None and firsts and about < max(firsts.values()):
            room = {id_: each for id_, each in room.items() if firsts.get(id_, 1) <= about}
        receivers = list(room.values())  # as of now: one may leave meanwhile
        if skip in room:
            receivers.remove(room[skip])
        if receivers:
            self._hand(Frame.message(packet, droppable=wire.is_droppable(packet)), receivers)
            metrics.deliveries.inc(len(receivers))
        return len(receivers)

    def tell_one(self, caller: Caller, packet: str) -> bool:
        """Hand a packet to one connection; false when it is gone."""
        connection = self._rooms.get(of_user(caller.user), {}).get(caller.connection)
        if connection is None:
            return False
        connection.deliver(Frame.message(packet))
        return True

    def cut(self, cut: Cut) -> None:
        """End the connections that are meant."""
        notice = Notice(type="kicked", reason=cut.reason) if cut.reason else None
        for connection in self.of_user(cut.user):
            if cut.means(
                connection=connection.caller.connection,
                device=connection.caller.device,
                token_id=connection.identity.token_id,
                issued_at=connection.identity.issued_at,
            ):
                connection.dismiss(notice)

    def _hand(self, frame: Frame, receivers: Sequence[Connection]) -> None:
        wires = [connection.wire for connection in receivers if connection.flows]
        if len(wires) < len(receivers):
            for connection in receivers:
                if not connection.flows:
                    connection.deliver(frame)
        self._push_all(wires, frame)

    def _moves_of(self, user: str, moment: int) -> list[tuple[str, int | None]]:
        count = min(self._moves_count - moment, len(self._moves))
        latest = islice(self._moves, len(self._moves) - count, None) if count else ()
        return [(topic, first) for moved, topic, first in latest if moved == user]

    def _drop(self, connection: Connection, topic: str) -> None:
        room = self._rooms[topic]
        del room[connection.caller.connection]
        if topic in self._firsts:
            self._firsts[topic].pop(connection.caller.connection, None)
        if not room:
            del self._rooms[topic]
            self._firsts.pop(topic, None)
            self._bus.unsubscribe(topic)

    def tell_all(self, make: Callable[[], Event]) -> None:
        """Tell every connection something of its own."""
        for connection in self:
            connection.tell(make())
