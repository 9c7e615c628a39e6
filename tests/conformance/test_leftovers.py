"""When clients have gone, in whatever way, nothing of them is left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.conformance.conftest import Serve
from tests.conformance.raw import TEXT, frame
from tests.conformance.servers import QUICK, Server
from tests.conformance.wire import ClosedError, event


async def leaves_over_websocket(server: Server) -> None:
    await (await server.joined()).send("1")


async def closes_the_websocket(server: Server) -> None:
    socket = await server.joined()
    await socket.join("/custom")
    await socket.websocket.close()


async def is_cut_off(server: Server) -> None:
    raw = await server.raw()
    await raw.upgrade()
    await raw.write(frame(TEXT, "40") + frame(TEXT, event("message", 1)))
    await raw.text()
    await raw.close()


async def breaks_the_protocol(server: Server) -> None:
    await (await server.joined()).send("42{}")


async def leaves_over_polls(server: Server) -> None:
    polling = await server.polling()
    await polling.join()
    await polling.post("1")


async def polls_once_and_never_again(server: Server) -> None:
    await server.polling()


async def upgrades_and_leaves(server: Server) -> None:
    socket = await server.upgraded(await server.polling())
    await socket.join()
    await socket.send("1")


async def fails_to_upgrade_and_leaves(server: Server) -> None:
    polling = await server.polling()
    await polling.join()
    probe = await server.websocket(polling.sid)
    await probe.send("abc")
    with contextlib.suppress(ClosedError):
        await probe.receive()
    await polling.post("1")


async def asks_and_does_not_wait(server: Server) -> None:
    socket = await server.joined()
    await server.sio.emit("question", to=server.echo.sid(), callback=print)
    await server.sio.enter_room(server.echo.sid(), "shop")
    await server.sio.save_session(server.echo.sid(), {"a": 1})
    await socket.send("1")


async def is_refused(server: Server) -> None:
    socket = await server.websocket()
    await socket.send('40{"refuse":1}')
    await socket.send("40/unknown")
    await socket.websocket.close()


async def is_refused_by_http(server: Server) -> None:
    with contextlib.suppress(aiohttp.WSServerHandshakeError):
        await server.websocket("unknown")


WAYS: list[Callable[[Server], Awaitable[None]]] = [
    leaves_over_websocket, closes_the_websocket, is_cut_off, breaks_the_protocol,
    leaves_over_polls, polls_once_and_never_again, upgrades_and_leaves,
    fails_to_upgrade_and_leaves, asks_and_does_not_wait, is_refused, is_refused_by_http,
]  # fmt: skip


def left(server: Server) -> list[Any]:
    """What the server still keeps of clients."""
    sio = server.sio
    kept = [sio.eio.sockets, sio.environ, sio.manager.rooms, sio.manager.callbacks]
    return [each for each in kept if each]


@pytest.mark.asyncio
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_nothing_is_left_of_a_client_that(
    serve: Serve, way: Callable[[Server], Awaitable[None]]
) -> None:
    server = await serve(**QUICK)
    await way(server)
    await server.eventually(lambda: not left(server))


@pytest.mark.asyncio
async def test_nothing_is_left_of_a_client_that_went_while_it_was_let_in(server: Server) -> None:
    asked, let_in = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    @server.sio.on("connect", namespace="/slow")
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        asked.set()
        await let_in.wait()

    @server.sio.on("disconnect", namespace="/slow")
    async def disconnect(sid: str, reason: str) -> None:
        ended.append(sid)

    socket = await server.joined()
    await socket.send("40/slow,")
    async with asyncio.timeout(server.patience_s):
        await asked.wait()
    await socket.websocket.close()
    await server.eventually(lambda: not server.sio.eio.sockets)
    let_in.set()
    await server.eventually(lambda: server.echo.ended)
    await server.eventually(lambda: ended)
    await server.eventually(lambda: not left(server))
