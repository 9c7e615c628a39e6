"""Serves fake push services: over HTTP/1.1, and over HTTP/2 without TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import h2.config
import h2.connection
import h2.events
from aiohttp import web

from loadtest.push.base import Reply, Seen, Service

HERE = "127.0.0.1"


@asynccontextmanager
async def over_http1(service: Service) -> AsyncIterator[Service]:
    """The service at an address of its own, which it then knows."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        service.connections.add(request.transport)
        reply = await service.answer(
            Seen(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            )
        )
        if reply is None and request.transport is not None:
            request.transport.abort()
        reply = reply or Reply()
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    server = web.Server(handle)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(server, HERE, 0)
    service.url = _url(listening)
    try:
        yield service
    finally:
        service.released.set()
        listening.close()
        await server.shutdown(1)


@asynccontextmanager
async def over_http2(service: Service) -> AsyncIterator[Service]:
    """The same over HTTP/2, spoken from the first byte on."""
    loop = asyncio.get_running_loop()
    lines: set[_Line] = set()
    listening = await loop.create_server(lambda: _Line(service, lines), HERE, 0)
    service.url = _url(listening)
    try:
        yield service
    finally:
        service.released.set()
        listening.close()
        for line in tuple(lines):
            line.end()


class _Line(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, service: Service, lines: set[_Line]) -> None:
        self._service = service
        self._lines = lines
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._requests: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._lines.add(self)
        self._service.connections.add(self)
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, _error: Exception | None) -> None:
        self._lines.discard(self)
        for task in self._tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        for event in self._h2.receive_data(data):
            self._on(event)
        self._flush()

    def end(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def _on(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._requests[event.stream_id] = _headers(event), bytearray()
        elif isinstance(event, h2.events.DataReceived):
            self._requests[event.stream_id][1].extend(event.data or b"")
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            task = asyncio.create_task(self._answer(event.stream_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, stream: int) -> None:
        headers, body = self._requests.pop(stream)
        method, path = headers.pop(":method"), headers.pop(":path")
        seen = Seen(method=method, path=path, headers=headers, body=bytes(body))
        reply = await self._service.answer(seen)
        if reply is None:
            self.end()
            return
        said = [(":status", str(reply.status)), *reply.headers.items()]
        self._h2.send_headers(stream, said, end_stream=not reply.body)
        if reply.body:
            self._h2.send_data(stream, reply.body, end_stream=True)
        self._flush()

    def _flush(self) -> None:
        if waiting := self._h2.data_to_send():
            self._transport.write(waiting)


def _headers(event: h2.events.RequestReceived) -> dict[str, str]:
    return {_text(name).lower(): _text(value) for name, value in event.headers or ()}


def _text(raw: bytes | str) -> str:
    return raw if isinstance(raw, str) else raw.decode()


def _url(listening: asyncio.Server) -> str:
    return f"http://{HERE}:{listening.sockets[0].getsockname()[1]}"
