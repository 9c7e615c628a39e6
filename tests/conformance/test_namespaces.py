"""Socket.IO 5: coming into namespaces and leaving them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.servers import Server
from tests.conformance.wire import Packets, event, rounds

TRANSPORTS = ("polling", "websocket")


async def opened(server: Server, transport: str) -> Packets:
    return await (server.polling() if transport == "polling" else server.websocket())


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("packet", "prefix", "auth"),
    [
        ("40", "", {}),
        ("40/,", "", {}),
        ('40{"token":"123"}', "", {"token": "123"}),
        ('40/,{"token":"123"}', "", {"token": "123"}),
        ("40/custom", "/custom,", {}),
        ("40/custom,", "/custom,", {}),
        ('40/custom,{"token":"你"}', "/custom,", {"token": "你"}),
    ],
)
async def test_a_client_comes_in_with_what_it_authenticates_with(
    server: Server, transport: str, packet: str, prefix: str, auth: dict[str, Any]
) -> None:
    client = await opened(server, transport)
    await client.send(packet)
    answer = await client.receive()
    assert answer.startswith(f"40{prefix}" + "{")
    connected = json.loads(answer.removeprefix(f"40{prefix}"))
    assert set(connected) == {"sid"}
    assert connected["sid"] == server.echo.sid("/custom" if prefix else "/")
    assert await client.receive() == event("auth", auth, namespace=prefix.rstrip(",") or "/")


@pytest.mark.asyncio
async def test_a_query_is_no_part_of_the_namespaces_name(server: Server) -> None:
    socket = await server.websocket()
    await socket.send('40/custom?shop=1&x,{"token":"abc"}')
    assert (await socket.receive()).startswith("40/custom,{")
    assert await socket.receive() == event("auth", {"token": "abc"}, namespace="/custom")
    await socket.echo(namespace="/custom")


@pytest.mark.asyncio
async def test_the_session_id_of_the_transport_stays_secret(server: Server) -> None:
    """Whoever knows it can speak for the client."""
    socket = await server.websocket()
    sids = {socket.sid, await socket.join(), await socket.join("/custom")}
    assert len(sids) == 3


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_several_namespaces_share_a_connection(server: Server, transport: str) -> None:
    client = await opened(server, transport)
    await client.join("/custom")
    await client.join("/")
    await client.echo("to one", namespace="/custom")
    await client.echo("to the other")
    assert server.echo.events == [("/custom", ("to one",)), ("/", ("to the other",))]


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("packet", ["40/random", "40/random,", '40/random,{"a":1}'])
async def test_an_unknown_namespace_is_refused(server: Server, transport: str, packet: str) -> None:
    client = await opened(server, transport)
    await client.send(packet)
    assert await client.receive() == '44/random,{"message":"Invalid namespace"}'
    await client.join()
    await client.echo()


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_refusal_of_the_application_says_why(server: Server, transport: str) -> None:
    client = await opened(server, transport)
    await client.send('40{"refuse":{"code":"closed","until":[9]}}')
    refusal = await client.receive()
    assert refusal.startswith("44{")
    assert json.loads(refusal[2:]) == {
        "message": "refused",
        "data": {"code": "closed", "until": [9]},
    }
    await client.join()
    await client.echo()


@pytest.mark.asyncio
async def test_who_was_refused_is_not_in(server: Server) -> None:
    socket = await server.websocket()
    await socket.send('40{"refuse":1}')
    assert (await socket.receive()).startswith("44")
    await socket.send(event("message", 1))
    await socket.closed()
    assert server.echo.events == []


NOT_IN = ['42["message",1]', '421["message-with-ack",1]', '431["x"]', '42/custom,["message",1]']


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", [*NOT_IN, "41", "41/custom,"])
async def test_whoever_does_not_begin_with_connect_is_closed(server: Server, packet: str) -> None:
    socket = await server.websocket()
    await socket.send(packet)
    await socket.closed()
    assert server.echo.events == []


@pytest.mark.asyncio
async def test_whoever_speaks_in_a_namespace_without_being_in_is_closed(server: Server) -> None:
    socket = await server.joined()
    await socket.send(event("message", 1, namespace="/custom"))
    await socket.closed()
    assert server.echo.events == []


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", ["40", '40{"token":"another"}'])
async def test_whoever_comes_into_a_namespace_twice_is_closed(server: Server, packet: str) -> None:
    socket = await server.joined()
    await socket.send(packet)
    assert await socket.closed() == []
    assert len(server.echo.connected) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", ["41/custom", "41/custom,"])
async def test_leaving_one_namespace_keeps_the_others(server: Server, packet: str) -> None:
    socket = await server.joined()
    await socket.join("/custom")
    await socket.send(packet)
    await socket.echo()
    assert server.echo.ended == [("/custom", "client disconnect")]


@pytest.mark.asyncio
async def test_leaving_the_main_namespace_keeps_the_others(server: Server) -> None:
    socket = await server.joined()
    await socket.join("/custom")
    await socket.send("41")
    await socket.echo(namespace="/custom")
    assert server.echo.ended == [("/", "client disconnect")]


@pytest.mark.asyncio
async def test_who_left_may_come_in_again_with_a_new_id(server: Server) -> None:
    socket = await server.websocket()
    first = await socket.join()
    await socket.send("41")
    second = await socket.join()
    assert first != second
    await socket.echo()


@pytest.mark.asyncio
async def test_who_left_is_not_in(server: Server) -> None:
    socket = await server.joined()
    await socket.join("/custom")
    await socket.send("41")
    await socket.send(event("message", 1))
    await socket.closed()
    assert server.echo.events == []


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_server_may_show_a_client_out_of_one_namespace(
    server: Server, transport: str
) -> None:
    client = await opened(server, transport)
    await client.join()
    sid = await client.join("/custom")
    await server.sio.disconnect(sid, namespace="/custom")
    assert await client.receive() in ("41/custom,", "41/custom")
    assert server.echo.ended == [("/custom", "server disconnect")]
    await client.echo()


@pytest.mark.asyncio
async def test_a_lost_connection_leaves_every_namespace_once(server: Server) -> None:
    socket = await server.joined()
    await socket.join("/custom")
    await socket.websocket.close()
    await server.eventually(lambda: len(server.echo.ended) >= 2)
    await rounds()
    assert sorted(namespace for namespace, _ in server.echo.ended) == ["/", "/custom"]
    await server.sio.emit("n", 1)
    await server.sio.emit("n", 1, namespace="/custom")
