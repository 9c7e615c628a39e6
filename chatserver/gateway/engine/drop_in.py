"""python-socketio over this engine: the same API, and the protocol texts to the letter."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import engineio
import socketio
from aiohttp import web
from engineio import packet as engineio_packet

from chatserver.gateway.engine import packets
from chatserver.gateway.engine.door import Door, as_request
from chatserver.gateway.engine.engine import Application, Engine
from chatserver.gateway.engine.errors import Forbidden, ProtocolError
from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.front import protocol_factory
from chatserver.gateway.engine.manager import Manager
from chatserver.gateway.engine.options import TRANSPORTS, Options
from chatserver.gateway.engine.packets import Packet
from chatserver.gateway.engine.request import Request
from chatserver.gateway.engine.sockets import Socket


class EngineServer(engineio.AsyncServer):
    """What python-socketio takes for python-engineio's server."""

    def __init__(
        self,
        *,
        options: Options | None = None,
        application: Application | None = None,
        **given: Any,
    ) -> None:
        """`options`, or python-engineio's own ones; `application` listens instead of handlers."""
        super().__init__(**{"async_mode": "aiohttp", "monitor_clients": False, **given})
        self.engine = Engine(application or Mail(self), options or self._options())
        self.door = Door(self.engine)
        self.sockets = self.engine.sockets
        self._data: dict[str, Any] = {}

    def attach(self, app: web.Application, engineio_path: str = "engine.io") -> None:
        """Answer requests to the engine's path in an aiohttp application."""
        app.router.add_route("*", self.engine.options.path, self.handle_request)

    def protocol_factory(self, runner: web.AppRunner) -> Callable[[], asyncio.Protocol]:
        """What makes the protocols of a port that this engine shares with the application."""
        return protocol_factory(self.engine, runner)

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, with what a page of another origin needs to read it."""
        response = await self.door.handle(request)
        if self.cors_allowed_origins != []:
            asked = self._environ(as_request(request), request.method)
            response.headers.update(dict(self._cors_headers(asked)))
        return response

    def admits(self, request: Request) -> bool:
        """Whether `cors_allowed_origins` lets the page that asks connect."""
        origin = request.header("origin")
        if origin is None or self.cors_allowed_origins == []:
            return True
        allowed = self._cors_allowed_origins(self._environ(request, "GET"))
        return allowed is None or origin in allowed

    async def send(self, sid: str, data: Any) -> None:
        """Send a MESSAGE packet; text only."""
        if not isinstance(data, str):
            raise TypeError("Only text can be sent")
        if sid in self.engine.sockets:
            self.engine.sockets[sid].push(Frame.message(data))

    async def send_packet(self, sid: str, pkt: engineio_packet.Packet) -> None:
        """Send any packet."""
        if sid in self.engine.sockets:
            self.engine.sockets[sid].push(Frame(pkt.encode()))

    async def get_session(self, sid: str) -> Any:
        """The application's own data of a client."""
        return self._data.setdefault(sid, {})

    async def save_session(self, sid: str, session: Any) -> None:
        """Keep the application's own data of a client."""
        self._data[sid] = session

    def forget(self, sid: str) -> None:
        """The client is gone, with its data."""
        self._data.pop(sid, None)

    async def disconnect(self, sid: str | None = None) -> None:
        """End one session, or all."""
        for id_ in tuple(self.sockets) if sid is None else (sid,):
            if id_ in self.sockets:
                self.sockets[id_].close()

    async def shutdown(self) -> None:
        """End all sessions."""
        self.engine.close()

    def transport(self, sid: str) -> str:
        """How a client is reached: polling or websocket."""
        name: str = self.sockets[sid].carrier.name
        return name

    def _environ(self, request: Request, method: str) -> dict[str, Any]:
        """What the origin is judged by; a client's word on who forwarded it counts for nothing."""
        made = Environ(request)
        kept = {name: made[name] for name in made if not name.startswith("HTTP_X_FORWARDED_")}
        return {**kept, "REQUEST_METHOD": method}

    def _options(self) -> Options:
        transports = tuple(each for each in TRANSPORTS if each in self.transports)
        return Options(
            transports=transports,
            allow_upgrades=self.allow_upgrades,
            ping_interval_ms=round(self.ping_interval * 1000),
            ping_timeout_ms=round(self.ping_timeout * 1000),
            payload_bytes=self.max_http_buffer_size,
        )


class AsyncServer(socketio.AsyncServer):
    """`socketio.AsyncServer` over this engine.

    It takes the same options but `cookie` (nothing here needs stickiness) and `socketio_path`, for
    which `Options.path` stands.
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("client_manager", Manager())
        options.setdefault("serializer", packets.Encoder)
        # else both libraries set levels and add handlers of their own
        options.setdefault("logger", logging.getLogger("socketio.server"))
        options.setdefault("engineio_logger", logging.getLogger("engineio.server"))
        super().__init__(**{"async_mode": "aiohttp", **options})

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    async def _handle_eio_message(self, eio_sid: str, data: str) -> None:
        await self.dispatch(eio_sid, packets.parse(data))

    async def dispatch(self, eio_sid: str, packet: Packet) -> None:
        """Hand a client's packet to python-socketio.

        Raises:
            ProtocolError: it is out of place.
        """
        if packet.kind == packets.CONNECT:
            await self._handle_connect_packet(eio_sid, packet)
            return
        sid = self.manager.sid_from_eio_sid(eio_sid, packet.namespace)
        if sid is None:
            raise ProtocolError("Not connected to the namespace")
        if packet.kind == packets.DISCONNECT:
            await self._handle_disconnect(eio_sid, packet.namespace)
            return
        arguments = packets.arguments_of(packet)
        if packet.kind == packets.EVENT:
            await self._handle_event(eio_sid, packet.namespace, packet.id, arguments)
        elif packet.id in self.manager.callbacks.get(sid, {}):  # else we no longer wait for it
            await self._handle_ack(eio_sid, packet.namespace, packet.id, arguments)

    async def _handle_connect_packet(self, eio_sid: str, packet: Packet) -> None:
        auth = packets.auth_of(packet)
        if not self.serves(packet.namespace):
            await self._send_packet(
                eio_sid,
                self.packet_class(
                    packet_type=4, data={"message": "Invalid namespace"}, namespace=packet.namespace
                ),
            )
        elif self.manager.sid_from_eio_sid(eio_sid, packet.namespace) is not None:
            raise ProtocolError("Connected already")
        else:
            await self._handle_connect(eio_sid, packet.namespace, auth)

    def serves(self, namespace: str) -> bool:
        """Whether there is anybody to listen in a namespace."""
        return (
            namespace in self.handlers
            or namespace in self.namespace_handlers
            or self.namespaces == "*"
            or namespace in self.namespaces
        )

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        for namespace in list(self.manager.get_namespaces()):
            if self.manager.sid_from_eio_sid(eio_sid, namespace) is not None:
                await self._handle_disconnect(eio_sid, namespace, reason)
        self.environ.pop(eio_sid, None)
        self.eio.forget(eio_sid)


class Mail:
    """Brings python-socketio its calls: one client's in order, different clients' side by side."""

    def __init__(self, server: EngineServer) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    def opened(self, socket: Socket) -> None:
        """A client came."""
        if not self._server.admits(socket.request):
            raise Forbidden
        socket.data = deque()
        self._put(socket, "connect", socket.id, Environ(socket.request))

    def received(self, socket: Socket, data: str) -> None:
        """A client said something."""
        self._put(socket, "message", socket.id, data)

    def closed(self, socket: Socket, reason: str) -> None:
        """A client went."""
        self._put(socket, "disconnect", socket.id, reason)

    def shed(self) -> None:
        """Nothing is droppable here."""

    def _put(self, socket: Socket, *call: Any) -> None:
        socket.data.append(call)
        if len(socket.data) == 1:
            task = asyncio.create_task(self._deliver(socket))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, socket: Socket) -> None:
        while socket.data:
            event, *arguments = socket.data[0]
            try:
                await self._call(socket, event, arguments)
            finally:
                socket.data.popleft()

    async def _call(self, socket: Socket, event: str, arguments: list[Any]) -> None:
        try:
            answer = await self._server.handlers[event](*arguments)
            if event == "connect" and answer is False:
                socket.close()
        except ProtocolError as error:
            socket.fail(f"protocol error: {error}")
        except Exception:
            self._server.logger.exception("%s handler error", event)


class Environ(Mapping[str, Any]):
    """A WSGI-like view of a handshake, made when somebody looks."""

    __slots__ = ("request",)

    def __init__(self, request: Request) -> None:
        self.request = request

    def __getitem__(self, name: str) -> Any:
        return self._made()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())

    def _made(self) -> dict[str, Any]:
        request = self.request
        made: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query_string,
            "REMOTE_ADDR": request.peer,
            "wsgi.url_scheme": "http",
        }
        for name, value in request.headers().items():
            made["HTTP_" + name.upper().replace("-", "_")] = value
        return made
