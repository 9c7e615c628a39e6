"""One port for both: WebSocket handshakes become lean connections, the rest is aiohttp's.

A connection is looked at once, before its first request is handed on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import cast

from aiohttp import web

from chatserver.gateway.engine.deadlines import Deadlines
from chatserver.gateway.engine.door import Door
from chatserver.gateway.engine.engine import Engine
from chatserver.gateway.engine.errors import Refusal
from chatserver.gateway.engine.handshake import has_body, wants_websocket
from chatserver.gateway.engine.request import Request

BACKLOG = 4096
_END = b"\r\n\r\n"
_FIRST_LINE = re.compile(rb"(?:GET|POST) ([\x21-\x7e]+) HTTP/1\.[01]\r\n")
# what is not exactly like this goes to aiohttp, which knows every other case
_HEAD = re.compile(
    rb"GET ([\x21-\x7e]+) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+)\r\n"
)


def protocol_factory(engine: Engine, runner: web.AppRunner) -> Callable[[], asyncio.Protocol]:
    """What makes the protocol of each connection; the runner is set up.

    From now on other processes' connections are taken too, where the engine's options say so.

    Raises:
        OSError: the folder for that is not fit.
    """
    server = runner.server
    if server is None:
        raise RuntimeError("Set the runner up first")
    hall = Hall(engine, server)
    engine.handover.open(partial(Front, hall))
    return partial(Front, hall)


async def listen(
    engine: Engine, runner: web.AppRunner, host: str, port: int, backlog: int = BACKLOG
) -> asyncio.Server:
    """Serve an engine and an aiohttp application on one port.

    Raises:
        OSError: the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    return await loop.create_server(protocol_factory(engine, runner), host, port, backlog=backlog)


class Hall:
    """What the fronts of one port share."""

    def __init__(self, engine: Engine, server: web.Server) -> None:
        options = engine.options
        self.door = Door(engine)
        self.server = server
        self.handover = engine.handover
        methods = ("GET", "POST") if options.handover_dir else ("GET",)
        self.beginnings = [f"{method} {options.path}?".encode() for method in methods]
        self.head_bytes = options.head_bytes
        self.heads_max = options.heads_max
        self.slow: Deadlines[Front] = Deadlines(
            options.request_within_ms / 1000, lambda front: front.abort()
        )
        self.closed = False
        engine.at_end(self.close)

    def close(self) -> None:
        """Let nobody in any more, and wait for nobody's first request."""
        self.closed = True
        for front in self.slow:
            front.abort()
        self.slow.close()

    def concerns(self, head: bytes) -> bool:
        """Whether this may become a request to the engine."""
        return any(head.startswith(each[: len(head)]) for each in self.beginnings)


class Front(asyncio.Protocol):
    """Reads the first request's head and decides."""

    __slots__ = ("_hall", "_head", "_transport")

    def __init__(self, hall: Hall, read: bytes = b"") -> None:
        """`read` was read already from the connection."""
        self._hall = hall
        self._transport: asyncio.Transport
        self._head = read

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected; it has little time for its request."""
        self._transport = cast("asyncio.Transport", transport)  # TCP is a stream
        if not self._hall.closed and len(self._hall.slow) < self._hall.heads_max:
            self._hall.slow.add(self)
            if self._head:
                self.data_received(b"")
        else:
            self.abort()

    def data_received(self, data: bytes) -> None:
        """Some of the head, or all of it and more."""
        self._head += data
        if not self._hall.concerns(self._head):
            self._leave_to_aiohttp()
        elif (end := self._head.find(_END, 0, self._hall.head_bytes)) >= 0:
            self._decide(end + len(_END))
        elif len(self._head) > self._hall.head_bytes:
            self._leave_to_aiohttp()

    def connection_lost(self, _error: Exception | None) -> None:
        """The client went before it asked for anything."""
        self._hall.slow.discard(self)

    def abort(self) -> None:
        """The client took too long."""
        self._transport.abort()

    def _decide(self, end: int) -> None:
        sid = self._session_id()
        if self._hall.handover.is_elsewhere(sid):
            self._give(sid)
            return
        request = self._request(end)
        headers = request.headers() if request is not None else {}
        if request is None or not wants_websocket(headers) or has_body(headers):
            self._leave_to_aiohttp()
            return
        self._hall.slow.discard(self)
        try:
            connection = self._hall.door.open(request, headers, self._transport)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        self._transport.set_protocol(connection)
        if len(self._head) > end:
            connection.data_received(self._head[end:])

    def _session_id(self) -> str:
        if b"sid=" not in self._head:  # most connections begin with a session of their own
            return ""
        match = _FIRST_LINE.match(self._head)
        return Request(match[1].decode(), b"", "").query().get("sid", "") if match else ""

    def _give(self, sid: str) -> None:
        try:
            self._hall.handover.give(sid, self._transport, self._head)
            self._hall.slow.discard(self)
        except Refusal:
            self._leave_to_aiohttp()  # the door tries once more, and says why not

    def _request(self, end: int) -> Request | None:
        match = _HEAD.fullmatch(self._head, 0, end)
        if match is None:
            return None
        peer = self._transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        return Request(match[1].decode(), match[2], address)

    def _leave_to_aiohttp(self) -> None:
        self._hall.slow.discard(self)
        protocol = self._hall.server()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._head)

    def _refuse(self, refusal: Refusal) -> None:
        body = refusal.body()
        headers = {
            "Connection": "close",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **refusal.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        answer = f"HTTP/1.1 {refusal.status} Refused\r\n{lines}\r\n{body}"
        self._transport.write(answer.encode())
        self._transport.close()
