"""The way in by socket: python-socketio's server with our connections, order and refusals.

A client's path: socket → admission → CONNECT with a token → `ready` → calls, one after the other.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import socketio
import structlog
from aiohttp import web
from socketio import packet as socketio_packet

from chatserver import metrics
from chatserver.clock import now_ms
from chatserver.config import Settings
from chatserver.domain import wire
from chatserver.domain.events import Notice, Ready
from chatserver.domain.person import Caller, DeviceInfo, Identity, Person
from chatserver.errors import (
    Busy,
    ChatError,
    Internal,
    Invalid,
    OriginRefused,
    ProtocolBroken,
    Unauthorized,
    Unavailable,
)
from chatserver.gateway.address import Addresses
from chatserver.gateway.admission import Admission
from chatserver.gateway.handlers import Handlers
from chatserver.gateway.hub import Connection, Hub
from chatserver.gateway.inbox import Inbox
from chatserver.gateway.packets import Event, Packet, parse_event, parse_packet
from chatserver.gateway.session import Session
from chatserver.gateway.transport import Transport, note_broken
from chatserver.services.delivery import of_user
from chatserver.services.services import Services
from chatserver.tasks import Tasks

CALL_TIMEOUT_S = 4.8  # an answer within five seconds, whatever is away

log = structlog.get_logger()


class ConnectAuth(msgspec.Struct, frozen=True):
    """What a client sends with CONNECT."""

    token: str
    device: DeviceInfo


class Gateway(socketio.AsyncServer):
    """The Socket.IO server of a node."""

    def __init__(self, settings: Settings, services: Services, hub: Hub, tasks: Tasks) -> None:
        self._settings = settings
        self._services = services
        self._hub = hub
        self._tasks = tasks
        self._addresses = Addresses(settings)
        self._sessions: dict[str, Session] = {}  # by Engine.IO session id
        self._handlers = Handlers(services, hub, on_renewed=self._renewed)
        self._draining = False
        super().__init__(
            async_mode="aiohttp",
            async_handlers=False,  # we keep the order ourselves
            serializer=Packet,
            namespaces=["/"],
            cors_allowed_origins=[],  # origins are ours, see `_check_origin` and `allow_origin`
            max_http_buffer_size=settings.frame_bytes,
            ping_interval=settings.ping_interval_ms / 1000,
            ping_timeout=settings.ping_timeout_ms / 1000,
            http_compression=False,
        )
        self._admission = Admission(settings, self.eio.end)
        self.on("connect", self._on_connect)
        self.on("disconnect", self._on_disconnect)

    async def allow_origin(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let pages of the origins in the settings read answers of long polling."""
        origin = request.headers.get("Origin")
        if self._addresses.is_foreign(origin):
            response.headers["Access-Control-Allow-Origin"] = origin or ""
            response.headers["Access-Control-Allow-Headers"] = "Content-Type"
            response.headers["Vary"] = "Origin"

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
            session.connection.close()
        await self.shutdown()

    def resync_all(self) -> None:
        """Live events may have been lost: have every device fetch, spread over some seconds."""
        spread_s = self._settings.reconnect_spread_ms / 1000
        loop = asyncio.get_running_loop()
        for connection in self._hub:
            delay = random.uniform(0, spread_s)  # noqa: S311 - to spread, not to hide
            loop.call_later(delay, connection.tell, Notice(type="resync"))

    # --- what the transport tells us: the names are python-socketio's -------------------------

    def _engineio_server_class(self) -> Any:
        return lambda **options: Transport(self._settings, self._addresses, self._tasks, **options)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> bool | None:
        request = environ["aiohttp.request"]
        if self._draining or not self._admission.admit(eio_sid, environ["REMOTE_ADDR"]):
            metrics.refusals.labels("busy").inc()
            return False
        self.eio.remember_request(eio_sid, request)
        await super()._handle_eio_connect(eio_sid, environ)
        return None

    async def _handle_eio_message(self, eio_sid: str, data: str) -> None:
        try:
            packet = parse_packet(data)
            if packet.packet_type == socketio_packet.CONNECT:
                await self._connect(eio_sid, packet)
            elif packet.packet_type == socketio_packet.DISCONNECT:
                await self._handle_disconnect(eio_sid, packet.namespace)
            elif packet.packet_type == socketio_packet.EVENT:
                self._take_event(eio_sid, packet)
        except ProtocolBroken as broken:
            note_broken(broken)
            self.eio.end(eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self._admission.release(eio_sid)
        await super()._handle_eio_disconnect(eio_sid, reason)

    # --- connecting ---------------------------------------------------------------------------

    async def _connect(self, eio_sid: str, packet: Packet) -> None:
        if packet.namespace not in (None, "/"):
            refusal = Packet(
                socketio_packet.CONNECT_ERROR,
                data={"message": "Invalid namespace"},
                namespace=packet.namespace,
            )
            await self._send_packet(eio_sid, refusal)
            return
        if self.manager.sid_from_eio_sid(eio_sid, "/") is not None:
            raise ProtocolBroken("Connected already")
        await self._handle_connect(eio_sid, "/", packet.data)
        session = self._sessions.get(eio_sid)
        if session is None:
            return
        if self.eio.is_open(eio_sid):
            self._welcome(session)
        else:  # it went while its token was being checked
            del self._sessions[eio_sid]
            await self.manager.disconnect(session.connection.caller.connection, "/")

    async def _on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        try:
            self._check_origin(environ)
            await self._let_in(sid, auth)
        except ChatError as refusal:
            metrics.refusals.labels(refusal.code).inc()
            raise socketio.exceptions.ConnectionRefusedError(
                refusal.code, refusal.to_wire()
            ) from None
        except Exception:
            log.exception("a connection could not be accepted")
            raise socketio.exceptions.ConnectionRefusedError(
                Internal.code, Internal().to_wire()
            ) from None

    def _check_origin(self, environ: dict[str, Any]) -> None:
        origin, host = environ.get("HTTP_ORIGIN"), environ.get("HTTP_HOST")
        if not self._addresses.origin_allowed(origin, host):
            raise OriginRefused

    async def _let_in(self, sid: str, auth: Any) -> None:
        if self._draining:
            raise Busy(retry_after_ms=1000)
        given = _connect_auth(auth)
        identity = await self._services.auth.authenticate(given.token, now_ms())
        async with _answer_by(asyncio.get_running_loop().time() + CALL_TIMEOUT_S):
            person = await self._services.devices.arrive(identity, given.device, sid, now_ms())
        eio_sid = self.manager.eio_sid_from_sid(sid, "/")
        self._sessions[eio_sid] = self._session(eio_sid, sid, identity, (given.device, person))

    def _session(
        self, eio_sid: str, sid: str, identity: Identity, who: tuple[DeviceInfo, Person]
    ) -> Session:
        device, person = who
        caller = Caller(
            user=identity.user,
            role=identity.role,
            shop=identity.shop,
            device=device.id,
            connection=sid,
        )
        connection = Connection(_Socket(self.eio, eio_sid), caller, identity)
        inbox = Inbox(
            self._tasks,
            lambda event: self._handle_event_of(connection, event),
            self._settings.inbox_frames,
        )
        return Session(connection, inbox, person)

    def _welcome(self, session: Session) -> None:
        connection = session.connection
        user = connection.caller.user
        self._admission.release(self.manager.eio_sid_from_sid(connection.caller.connection, "/"))
        first = not self._hub.of_user(user)
        # from here on the connection can be cut; what was revoked just before is seen now
        self._hub.join(connection, of_user(user))
        metrics.connections.inc()
        metrics.connects.inc()
        try:
            self._services.auth.refuse_revoked(connection.identity)
        except Unauthorized:
            connection.dismiss(Notice(type="kicked", reason="revoked"))
            return
        connection.tell(self._ready(session))
        session.watch_expiry()
        self._keep_socket_limit(user)
        if first:
            self._tasks.spawn("arrived", self._services.presence.arrived(user))

    def _ready(self, session: Session) -> Ready:
        settings = self._settings
        return Ready(
            me=session.person,
            device=session.connection.caller.device,
            time=now_ms(),
            limits={
                "text_bytes": settings.text_bytes,
                "frame_bytes": settings.frame_bytes,
                "page_default": settings.page_default,
                "page_max": settings.page_max,
                "sends_per_s": settings.sends_per_s,
                "edit_window_ms": settings.edit_window_ms,
                "recall_window_ms": settings.recall_window_ms,
            },
        )

    def _keep_socket_limit(self, user: str) -> None:
        connections = self._hub.of_user(user)
        for oldest in connections[: -self._settings.sockets_per_user]:
            oldest.dismiss(Notice(type="kicked", reason="socket_limit"))

    def _renewed(self, connection: Connection) -> None:
        eio_sid = self.manager.eio_sid_from_sid(connection.caller.connection, "/")
        if eio_sid in self._sessions:
            self._sessions[eio_sid].watch_expiry()

    # --- calls --------------------------------------------------------------------------------

    def _take_event(self, eio_sid: str, packet: Packet) -> None:
        session = self._sessions.get(eio_sid)
        if session is None or packet.namespace not in (None, "/"):
            raise ProtocolBroken("Not connected")
        if self._draining:
            return  # unanswered, so the client sends it again after coming back
        deadline = asyncio.get_running_loop().time() + CALL_TIMEOUT_S
        if not session.inbox.put(parse_event(packet, deadline)):
            raise ProtocolBroken("The client floods")

    async def _handle_event_of(self, connection: Connection, event: Event) -> None:
        if connection.closed:
            return
        connection.begin()
        answer = await self._answer(connection, event)
        connection.answer(_ack(event.ack, answer) if event.ack is not None else None)

    async def _answer(self, connection: Connection, event: Event) -> dict[str, Any]:
        try:
            async with _answer_by(event.deadline):
                self._services.limits.call(connection.caller.user, now_ms())
                call = wire.parse_call(event.name, event.payload)
                metrics.calls.labels(event.name).inc()
                return {"ok": True, **await self._handlers.handle(connection, call)}
        except ChatError as refusal:
            return _refuse(refusal)
        except RecursionError:
            return _refuse(Invalid("This is nested too deeply"))
        except Exception:
            log.exception("a call failed", call=event.name)
            return _refuse(Internal())

    # --- leaving ------------------------------------------------------------------------------

    async def _on_disconnect(self, sid: str, _reason: str) -> None:
        session = self._sessions.pop(self.manager.eio_sid_from_sid(sid, "/"), None)
        if session is None:
            return
        session.end()
        user = session.connection.caller.user
        joined = bool(session.connection.topics)
        self._hub.remove(session.connection)
        if joined:
            metrics.connections.dec()
        if not self._hub.of_user(user) and not self._draining:
            self._tasks.spawn("left", self._services.presence.left_soon(user))


class _Socket:
    """The transport's side of one connection."""

    __slots__ = ("_eio", "_sid")

    def __init__(self, eio: Transport, sid: str) -> None:
        self._eio = eio
        self._sid = sid

    def push(self, packet: str) -> None:
        self._eio.push(self._sid, packet)

    def close(self) -> None:
        self._eio.end(self._sid)


def _connect_auth(auth: Any) -> ConnectAuth:
    try:
        return msgspec.convert(auth, ConnectAuth)
    except msgspec.ValidationError as error:
        raise Unauthorized(f"auth must be {{token, device}}: {error}") from None


def _ack(number: int, answer: dict[str, Any]) -> str:
    return f"3{number}[{msgspec.json.encode(answer).decode()}]"


def _refuse(refusal: ChatError) -> dict[str, Any]:
    metrics.refusals.labels(refusal.code).inc()
    return {"ok": False, **refusal.to_wire()}


@asynccontextmanager
async def _answer_by(deadline: float) -> AsyncIterator[None]:
    """What runs inside answers in time or ends as `Unavailable`.

    The time counts from the call's arrival: behind calls that wait for a database that is away,
    the next ones are refused untried.
    """
    if asyncio.get_running_loop().time() >= deadline:
        raise Busy(retry_after_ms=1000)
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError:
        raise Unavailable from None
