"""The Engine.IO transport, python-engineio's with its holes closed.

What is sent is pushed without waiting; what is received was checked before it is parsed; sockets
that do not authenticate, do not read or break the protocol are closed.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import engineio
import structlog
from aiohttp import web
from engineio import packet as engineio_packet

from chatserver import metrics
from chatserver.config import Settings
from chatserver.errors import ProtocolBroken
from chatserver.gateway.address import Addresses
from chatserver.gateway.packets import check_body, check_packet
from chatserver.logs import once_in
from chatserver.tasks import Tasks

CLOSE_WITHIN_S = 1.0  # a client that does not follow a close is cut off after this

log = structlog.get_logger()


class CheckedWebSocket:
    """The WebSocket driver: text frames of the protocol only, no compression."""

    def __init__(self, handler: Any, server: Any) -> None:
        self._handler = handler
        self._socket = web.WebSocketResponse(
            max_msg_size=server.max_http_buffer_size, compress=False, timeout=CLOSE_WITHIN_S
        )

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        """Upgrade the request and serve it until it ends."""
        await self._socket.prepare(environ["aiohttp.request"])
        await self._handler(self)
        return self._socket

    async def wait(self) -> str:
        """The next packet; python-engineio takes OSError as the end of the connection."""
        message = await self._socket.receive()
        if message.type not in (web.WSMsgType.TEXT, web.WSMsgType.BINARY):
            raise OSError("closed")
        try:
            return check_packet(message.data)
        except ProtocolBroken as broken:
            note_broken(broken)
            raise OSError("protocol") from broken

    async def send(self, packet: str) -> None:
        """Write one packet, waiting for a slow reader."""
        await self._socket.send_str(packet)

    async def close(self) -> None:
        """Close the WebSocket."""
        await self._socket.close()


class Transport(engineio.AsyncServer):
    """python-engineio's server behind our checks."""

    def __init__(
        self, settings: Settings, addresses: Addresses, tasks: Tasks, **options: Any
    ) -> None:
        super().__init__(**options)
        self._tasks = tasks
        self._outbox_bytes = settings.outbox_bytes
        driver: dict[str, Any] = self._async  # type: ignore[has-type]  # the library is untyped
        driver_request = driver["translate_request"]

        def translate_request(request: web.Request) -> dict[str, Any]:
            environ: dict[str, Any] = driver_request(request)
            environ["REMOTE_ADDR"] = addresses.of(request)
            environ["wsgi.input"] = _Body(request)
            return environ

        self._async = {
            **driver,
            "websocket": CheckedWebSocket,
            "translate_request": translate_request,
        }

    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """One request of a client, if it keeps to the protocol."""
        if "j" in request.query:  # JSONP lets any page read what it polls
            return web.Response(status=400, text="JSONP is not supported")
        if "transport" not in request.query:
            return web.Response(status=400, text="The transport is missing")
        if request.method == "POST":
            try:
                check_body(await request.read())
            except ProtocolBroken as broken:
                note_broken(broken)
                self.end(request.query.get("sid", ""))
                return web.Response(status=400, text=broken.message)
        socket = self.sockets.get(request.query.get("sid", ""))
        response: web.StreamResponse = await super().handle_request(request)
        if request.method == "POST" and socket is not None and socket.closed:
            socket.queue.put_nowait(engineio_packet.Packet(engineio_packet.NOOP))  # ends its poll
        return response

    def create_queue(self, *_args: Any, **_options: Any) -> _Outbox:
        """The output of a new socket."""
        return _Outbox()

    def is_open(self, sid: str) -> bool:
        """Whether the socket can still be written to."""
        socket = self.sockets.get(sid)
        return socket is not None and not socket.closed and not socket.closing

    def push(self, sid: str, packet: str) -> None:
        """Put a Socket.IO packet into a socket's output; a reader too slow for it is cut off."""
        socket = self.sockets.get(sid)
        if socket is None or socket.closed:
            return
        if socket.queue.size_bytes >= self._outbox_bytes:
            metrics.slow_closes.inc()
            self.abort(sid)
            return
        socket.queue.put_nowait(engineio_packet.Packet(engineio_packet.MESSAGE, packet))

    def end(self, sid: str) -> None:
        """Close a socket after what was pushed; one that does not follow is cut off."""
        if self.is_open(sid):
            self._tasks.spawn("close", self._end(self.sockets[sid]))

    def abort(self, sid: str) -> None:
        """Cut a socket off at once."""
        socket = self.sockets.get(sid)
        if socket is None:
            return
        self.end(sid)
        request = getattr(socket, "request", None)
        if request is not None and request.transport is not None:
            request.transport.abort()

    def remember_request(self, sid: str, request: web.Request) -> None:
        """The request that a socket lives on, so that it can be cut off."""
        self.sockets[sid].request = request

    async def _end(self, socket: Any) -> None:
        await socket.close(wait=False, reason=self.reason.SERVER_DISCONNECT)
        await socket.queue.put(None)  # ends the writer, which closes the WebSocket
        asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self._make_sure, socket)

    def _make_sure(self, socket: Any) -> None:
        self.sockets.pop(socket.sid, None)
        request = getattr(socket, "request", None)
        if socket.upgraded and request is not None and request.transport is not None:
            request.transport.abort()


class _Outbox(asyncio.Queue[engineio_packet.Packet | None]):
    """A socket's output, which knows how much memory it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.size_bytes = 0

    def _put(self, item: engineio_packet.Packet | None) -> None:
        super()._put(item)
        self.size_bytes += _size(item)

    def _get(self) -> engineio_packet.Packet | None:
        item = super()._get()
        self.size_bytes -= _size(item)
        return item


def _size(item: engineio_packet.Packet | None) -> int:
    return 0 if item is None else sys.getsizeof(item.data)


class _Body:
    """A request's body as python-engineio reads it; it was read for checking before."""

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def read(self, _length: int) -> bytes:
        """All of it; its length is limited by the application."""
        return await self._request.read()


def note_broken(broken: ProtocolBroken) -> None:
    """Count a client that broke the protocol, and log one line now and then."""
    metrics.protocol_errors.inc()
    if once_in(10, "protocol broken"):
        log.info("a client broke the protocol", why=broken.message)
