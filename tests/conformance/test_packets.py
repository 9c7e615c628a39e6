"""Socket.IO 5: events, acknowledgements, and what is neither."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conformance.servers import Server
from tests.conformance.wire import Packets, event

TRANSPORTS = ("polling", "websocket")


async def joined(server: Server, transport: str) -> Packets:
    client: Packets = await (server.polling() if transport == "polling" else server.websocket())
    await client.join()
    return client


ARGUMENTS: list[list[Any]] = [
    [],
    [1, "2", {"3": [True]}],
    [None, None],
    [[], {}, [[]], ""],
    [0, -1, 1.5, 1e100, 2**53, True, False],
    ["你好 👩‍👧 \u0000 \u2028 \"\\/"],
    ["\ud800"],
    [{"_placeholder": True, "num": 0}],
    [{"__proto__": {"a": 1}, "$ne": None, "a.b": 1}],
    [[[[[[[[[["deep"]]]]]]]]]],
]  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=ascii)
async def test_arguments_come_through_as_they_are(
    server: Server, transport: str, arguments: list[Any]
) -> None:
    client = await joined(server, transport)
    await client.send(event("message", *arguments))
    packet = await client.receive()
    assert json.loads(packet.removeprefix("42")) == ["message-back", *arguments]
    assert server.echo.events == [("/", tuple(arguments))]


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("number", [0, 1, 456, 2**31, 2**32, 10**15 - 1])
async def test_an_event_with_an_id_is_acknowledged_with_it(
    server: Server, transport: str, number: int
) -> None:
    client = await joined(server, transport)
    await client.send(f'42{number}["message-with-ack",1,"2",{{"3":[false]}}]')
    assert await client.receive() == f'43{number}[1,"2",{{"3":[false]}}]'


@pytest.mark.asyncio
async def test_an_acknowledgement_of_nothing_is_an_empty_array(server: Server) -> None:
    client = await joined(server, "websocket")
    await client.send('427["message-with-ack"]')
    assert await client.receive() == "437[]"
    await client.send('428["message"]')
    assert [await client.receive(), await client.receive()] == ['42["message-back"]', "438[]"]


@pytest.mark.asyncio
async def test_ids_are_those_of_a_namespace(server: Server) -> None:
    socket = await server.joined()
    await socket.join("/custom")
    await socket.send('42/custom,7["message-with-ack","there"]')
    await socket.send('427["message-with-ack","here"]')
    assert {await socket.receive(), await socket.receive()} == {
        '43/custom,7["there"]',
        '437["here"]',
    }


@pytest.mark.asyncio
async def test_an_event_nobody_waits_for_harms_nothing(server: Server) -> None:
    socket = await server.joined()
    await socket.send('42["nobody",1]')
    await socket.send('42["",1]')
    await socket.send('42["你",1]')
    await socket.echo()


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("namespace", ["/", "/custom"])
async def test_the_client_acknowledges_what_the_server_asks(
    server: Server, transport: str, namespace: str
) -> None:
    client = await joined(server, transport)
    sid = server.echo.sid() if namespace == "/" else await client.join(namespace)
    prefix = "" if namespace == "/" else f"{namespace},"
    ask = server.sio.call("question", [1], to=sid, namespace=namespace, timeout=server.patience_s)
    asking = asyncio.create_task(ask)
    packet = await client.receive()
    number = packet.removeprefix(f"42{prefix}").removesuffix('["question",[1]]')
    assert number.isdigit(), packet
    await client.send(f'43{prefix}{number}["answer",{{"x":[2]}}]')
    assert await asking == ("answer", {"x": [2]})


@pytest.mark.asyncio
async def test_an_acknowledgement_counts_once(server: Server) -> None:
    socket = await server.joined()
    heard: list[Any] = []
    await server.sio.emit("question", to=server.echo.sid(), callback=lambda *a: heard.append(a))
    packet = await socket.receive()
    number = packet.removeprefix("42").removesuffix('["question"]')
    await socket.send(f"43{number}[1]")
    await server.eventually(lambda: heard)
    await socket.send(f"43{number}[2]")
    await socket.echo()
    assert heard == [(1,)]


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", ['43999["x"]', "430[]", "43123456789012345[]"])
async def test_an_acknowledgement_of_nothing_we_asked_harms_nothing(
    server: Server, packet: str
) -> None:
    """It may come late, after the server has stopped waiting."""
    socket = await server.joined()
    await socket.send(packet)
    await socket.echo()


BROKEN = [
    "4", "4x", "4abc", "47", '48["message",1]', "49", "4-1", "4 2", '4２["message",1]',
    "42", "42{}", "42[]", '42"message"', "42null", "421", "42[null]", "42[{}]", "42[[]]",
    "42[true]",
    '42["message"', '42["message",1]]', '42["message",1] x', "42['message',1]", '42["message",]',
    '42["message",NaN]', '42["message",Infinity]', '42["message",-Infinity]', '42["message",01]',
    '42["message","\n"]', '42["message","\\x"]', '42["message",1]\x00',
    '42-1["message",1]', '421.5["message",1]', '42 1["message",1]', '42٣["message",1]',
    '42/custom["message",1]', '42custom,["message",1]',
    "43[1]", "431", "431{}", '431"x"', "431null", "43x[1]", "43-1[1]", "431[1",
    "40[1]", '40"token"', "40 1", '40{"a":1', '40/custom,["a"]',
    "41{}", "41[1]", '41"x"',
    "44", '44{"message":"no"}', '44"no"',
]  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", BROKEN, ids=ascii)
async def test_a_malformed_packet_closes_the_connection(server: Server, packet: str) -> None:
    socket = await server.joined()
    await socket.send(packet)
    assert await socket.closed() == []
    assert server.echo.events == []
    await server.eventually(lambda: server.echo.ended)


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", ["42{}", "4abc", '42["message"'])
async def test_a_malformed_packet_closes_a_session_over_polls(server: Server, packet: str) -> None:
    client = await server.polling()
    await client.join()
    await client.post(packet)
    await server.eventually(lambda: server.echo.ended)
    assert (await client.post(event("message", 1))).status == 400
    assert server.echo.events == []


RESERVED = [
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
]  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("form", ["plain", "acknowledged", "escaped"])
async def test_a_reserved_name_closes_the_connection(server: Server, name: str, form: str) -> None:
    socket = await server.joined()
    written = "".join(f"\\u{ord(letter):04x}" for letter in name) if form == "escaped" else name
    await socket.send(f'42{"5" if form == "acknowledged" else ""}["{written}",{{"a":1}}]')
    assert await socket.closed() == []
    assert len(server.echo.connected) == 1
    assert len(await server.eventually(lambda: server.echo.ended)) == 1


BINARY = [
    '451-["message",{"_placeholder":true,"num":0}]', '450-["message"]', '45["message",1]',
    '461-1[{"_placeholder":true,"num":0}]', '45999999999-["message"]', "45-", "461",
]  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", BINARY)
async def test_binary_events_are_refused(server: Server, packet: str) -> None:
    """Nobody can make the server hold attachments."""
    socket = await server.joined()
    await socket.send(packet)
    assert await socket.closed() == []
    assert server.echo.events == []


HOSTILE = {
    "brackets": '42["message",' + "[" * 50_000 + "]" * 50_000 + "]",
    "brackets that never end": '42["message",' + "[" * 90_000,
    "a long number": '42["message",' + "9" * 50_000 + "]",
    "a large exponent": '42["message",1e999]',
    "many keys": '42["message",{' + ",".join(f'"k{n}":1' for n in range(5000)) + "}]",
    "one key, often": '42["message",{' + ",".join('"k":1' for _ in range(5000)) + "}]",
    "a long id": "42" + "9" * 5000 + '["message-with-ack"]',
    "a long namespace": "40/" + "x" * 90_000,
    "a long name": '42["' + "x" * 90_000 + '"]',
    "many commas": "40/" + "," * 90_000,
    "a long query": "40/custom?" + "&" * 90_000 + ",",
}


@pytest.mark.asyncio
@pytest.mark.parametrize("case", HOSTILE)
async def test_what_is_meant_to_hurt_hurts_nobody_else(server: Server, case: str) -> None:
    attacker, bystander = await server.joined(), await server.joined()
    await attacker.send(HOSTILE[case])
    await bystander.echo()


@pytest.mark.asyncio
@pytest.mark.parametrize("number", ["1e999", "-1e999", "[1e999]", '{"a":1e999}'])
async def test_what_the_server_sends_is_json(server: Server, number: str) -> None:
    """A number too large for us must not come out as a word that is no JSON."""
    socket = await server.joined()
    await socket.send(f'42["message",{number}]')
    await socket.send('42["message","end"]')
    packets = await _until_end(socket)
    for packet in packets:
        json.loads(packet.removeprefix("42"), parse_constant=_fail)


async def _until_end(client: Packets) -> list[str]:
    packets = [""]
    while "end" not in packets[-1]:
        try:
            packets.append(await client.receive())
        except Exception:  # closed: as good an answer
            break
    return packets[1:]


def _fail(constant: str) -> None:
    raise AssertionError(constant)
