"""From polling to a WebSocket without losing a packet: probe, answer, go over.

Source: Engine.IO protocol 4, Upgrade.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chatserver.gateway.engine.connection import WebSocket
from chatserver.gateway.engine.frames import PROBED
from chatserver.gateway.engine.polling import Polling
from chatserver.gateway.engine.sockets import Socket, State
from chatserver.gateway.engine.websocket import PROTOCOL_ERROR


class Probe:
    """Listens on the new WebSocket until the session lives there; a bad one ends alone."""

    __slots__ = ("_done", "_probed", "_socket", "connection")

    def __init__(
        self,
        socket: Socket,
        transport: asyncio.Transport,
        limit: int,
        done: Callable[[Probe], None],
    ) -> None:
        """`done` is told once, when the session went over or the WebSocket is gone."""
        self.connection = socket.upgrading = WebSocket(transport, self, limit)
        self._socket = socket
        self._done = done
        self._probed = False

    def received(self, packet: str | bytes) -> None:
        """A packet of the handshake, or something wrong."""
        if packet == "2probe" and not self._probed:
            self._probed = True
            self.connection.send([PROBED])
            self._release_poll()
        elif packet == "5" and self._probed and self._socket.state is State.OPEN:
            self._go_over()
        else:
            self._socket.upgrading = None
            self.connection.close(PROTOCOL_ERROR)

    def flush(self) -> None:
        """Nothing waits here."""

    def hung_up(self) -> None:
        """The client gave the WebSocket up."""
        self.connection.abort()

    def lost(self, _reason: str) -> None:
        """The WebSocket is gone; the session goes on by polls."""
        if self._socket.upgrading is self.connection:  # else another one is on its way
            self._socket.upgrading = None
        self._done(self)

    def _go_over(self) -> None:
        self._release_poll()
        self._socket.upgrading = None
        self._done(self)
        self.connection.receiver = self._socket
        self._socket.carried_by(self.connection)

    def _release_poll(self) -> None:
        if isinstance(self._socket.carrier, Polling):
            self._socket.carrier.release()
