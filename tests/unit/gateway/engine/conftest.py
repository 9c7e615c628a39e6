"""An engine on a port of this machine, with an application that notes what it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from chatserver.gateway.engine.door import Door
from chatserver.gateway.engine.engine import Engine
from chatserver.gateway.engine.front import listen
from chatserver.gateway.engine.options import Options
from chatserver.gateway.engine.sockets import Socket
from tests.conformance.raw import Raw
from tests.unit.gateway.engine.recording import Listener

PATIENCE_S = 30.0
RARELY_MS = 100_000_000  # the first ping comes after a part of it


class Place:
    """A running engine, and bare clients of it."""

    def __init__(self, engine: Engine, listener: Listener, port: int, ends: AsyncExitStack) -> None:
        self.engine = engine
        self.listener = listener
        self.port = port
        self._ends = ends

    async def raw(self) -> Raw:
        """A connection on which nothing was said yet."""
        raw = await Raw.connect(self.port, PATIENCE_S)
        self._ends.push_async_callback(raw.close)
        return raw

    async def client(self) -> tuple[Raw, Socket]:
        """A client on a WebSocket that has its OPEN packet, and its socket here."""
        raw = await self.raw()
        await raw.upgrade()
        assert (await raw.text()).startswith("0{")
        return raw, self.listener.sockets[-1]

    async def until(self, what: Callable[[], object]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            assert time.monotonic() < deadline, "not in time"
            await asyncio.sleep(0.002)

    async def until_gone(self) -> None:
        """Wait until the engine keeps nobody."""
        await self.until(lambda: not self.engine.sockets)


Serve = Callable[..., Awaitable[Place]]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest_asyncio.fixture
async def serve(listener: Listener) -> AsyncIterator[Serve]:
    """Starts an engine with these options."""
    async with AsyncExitStack() as server_ends, AsyncExitStack() as client_ends:

        async def serve(**options: Any) -> Place:
            engine = Engine(listener, Options(**{"ping_interval_ms": RARELY_MS, **options}))
            server_ends.callback(engine.close)
            app = web.Application()
            app.router.add_route("*", engine.options.path, Door(engine).handle)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            server_ends.push_async_callback(runner.cleanup)
            server = await listen(engine, runner, "127.0.0.1", 0)
            server_ends.callback(server.close)
            return Place(engine, listener, server.sockets[0].getsockname()[1], client_ends)

        yield serve
