"""The way in through aiohttp: polls, posts, and WebSockets on connections that were used before.

Source: Engine.IO protocol 4; error bodies as the reference server words them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import HttpVersion11, web

from chatserver.gateway.engine.connection import WebSocket
from chatserver.gateway.engine.engine import Engine
from chatserver.gateway.engine.errors import (
    BadHandshakeMethod,
    ProtocolError,
    Refusal,
    UnknownSession,
    UnknownTransport,
    UnsupportedVersion,
)
from chatserver.gateway.engine.frames import SEPARATOR
from chatserver.gateway.engine.handshake import switching, wants_websocket
from chatserver.gateway.engine.polling import Polling
from chatserver.gateway.engine.replay import read_behind, replayed
from chatserver.gateway.engine.request import Request
from chatserver.gateway.engine.sockets import Socket

_NO_STORE = {"Cache-Control": "no-store"}


class Door:
    """Reads requests to an engine's path and answers them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A route handler for every method of the engine's path."""
        try:
            return await self._answer(request)
        except ProtocolError:
            return _refused(Refusal())
        except Refusal as refusal:
            return _refused(refusal)

    def open(
        self, request: Request, headers: Mapping[str, str], transport: asyncio.Transport
    ) -> WebSocket:
        """Open a WebSocket; the caller makes it the transport's protocol.

        `headers` are the request's own.

        Raises:
            Refusal: the handshake is wrong, or the session unknown, or nobody is let in.
        """
        query = request.query()
        self._check(query)
        if query["transport"] != "websocket":
            raise Refusal
        answer = switching(headers)
        if "sid" not in query:
            return self._engine.open_websocket(request, answer, transport)
        socket, _ = self._polling_session(query["sid"])
        if socket.upgrading or not self._engine.options.allow_upgrades:
            raise Refusal
        return self._engine.begin_upgrade(socket, answer, transport)

    async def _answer(self, http: web.Request) -> web.StreamResponse:
        request = as_request(http)
        query = request.query()
        if http.method == "OPTIONS":
            return web.Response(headers={"Access-Control-Allow-Methods": "GET, POST"})
        self._check(query)
        if http.method not in ("GET", "POST"):
            raise BadHandshakeMethod
        if self._engine.handover.is_elsewhere(query.get("sid", "")):
            return await self._give(query["sid"], http)
        if wants_websocket(request.headers()) and http.method == "GET":
            return await self._take_over(request, http)
        if query["transport"] != "polling":
            raise Refusal
        if "sid" not in query:
            return self._open_polling(request, http)
        socket, polling = self._polling_session(query["sid"])
        if http.method == "POST":
            return await self._post(socket, polling, http)
        return await self._poll(socket, polling, http)

    def _check(self, query: Mapping[str, str]) -> None:
        if "j" in query:  # JSONP lets any page read what it polls
            raise UnknownTransport
        if query.get("transport") not in self._engine.options.transports:
            raise UnknownTransport
        if query.get("EIO") != "4":
            raise UnsupportedVersion

    def _polling_session(self, id_: str) -> tuple[Socket, Polling]:
        socket = self._engine.session(id_)
        if not isinstance(socket.carrier, Polling):
            raise Refusal
        return socket, socket.carrier

    def _open_polling(self, request: Request, http: web.Request) -> web.Response:
        if http.method != "GET":
            raise BadHandshakeMethod
        socket = self._engine.open_polling(request)
        return _text(SEPARATOR.join([frame.text for frame in socket.take()]))

    async def _poll(self, socket: Socket, polling: Polling, http: web.Request) -> web.Response:
        def hung_up() -> None:
            if socket.carrier is polling:
                socket.abort("transport close")

        with _Tap(http, hung_up):
            return _text(await polling.poll())

    async def _post(self, socket: Socket, polling: Polling, http: web.Request) -> web.Response:
        if polling.posting:
            socket.fail("protocol error: two posts at once")
            raise ProtocolError
        polling.posting = True
        try:
            packets = (await self._text(http)).split(SEPARATOR)
        except web.HTTPRequestEntityTooLarge:
            socket.fail("protocol error: a body is too large")
            raise
        except ProtocolError as error:
            socket.fail(f"protocol error: {error}")
            raise
        finally:
            polling.posting = False
        for packet in packets:
            socket.received(packet)
        if polling.broken:
            raise ProtocolError
        return web.Response(text="ok", content_type="text/html", headers=_NO_STORE)

    async def _text(self, http: web.Request) -> str:
        try:
            return (await self._body(http)).decode()
        except UnicodeDecodeError:
            raise ProtocolError("A body is not UTF-8") from None

    async def _body(self, http: web.Request) -> bytes:
        limit = self._engine.options.payload_bytes
        if (http.content_length or 0) <= limit:
            try:
                async with asyncio.timeout(self._engine.options.request_within_ms / 1000):
                    body = await http.read()
            except TimeoutError:
                raise ProtocolError("A body takes too long") from None
            if len(body) <= limit:
                return body
        raise web.HTTPRequestEntityTooLarge(limit, http.content_length or limit + 1)

    async def _give(self, sid: str, http: web.Request) -> web.StreamResponse:
        """The session is another process's: that one answers, on this connection.

        A redirect would not do: some clients, the official one on Node among them, follow it
        without the body.
        """
        body = await self._body(http)
        if http.transport is None:
            raise UnknownSession
        self._engine.handover.give(sid, http.transport, replayed(http, body))
        return web.Response()  # goes nowhere

    async def _take_over(self, request: Request, http: web.Request) -> web.StreamResponse:
        """A proxy may send the handshake on a connection that carried other requests before."""
        if http.transport is None or http.version < HttpVersion11:
            raise Refusal
        transport = http.transport
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connection = self.open(request, request.headers(), transport)
        read_behind(http, connection.data_received)
        with _Tap(http, lost.cancel, speaker=connection):
            await asyncio.wait([lost])
        return web.Response()


class _Tap(asyncio.Protocol):
    """Stands between a transport and its protocol, to hear of its end."""

    def __init__(
        self,
        http: web.Request,
        on_lost: Callable[[], object],
        speaker: asyncio.Protocol | None = None,
    ) -> None:
        """`speaker` talks to the client instead of aiohttp, which hears of the end only."""
        self._transport = http.transport
        self._aiohttp = http.protocol
        self._speaker = speaker or http.protocol
        self._on_lost = on_lost

    def __enter__(self) -> None:
        if self._transport is not None:
            self._transport.set_protocol(self)

    def __exit__(self, *_: object) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.set_protocol(self._aiohttp)

    def data_received(self, data: bytes) -> None:
        self._speaker.data_received(data)

    def eof_received(self) -> bool | None:
        return self._speaker.eof_received()

    def pause_writing(self) -> None:
        self._speaker.pause_writing()

    def resume_writing(self) -> None:
        self._speaker.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        if self._speaker is not self._aiohttp:
            self._speaker.connection_lost(error)
        self._aiohttp.connection_lost(error)
        self._on_lost()


def as_request(http: web.Request) -> Request:
    """What aiohttp read, as engines look at it."""
    head = b"\r\n".join(name + b": " + value for name, value in http.raw_headers)
    peer = http.transport.get_extra_info("peername") if http.transport else None
    return Request(http.path_qs, head, str(peer[0]) if peer else "")


def _text(body: str) -> web.Response:
    return web.Response(text=body, content_type="text/plain", charset="UTF-8", headers=_NO_STORE)


def _refused(refusal: Refusal) -> web.Response:
    return web.Response(
        text=refusal.body(),
        status=refusal.status,
        content_type="application/json",
        headers=refusal.headers,
    )
