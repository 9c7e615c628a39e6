"""python-socketio's client manager with rooms both ways.

Joining, leaving and going away cost what a client's own rooms cost, and whoever is told the same
gets the same frame. The methods are those of `socketio.AsyncManager`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import socketio
from bidict import bidict

from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.packets import EVENT

Members = dict[str, str]
"""Socket.IO session ids with their Engine.IO ids."""


class Manager(socketio.AsyncManager):
    """Who is in which namespace and room.

    `rooms[namespace][None]` holds everybody. A client's own room is not kept: it is found there.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rooms_of: dict[tuple[str, str], set[str]] = {}
        self._arriving: set[str] = set()
        self._leaving: set[str] = set()

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """A new id for a client that asks to be let in; None when it is in already."""
        everybody = self.rooms.setdefault(namespace, {None: bidict()})[None]
        if eio_sid in everybody.inverse:
            return None
        sid: str = self.server.eio.generate_id()
        everybody[sid] = eio_sid
        self._arriving.add(sid)
        return sid

    async def connect(self, sid: str, namespace: str) -> str | None:
        """The client is let in."""
        self._arriving.discard(sid)
        return sid

    def is_connected(self, sid: str, namespace: str) -> bool:
        """Whether a client is in, neither coming nor going."""
        return (
            sid in self._everybody(namespace)
            and sid not in self._arriving
            and sid not in self._leaving
        )

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        """The client is about to go; its handler may still look it up."""
        self._leaving.add(sid)
        eio_sid: str | None = self._everybody(namespace).get(sid)
        return eio_sid

    def basic_disconnect(self, sid: str, namespace: str, **_options: Any) -> None:
        """The client is gone."""
        for room in tuple(self._rooms_of.get((namespace, sid), ())):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        self._arriving.discard(sid)
        self._leaving.discard(sid)
        everybody = self._everybody(namespace)
        everybody.pop(sid, None)
        if not everybody:
            self.rooms.pop(namespace, None)

    def is_sid_room(self, namespace: str, room: Any) -> bool:
        """Whether a room is a client's own."""
        return room in self._everybody(namespace)

    def basic_enter_room(
        self, sid: str, namespace: str, room: Any, eio_sid: str | None = None
    ) -> None:
        """Put a client into a room."""
        everybody = self._everybody(namespace)
        if sid not in everybody:
            raise ValueError("sid is not connected to requested namespace")
        if sid == room:
            return
        if room in everybody:
            raise ValueError("cannot enter a sid room")
        self.rooms[namespace].setdefault(room, {})[sid] = eio_sid or everybody[sid]
        self._rooms_of.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Take a client out of a room; harmless when it is not in."""
        members = self.rooms.get(namespace, {}).get(room, {})
        if room is None or members.pop(sid, None) is None:
            return
        if not members:
            del self.rooms[namespace][room]
        rooms = self._rooms_of[namespace, sid]
        rooms.discard(room)
        if not rooms:
            del self._rooms_of[namespace, sid]

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        """The rooms of a client, its own first."""
        own = [sid] if sid in self._everybody(namespace) else []
        return own + list(self._rooms_of.get((namespace, sid), ()))

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """Everybody in a room, or in one of several, once."""
        several = isinstance(room, (list, tuple, set, frozenset))
        members: Members = {}
        for each in room if several else (room,):
            members.update(self._members(namespace, each))
        yield from members.items()

    async def emit(self, event: str, data: Any, namespace: str, **options: Any) -> None:
        """Tell a room, or everybody; with a callback each gets a packet of its own."""
        if options.get("callback"):
            await super().emit(event, data, namespace, **options)
            return
        packet = self.server.packet_class(
            EVENT, namespace=namespace, data=[event, *_arguments(data)]
        )
        frame = Frame.message(packet.encode())
        room, skip = options.get("to") or options.get("room"), options.get("skip_sid")
        skipped = skip if isinstance(skip, list) else [skip]
        self._push(self.get_participants(namespace, room), skipped, frame)

    def _push(
        self, members: Iterable[tuple[str, str]], skipped: list[str | None], frame: Frame
    ) -> None:
        sockets = self.server.eio.engine.sockets
        for sid, eio_sid in members:
            if sid not in skipped and eio_sid in sockets:
                sockets[eio_sid].push(frame)

    def _everybody(self, namespace: str) -> Any:
        return self.rooms.get(namespace, {}).get(None, {})

    def _members(self, namespace: str, room: Any) -> Members:
        everybody = self._everybody(namespace)
        if room in everybody:
            return {room: everybody[room]}
        members: Members = self.rooms.get(namespace, {}).get(room, {})
        return members


def _arguments(data: Any) -> list[Any]:
    """A tuple is several arguments, None is none."""
    if isinstance(data, tuple):
        return list(data)
    return [] if data is None else [data]
