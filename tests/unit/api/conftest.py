"""Pages of a server without a database, asked over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

Client = TestClient[web.Request, web.Application]
Serve = Callable[[Iterable[web.RouteDef]], Awaitable[Client]]


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves routes; gives a client that takes answers as they are."""
    clients: list[Client] = []

    async def serve(routes: Iterable[web.RouteDef]) -> Client:
        app = web.Application()
        app.router.add_routes(routes)
        client = TestClient(TestServer(app), auto_decompress=False)
        clients.append(client)
        await client.start_server()
        return client

    yield serve
    for client in clients:
        await client.close()
