"""Engine.IO 4 for any application: sessions, their heartbeat, their output, their end.

The application hears of a client by plain calls, in order, and answers with `Socket.push`; there
is no task, queue or timer for each client.
Sources: Engine.IO protocol 4 and the behaviour of its reference server.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from typing import Protocol

from chatserver.gateway.engine.connection import WebSocket
from chatserver.gateway.engine.deadlines import Deadlines
from chatserver.gateway.engine.errors import ProtocolError, UnknownSession
from chatserver.gateway.engine.frames import MESSAGE, PING, Frame
from chatserver.gateway.engine.handover import Handover
from chatserver.gateway.engine.heartbeat import Heartbeat
from chatserver.gateway.engine.options import Options
from chatserver.gateway.engine.polling import Polling
from chatserver.gateway.engine.request import Request
from chatserver.gateway.engine.slices import Slices
from chatserver.gateway.engine.sockets import Socket
from chatserver.gateway.engine.upgrade import Probe

# then others get their turn on the event loop
FLUSHES_PER_TURN = 500
ENDS_PER_TURN = 100

log = logging.getLogger(__name__)


class Application(Protocol):
    """Who the clients talk to. Nothing here may wait."""

    def opened(self, socket: Socket) -> None:
        """A client came.

        Raises:
            Refusal: it is not let in.
        """
        ...

    def received(self, socket: Socket, data: str) -> None:
        """A MESSAGE packet's data; those of one socket come in order.

        Raises:
            ProtocolError: the socket is to end.
        """
        ...

    def closed(self, socket: Socket, reason: str) -> None:
        """An opened socket ended; nothing more is sent or received."""
        ...

    def shed(self) -> None:
        """A droppable frame was dropped, its reader being slow."""
        ...


def new_id() -> str:
    """An id that nobody can guess, 20 characters of base64url."""
    return secrets.token_urlsafe(15)


def _terms(options: Options, upgrades: tuple[str, ...]) -> str:
    """What every session is told at first beside its id, as the end of a JSON object."""
    terms = {
        "upgrades": upgrades,
        "pingInterval": options.ping_interval_ms,
        "pingTimeout": options.ping_timeout_ms,
        "maxPayload": options.payload_bytes,
    }
    return json.dumps(terms, separators=(",", ":")).removeprefix("{")


class Engine:
    """All sessions of one server."""

    def __init__(self, application: Application, options: Options) -> None:
        self.options = options
        self.sockets: dict[str, Socket] = {}
        self.handover = Handover(options.handover_dir, options.tag)
        self.shed_bytes = options.shed_bytes
        self.outbox_bytes = options.outbox_bytes
        self._application = application
        self._ends: list[Callable[[], None]] = []
        upgradable = options.allow_upgrades and "websocket" in options.transports
        self._terms_websocket = _terms(options, ())
        self._terms_polling = _terms(options, ("websocket",) if upgradable else ())
        self._heartbeat: Heartbeat[Socket] = Heartbeat(
            options.ping_interval_ms / 1000,
            options.ping_timeout_ms / 1000,
            lambda socket: socket.push(PING),
            lambda socket: socket.abort("ping timeout"),
        )
        self._ending: Deadlines[Socket] = Deadlines(
            options.close_within_ms / 1000, lambda socket: socket.carrier.abort()
        )
        self._probes: Deadlines[Probe] = Deadlines(
            options.upgrade_within_ms / 1000, lambda probe: probe.connection.abort()
        )
        self._unflushed: Slices[Socket] = Slices(Socket.flush, FLUSHES_PER_TURN)
        self._hung_up: Slices[Socket] = Slices(
            lambda socket: socket.abort("transport close"), ENDS_PER_TURN
        )
        self._ended: Slices[tuple[Socket, str]] = Slices(self._tell_end, ENDS_PER_TURN)

    # --- sessions ---------------------------------------------------------------------------------

    def open_websocket(
        self, request: Request, switching: bytes, transport: asyncio.Transport
    ) -> WebSocket:
        """A new session on a WebSocket; the caller gives the transport its protocol.

        Raises:
            Refusal: the application does not let it in.
        """
        socket = self._open(request, self._terms_websocket)
        connection = WebSocket(transport, socket, self.options.payload_bytes)
        socket.carrier = connection
        # what it is told at once goes in the same write
        transport.write(b"".join([switching, *(frame.wire for frame in socket.take())]))
        return connection

    def open_polling(self, request: Request) -> Socket:
        """A new session whose client polls.

        Raises:
            Refusal: the application does not let it in.
        """
        socket = self._open(request, self._terms_polling)
        socket.carried_by(Polling(socket))
        return socket

    def begin_upgrade(
        self, socket: Socket, switching: bytes, transport: asyncio.Transport
    ) -> WebSocket:
        """A WebSocket on which a polling session may go on."""
        probe = Probe(socket, transport, self.options.payload_bytes, self._probed)
        self._probes.add(probe)
        transport.write(switching)
        return probe.connection

    def session(self, id_: str) -> Socket:
        """The session of this id.

        Raises:
            UnknownSession: there is none.
        """
        socket = self.sockets.get(id_)
        if socket is None:
            raise UnknownSession
        return socket

    def at_end(self, end: Callable[[], None]) -> None:
        """Have `end` called when this closes."""
        self._ends.append(end)

    def close(self) -> None:
        """End all sessions and every timer, and let nobody in any more."""
        self.handover.close()
        for end in self._ends:
            end()
        for socket in tuple(self.sockets.values()):
            socket.close()
        self._heartbeat.close()

    def _open(self, request: Request, terms: str) -> Socket:
        socket = Socket(self.options.tag + new_id(), request, self)
        socket.push(Frame(f'0{{"sid":"{socket.id}",{terms}'))
        self.sockets[socket.id] = socket
        self._heartbeat.add(socket)
        try:
            self._application.opened(socket)
        except Exception:
            socket.drop()
            self._heartbeat.discard(socket)
            self.gone(socket)
            raise
        return socket

    def _probed(self, probe: Probe) -> None:
        self._probes.discard(probe)

    # --- what a socket needs ----------------------------------------------------------------------

    def received(self, socket: Socket, packet: str | bytes) -> None:
        """Take a packet in; a bad one ends the session."""
        try:
            self._take(socket, packet)
        except ProtocolError as error:
            socket.fail(f"protocol error: {error}")
        except Exception:
            log.exception("a packet could not be handled")
            socket.fail("internal error")

    def flush_soon(self, *sockets: Socket) -> None:
        """Flush when this turn is over, so what is pushed meanwhile goes in the same write."""
        self._unflushed.put(*sockets)

    def shed(self) -> None:
        """A droppable frame was dropped."""
        self._application.shed()

    def closing(self, socket: Socket, reason: str) -> None:
        """Tell the application, and see that the client follows."""
        self._heartbeat.discard(socket)
        self._ending.add(socket)
        if socket.upgrading is not None:
            socket.upgrading.close()
        self._ended.put((socket, reason))

    def hung_up(self, socket: Socket) -> None:
        """End it soon: closing thousands of connections in one turn would hold up everybody."""
        self._hung_up.put(socket)

    def gone(self, socket: Socket) -> None:
        """Forget it."""
        self._ending.discard(socket)
        self.sockets.pop(socket.id, None)

    def _take(self, socket: Socket, packet: str | bytes) -> None:
        if isinstance(packet, bytes):
            raise ProtocolError("Binary packets are not accepted")
        if packet.startswith(MESSAGE):
            self._application.received(socket, packet[1:])
        elif packet == "3":
            self._heartbeat.answered(socket)
        elif packet == "1":
            socket.leave()
        else:
            raise ProtocolError("Unknown packet")

    def _tell_end(self, end: tuple[Socket, str]) -> None:
        try:
            self._application.closed(*end)
        except Exception:
            log.exception("the end of a session could not be handled")
