"""Engine.IO 4: packets over a WebSocket, and how either side ends it."""

from __future__ import annotations

import pytest

from tests.conformance.raw import CLOSE, TEXT, frame
from tests.conformance.servers import MAX_PAYLOAD, Server
from tests.conformance.wire import SEPARATOR, event, rounds


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "words", ["", "hello", "你好，奶瓶有吗？", "👩‍👧", "\x1e\x00", "x" * 70_000]
)
async def test_a_packet_goes_both_ways(server: Server, words: str) -> None:
    await (await server.joined()).echo(words)


@pytest.mark.asyncio
async def test_many_packets_keep_their_order(server: Server) -> None:
    socket = await server.joined()
    for number in range(500):
        await socket.send(event("message", number))
    for number in range(500):
        assert await socket.receive() == event("message-back", number)


@pytest.mark.asyncio
async def test_what_the_server_sends_at_once_keeps_its_order(server: Server) -> None:
    socket = await server.joined()
    for number in range(500):
        await server.sio.emit("n", number)
    for number in range(500):
        assert await socket.receive() == event("n", number)


@pytest.mark.asyncio
async def test_a_frame_is_one_packet_and_never_a_payload(server: Server) -> None:
    socket = await server.joined()
    await socket.send(SEPARATOR.join([event("message", 1), event("message", 2)]))
    await socket.closed()
    assert server.echo.events == []


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", ["", "abc", "7", "9", "x", "４2", "-1", " 4", "\x1e", "b", "é"])
async def test_a_packet_of_no_known_type_closes_the_session(server: Server, packet: str) -> None:
    socket = await server.joined()
    await socket.send(packet)
    await socket.closed()
    await server.eventually(lambda: server.echo.ended)


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", ["2", "2probe"])
async def test_a_ping_of_the_client_closes_the_session(server: Server, packet: str) -> None:
    """Since protocol 4 pings are the server's; a client's only probe an upgrade."""
    socket = await server.joined()
    await socket.send(packet)
    await socket.closed()


@pytest.mark.asyncio
async def test_binary_is_refused_and_closes_the_session(server: Server) -> None:
    socket = await server.joined()
    await socket.websocket.send_bytes(b"\x01\x02\x03")
    await socket.closed()


@pytest.mark.asyncio
async def test_the_largest_packet_is_taken(server: Server) -> None:
    socket = await server.joined()
    words = "x" * (MAX_PAYLOAD - len(event("message", "")))
    await socket.echo(words)


@pytest.mark.asyncio
async def test_a_larger_packet_closes_the_session(server: Server) -> None:
    socket = await server.joined()
    await socket.send(event("message", "x" * MAX_PAYLOAD))
    await socket.closed()
    assert socket.websocket.close_code == 1009
    assert server.echo.events == []


@pytest.mark.asyncio
async def test_a_close_packet_ends_the_websocket(server: Server) -> None:
    socket = await server.joined()
    await socket.send("1")
    await socket.closed()
    assert server.echo.ended == [("/", "client disconnect")]


@pytest.mark.asyncio
async def test_nothing_behind_a_close_packet_is_taken(server: Server) -> None:
    raw = await server.raw()
    await raw.upgrade()
    await raw.write(b"".join(frame(TEXT, text) for text in ("40", "1", event("message", 1))))
    await raw.close_code()
    assert server.echo.events == []


@pytest.mark.asyncio
async def test_closing_the_websocket_ends_the_session(server: Server) -> None:
    socket = await server.joined()
    await socket.websocket.close()
    await server.eventually(lambda: server.echo.ended)
    assert socket.websocket.close_code == 1000
    assert len(server.echo.ended) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("last", [b"", frame(CLOSE), frame(TEXT, "42[")[:5]])
async def test_a_lost_connection_ends_the_session_once(server: Server, last: bytes) -> None:
    raw = await server.raw()
    await raw.upgrade()
    await raw.write(frame(TEXT, "40") + last)
    await server.eventually(lambda: server.echo.connected)
    await raw.close()
    await server.eventually(lambda: server.echo.ended)
    await rounds()
    assert len(server.echo.ended) == 1


@pytest.mark.asyncio
async def test_a_session_of_a_websocket_cannot_be_polled(server: Server) -> None:
    socket = await server.joined()
    query = f"EIO=4&transport=polling&sid={socket.sid}"
    assert (await server.ask("GET", query)).status == 400
    assert (await server.ask("POST", query, data="1")).status == 400
    await socket.echo()


@pytest.mark.asyncio
async def test_the_id_of_a_closed_websocket_is_unknown(server: Server) -> None:
    socket = await server.joined()
    await socket.websocket.close()
    await server.eventually(lambda: server.echo.ended)
    assert (await server.ask("GET", f"EIO=4&transport=polling&sid={socket.sid}")).status == 400
