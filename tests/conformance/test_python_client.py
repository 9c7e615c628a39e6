"""python-socketio's own client over each transport."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import socketio

from loadtest.faults.cable import cable_to
from tests.conformance.servers import Server
from tests.conformance.wire import rounds

TRANSPORTS = {
    "websocket": ["websocket"],
    "polling": ["polling"],
    "upgrade": ["polling", "websocket"],
}


@pytest_asyncio.fixture
async def client() -> AsyncIterator[socketio.AsyncClient]:
    async with aiohttp.ClientSession() as http:
        client = socketio.AsyncClient(
            handle_sigint=False, reconnection_delay=0.01, http_session=http
        )
        yield client
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.shutdown()


@pytest.mark.asyncio
@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_a_client_talks_and_listens(
    server: Server, client: socketio.AsyncClient, transports: str
) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    client.on("message-back", lambda *arguments: heard.put_nowait(arguments))
    client.on("question", lambda *arguments: ("answer", *arguments))
    await client.connect(
        server.origin, auth={"name": "mei"}, transports=TRANSPORTS[transports], wait_timeout=30
    )
    assert client.transport() == ("polling" if transports == "polling" else "websocket")
    await client.emit("message", (1, "你好 👩‍👧"))
    assert await heard.get() == (1, "你好 👩‍👧")
    assert await client.call("message-with-ack", "x", timeout=30) == "x"
    sid = client.get_sid()
    assert sid == server.echo.sid()
    assert await server.sio.call("question", 1, to=sid, timeout=30) == ("answer", 1)


@pytest.mark.asyncio
@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_a_client_comes_back_after_its_connection_was_cut(
    server: Server, client: socketio.AsyncClient, transports: str
) -> None:
    async with cable_to(server.port) as (cable, url):
        await client.connect(url, transports=TRANSPORTS[transports], wait_timeout=30)
        sid = client.get_sid()
        await rounds()  # so that a poll waits there: between two there is nothing to lose
        cable.cut()
        await server.eventually(lambda: len(server.echo.connected) == 2)
        await server.eventually(lambda: client.connected and client.get_sid() != sid)
        assert await client.call("message-with-ack", "back", timeout=30) == "back"


@pytest.mark.asyncio
@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_a_client_that_leaves_is_let_go_at_once(
    server: Server, client: socketio.AsyncClient, transports: str
) -> None:
    await client.connect(server.origin, transports=TRANSPORTS[transports], wait_timeout=30)
    async with asyncio.timeout(server.patience_s):
        await client.disconnect()
    await server.eventually(lambda: server.echo.ended)


@pytest.mark.asyncio
@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_many_events_keep_their_order(
    server: Server, client: socketio.AsyncClient, transports: str
) -> None:
    heard: list[int] = []
    client.on("message-back", heard.append)
    await client.connect(server.origin, transports=TRANSPORTS[transports], wait_timeout=30)
    for number in range(200):
        await client.emit("message", number)
    await server.eventually(lambda: len(heard) == 200)
    assert heard == list(range(200))


@pytest.mark.asyncio
async def test_a_client_may_be_in_several_namespaces(
    server: Server, client: socketio.AsyncClient
) -> None:
    await client.connect(server.origin, namespaces=["/", "/custom"], wait_timeout=30)
    for namespace in ("/", "/custom"):
        assert await client.call("message-with-ack", 1, namespace=namespace, timeout=30) == 1
    await client.disconnect()
    await server.eventually(lambda: len(server.echo.ended) == 2)


@pytest.mark.asyncio
async def test_a_client_hears_that_a_namespace_is_unknown(
    server: Server, client: socketio.AsyncClient
) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError, match="/elsewhere"):
        await client.connect(server.origin, namespaces=["/elsewhere"], wait_timeout=30)
