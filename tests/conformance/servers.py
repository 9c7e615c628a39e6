"""The two servers under test: the stock engine and ours, each with the same application."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import socketio
from aiohttp import web

from chatserver.gateway.engine.drop_in import AsyncServer
from chatserver.gateway.engine.front import listen
from tests.conformance.echo import Echo
from tests.conformance.raw import Raw
from tests.conformance.wire import Answer, Polling, Socket, ask

STOCK, LEAN = ENGINES = ("stock", "lean")

# No ping comes in between, unless a test is about pings.
CALM = {"ping_interval": 3600, "ping_timeout": 20}
# What is to be kept up must bear that the machine stands still for a moment.
QUICK = {"ping_interval": 0.2, "ping_timeout": 1.5}
# So that no test waits long for what our engine does after a while.
LEAN_QUICK = {"close_within_ms": 300, "request_within_ms": 5000}
MAX_PAYLOAD = 100_000


class Server:
    """A running server, and clients of it that are closed with it."""

    def __init__(
        self,
        engine: str,
        sio: socketio.AsyncServer,
        port: int,
        patience_s: float,
        ends: AsyncExitStack,
    ) -> None:
        self._engine = engine
        self.sio = sio
        self.echo = Echo(sio)
        self.port = port
        self.patience_s = patience_s
        self.origin = f"http://127.0.0.1:{port}"
        self.url = f"{self.origin}/socket.io/"
        self._ends = ends
        self._http: aiohttp.ClientSession | None = None
        self._bystander: Socket | None = None

    async def http(self) -> aiohttp.ClientSession:
        """The HTTP client of this test; no request waits longer than the test is patient."""
        if self._http is None:
            made = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.patience_s))
            self._http = await self._ends.enter_async_context(made)
        return self._http

    async def ask(self, method: str, query: str, **more: Any) -> Answer:
        """One request to the engine; the query goes out as it stands."""
        return await ask(await self.http(), method, f"{self.url}?{query}", **more)

    async def polling(self, **more: Any) -> Polling:
        """A new session over polls."""
        answer = await self.ask("GET", "EIO=4&transport=polling", **more)
        assert answer.status == 200, answer
        return Polling(await self.http(), self.url, Answer(200, answer.text[1:], {}).error)

    async def websocket(self, sid: str | None = None, **more: Any) -> Socket:
        """A WebSocket: a new session of its own, or the probe of an upgrade.

        Raises:
            aiohttp.WSServerHandshakeError: the server refuses.
        """
        query = "EIO=4&transport=websocket" + (f"&sid={sid}" if sid is not None else "")
        http = await self.http()
        made = await self._ends.enter_async_context(
            http.ws_connect(f"{self.url}?{query}", max_msg_size=0, timeout=_CLOSE_SOON, **more)
        )
        socket = Socket(made, self.patience_s)
        if sid is None:
            socket.opened = Answer(101, (await socket.receive())[1:], {}).error
        return socket

    async def joined(self, namespace: str = "/", auth: Any = None) -> Socket:
        """A WebSocket that has connected to a namespace."""
        socket = await self.websocket()
        await socket.join(namespace, auth)
        return socket

    async def bystander(self) -> Socket:
        """One more client that has joined, the same for the whole test."""
        if self._bystander is None:
            self._bystander = await self.joined()
        return self._bystander

    async def upgraded(self, polling: Polling) -> Socket:
        """A WebSocket to which a session over polls was upgraded."""
        socket = await self.websocket(polling.sid)
        await socket.send("2probe")
        assert await socket.receive() == "3probe"
        await socket.send("5")
        return socket

    async def raw(self) -> Raw:
        """A bare connection."""
        raw = await Raw.connect(self.port, self.patience_s)
        self._ends.push_async_callback(raw.close)
        return raw

    async def done(self, closing: asyncio.Task[None]) -> None:
        """Wait until the server has closed a session.

        The stock engine is not waited for: now and then it waits for ever itself, for a poll that
        the client no longer sends.
        """
        if self._engine == STOCK:
            closing.cancel()
            return
        async with asyncio.timeout(self.patience_s):
            await closing

    async def eventually(self, what: Callable[[], Any]) -> Any:
        """Wait until something is true, and give it."""
        deadline = time.monotonic() + self.patience_s
        while not (found := what()):
            assert time.monotonic() < deadline, "not in time"
            await asyncio.sleep(0.005)
        return found


_CLOSE_SOON = aiohttp.ClientWSTimeout(ws_close=0.2)


@asynccontextmanager
async def running(
    engine: str,
    patience_s: float,
    *,
    lean: dict[str, int] | None = None,
    path: str = "socket.io",
    **options: Any,
) -> AsyncIterator[Server]:
    """A server on a free port; `lean` are options that only our engine has."""
    given = {
        "max_http_buffer_size": MAX_PAYLOAD, "cors_allowed_origins": [], **CALM, **options
    }  # fmt: skip
    async with AsyncExitStack() as server_ends, AsyncExitStack() as client_ends:
        sio = _server(engine, given, lean or {})
        port = await _listening(engine, sio, path, server_ends)
        yield Server(engine, sio, port, patience_s, client_ends)


def _server(engine: str, options: dict[str, Any], lean: dict[str, int]) -> socketio.AsyncServer:
    if engine == STOCK:
        # with loggers given it leaves the level and the handlers of its own ones alone
        options.setdefault("logger", logging.getLogger("socketio.server"))
        options.setdefault("engineio_logger", logging.getLogger("engineio.server"))
        return socketio.AsyncServer(async_mode="aiohttp", **options)
    # the server itself reads python-socketio's options; ours are put in beside them
    read = AsyncServer(**options).eio.engine.options
    return AsyncServer(**options, options=msgspec.structs.replace(read, **{**LEAN_QUICK, **lean}))


async def _listening(
    engine: str, sio: socketio.AsyncServer, path: str, ends: AsyncExitStack
) -> int:
    app = web.Application()
    app.router.add_get("/", _home)
    app.router.add_post("/upload", _upload)
    sio.attach(app, socketio_path=path)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    ends.push_async_callback(runner.cleanup)
    if engine == STOCK:
        ends.push_async_callback(sio.shutdown)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])
    server = await listen(sio.eio.engine, runner, "127.0.0.1", 0)
    ends.push_async_callback(_emptied, sio)
    ends.push_async_callback(sio.shutdown)
    ends.callback(server.close)
    return int(server.sockets[0].getsockname()[1])


async def _emptied(sio: socketio.AsyncServer) -> None:
    """Wait until the last client has gone; our engine sees to it that it does."""
    while sio.eio.sockets:  # noqa: ASYNC110 - nothing tells when a server has none left
        await asyncio.sleep(0.001)


async def _home(request: web.Request) -> web.Response:
    return web.Response(text="home " + request.query_string)


async def _upload(request: web.Request) -> web.Response:
    return web.Response(text=f"{len(await request.read())} bytes")
