"""The way in by socket: our engine below, python-socketio's API above, our calls between.

A client's path: socket → admission → CONNECT with a token → `ready` → calls, one after the other.
The namespace `/` is ours alone: python-socketio hears of no client in it, only of other namespaces.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import msgspec
import structlog
from aiohttp import web
from msgspec import structs

from chatserver import descriptors, metrics
from chatserver.clock import now_ms
from chatserver.config import Settings
from chatserver.domain.events import Notice
from chatserver.domain.person import HANDHELD
from chatserver.errors import Busy, ChatError, Internal, Unauthorized
from chatserver.gateway.address import Addresses
from chatserver.gateway.admission import Admission
from chatserver.gateway.alarms import Alarms
from chatserver.gateway.answering import CALL_TIMEOUT_S, AnswerBy, Answering
from chatserver.gateway.engine import packets
from chatserver.gateway.engine.drop_in import AsyncServer, EngineServer, Environ
from chatserver.gateway.engine.engine import new_id
from chatserver.gateway.engine.errors import Overloaded, ProtocolError
from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.handover import new_tag
from chatserver.gateway.engine.options import Options
from chatserver.gateway.engine.packets import Packet
from chatserver.gateway.engine.sockets import Socket, State
from chatserver.gateway.entrance import Entrance, Guest
from chatserver.gateway.handlers import Handlers
from chatserver.gateway.hub import Connection, Hub
from chatserver.gateway.inbox import Handle, Inbox
from chatserver.gateway.session import Arrived, Session
from chatserver.logs import once_in
from chatserver.services.delivery import of_user
from chatserver.services.services import Services
from chatserver.tasks import Tasks

NAMESPACE = "/"

log = structlog.get_logger()


class Gateway(AsyncServer):
    """The Socket.IO server of a node, and the application that its engine talks to."""

    def __init__(
        self,
        settings: Settings,
        services: Services,
        hub: Hub,
        tasks: Tasks,
        engine: type[EngineServer] = EngineServer,
    ) -> None:
        self._settings = settings
        self._services = services
        self._hub = hub
        self._tasks = tasks
        self._engine = engine
        self._addresses = Addresses(settings)
        self._late: Alarms[AnswerBy] = Alarms(AnswerBy.give_up)
        self._entrance = Entrance(settings, services, self._addresses)
        handlers = Handlers(services, hub, self._renewed)
        self._answering = Answering(handlers, services.limits, self._late)
        self._sessions: dict[str, Session] = {}  # by Engine.IO session id
        self._members: dict[str, Session] = {}  # those let in, by connection
        self._draining = False
        self._handle_one: Handle[Arrived] = self._handle  # one bound method for all inboxes
        self._connections_max = descriptors.connections_max(settings)
        super().__init__(
            async_handlers=False,  # we keep the order ourselves
            namespaces=[NAMESPACE],
            cors_allowed_origins=[],  # origins are ours, see `Entrance` and `allow_origin`
        )
        self._admission = Admission(settings, self._too_late)
        self._expiries: Alarms[Session] = Alarms(lambda session: session.wake(self._expiries))
        self.manager_initialized = True

    async def allow_origin(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let pages of the origins in the settings read answers of long polling."""
        origin = request.headers.get("Origin")
        if self._addresses.is_foreign(origin):
            response.headers["Access-Control-Allow-Origin"] = origin or ""
            response.headers.setdefault("Access-Control-Allow-Headers", "Content-Type")
            response.headers.add("Vary", "Origin")

    async def drain(self) -> None:
        """Tell everybody when to come back, finish what was begun, and close."""
        self._draining = True
        spread_ms = self._settings.reconnect_spread_ms
        self._hub.tell_all(
            lambda: Notice(
                type="draining",
                reconnect_in_ms=random.randint(0, spread_ms),  # noqa: S311 - to spread, not to hide
            )
        )
        sessions = list(self._sessions.values())
        for session in sessions:
            session.inbox.clear()
        await asyncio.gather(*(session.inbox.finish() for session in sessions))
        for session in sessions:
            if session.connection is not None:
                session.connection.close()
        await self.shutdown()

    def resync_all(self) -> None:
        """Live events may have been lost: have every device fetch, spread over some seconds."""
        spread_s = self._settings.reconnect_spread_ms / 1000
        loop = asyncio.get_running_loop()
        for connection in self._hub:
            delay = random.uniform(0, spread_s)  # noqa: S311 - to spread, not to hide
            loop.call_later(delay, connection.tell, Notice(type="resync"))

    # --- what the engine tells us -------------------------------------------------------------

    def opened(self, socket: Socket) -> None:
        """A client came, and may say who it is."""
        address = self._addresses.of(socket.request)
        full = len(self._sessions) >= self._connections_max
        if self._draining or full or not self._admission.admit(socket.id, address):
            metrics.refusals.labels(Busy.code).inc()
            raise Overloaded
        inbox = Inbox(self._tasks, self._handle_one, self._settings.inbox_frames)
        self._sessions[socket.id] = Session(socket, inbox)

    def received(self, socket: Socket, data: str) -> None:
        """A client said something; it is handled in its turn."""
        packet = packets.parse(data)
        if self._draining:
            return  # unanswered, so the client sends it again after coming back
        deadline = asyncio.get_running_loop().time() + CALL_TIMEOUT_S
        session = self._sessions[socket.id]
        if not session.inbox.put((session, packet, deadline)):
            raise ProtocolError("The client floods")

    def closed(self, socket: Socket, reason: str) -> None:
        """A client is gone."""
        _note(reason)
        self._admission.release(socket.id)
        session = self._sessions.pop(socket.id)
        session.inbox.clear()
        if session.elsewhere:
            self._tasks.spawn("left", self._handle_eio_disconnect(socket.id, reason))
        self._leave(session)

    def shed(self) -> None:
        """Something not worth waiting for was dropped."""
        metrics.shed.inc()

    def _engineio_server_class(self) -> Any:
        settings = self._settings
        options = Options(
            tag=new_tag() if settings.handover_dir else "",
            handover_dir=settings.handover_dir,
            ping_interval_ms=settings.ping_interval_ms,
            ping_timeout_ms=settings.ping_timeout_ms,
            payload_bytes=settings.frame_bytes,
            # half waits here, half may be with the network layer
            shed_bytes=settings.outbox_bytes // 8,
            outbox_bytes=settings.outbox_bytes // 2,
            heads_max=settings.unauthenticated_total,
        )
        return lambda **given: self._engine(options=options, application=self, **given)

    def _too_late(self, eio_sid: str) -> None:
        self._admission.release(eio_sid)
        if eio_sid in self._sessions:
            self._sessions[eio_sid].socket.close()

    # --- one packet after the other -----------------------------------------------------------

    async def _handle(self, arrived: Arrived) -> None:
        session, packet, deadline = arrived
        socket = session.socket
        if socket.state is not State.OPEN:
            return
        try:
            if packet.namespace != NAMESPACE:
                await self._handle_elsewhere(session, packet)
            elif packet.kind == packets.CONNECT:
                await self._come_in(session, packet, deadline)
            elif session.connection is None:
                raise ProtocolError("Not connected to the namespace")
            elif packet.kind == packets.EVENT:
                await self._answering.handle(session.connection, packets.event(packet), deadline)
            elif packet.kind == packets.DISCONNECT:
                self._leave(session)
            else:
                packets.arguments_of(packet)  # nobody here waits for an acknowledgement
        except ProtocolError as error:
            socket.fail(f"protocol error: {error}")

    async def _handle_elsewhere(self, session: Session, packet: Packet) -> None:
        if packet.kind == packets.CONNECT:
            session.elsewhere = True
            self.environ[session.socket.id] = Environ(session.socket.request)
        await self.dispatch(session.socket.id, packet)

    async def _come_in(self, session: Session, packet: Packet, deadline: float) -> None:
        if session.connection is not None:
            raise ProtocolError("Connected already")
        auth = packets.auth_of(packet)
        try:
            guest = await self._let_in(session.socket, auth, deadline)
        except ChatError as refusal:
            _refuse(session.socket, refusal)
        except Exception:
            log.exception("a connection could not be accepted")
            _refuse(session.socket, Internal())
        else:
            if session.socket.state is State.OPEN:  # else it went while its token was checked
                self._welcome(session, guest)

    async def _let_in(self, socket: Socket, auth: Any, deadline: float) -> Guest:
        claim = await self._entrance.identify(socket.request, auth)
        overloaded = self._services.overload.is_on
        wait_ms = 1000 if self._draining else self._admission.enter(now_ms(), overloaded=overloaded)
        if wait_ms:
            raise Busy(retry_after_ms=wait_ms)
        moment = self._hub.moment
        with AnswerBy(deadline, self._late):
            guest = await self._entrance.receive(new_id(), claim)
        return structs.replace(guest, moment=moment)

    def _welcome(self, session: Session, guest: Guest) -> None:
        self._admission.release(session.socket.id)
        handheld = guest.device.platform in HANDHELD
        connection = Connection(session.socket, guest.caller, guest.identity, handheld=handheld)
        session.connection = connection
        self._members[guest.caller.connection] = session
        session.socket.push(Frame.message(f'0{{"sid":"{guest.caller.connection}"}}'))
        user = guest.caller.user
        # from here on the connection can be cut; what was revoked just before is seen now
        self._hub.join(connection, of_user(user))
        self._hub.take_seats(connection, guest.seats, guest.moment)
        metrics.connections.inc()
        metrics.connects.inc()
        try:
            self._services.auth.refuse_revoked(guest.identity)
        except Unauthorized:
            connection.dismiss(Notice(type="kicked", reason="revoked"))
            return
        connection.tell(self._entrance.ready(guest))
        session.watch_expiry(self._expiries)
        self._keep_socket_limit(user)
        self._services.shops.meet(guest.caller)
        self._services.presence.came(user, self._hub.front(user))

    def _keep_socket_limit(self, user: str) -> None:
        connections = self._hub.of_user(user)
        for oldest in connections[: -self._settings.sockets_per_user]:
            oldest.dismiss(Notice(type="kicked", reason="socket_limit"))

    def _renewed(self, connection: Connection) -> None:
        session = self._members.get(connection.caller.connection)
        if session is not None:
            session.watch_expiry(self._expiries)

    def _leave(self, session: Session) -> None:
        """The client is no longer in; harmless when it never was."""
        connection, session.connection = session.connection, None
        if connection is None:
            return
        self._expiries.cancel(session)
        del self._members[connection.caller.connection]
        self._hub.remove(connection)
        metrics.connections.dec()
        if self._draining:
            return
        user = connection.caller.user
        if self._hub.here(of_user(user)):
            self._services.presence.came(user, self._hub.front(user))
        else:
            self._services.presence.went(user)


def _refuse(socket: Socket, refusal: ChatError) -> None:
    metrics.refusals.labels(refusal.code).inc()
    error = msgspec.json.encode({"message": refusal.code, "data": refusal.to_wire()})
    socket.push(Frame.message(f"4{error.decode()}"))


def _note(reason: str) -> None:
    """Count why a socket ended where an operator should know, and say it now and then."""
    if reason == "slow reader":
        metrics.slow_closes.inc()
    elif reason.startswith("protocol error"):
        metrics.protocol_errors.inc()
        if once_in(10, "protocol broken"):
            log.info("a client broke the protocol", why=reason)
