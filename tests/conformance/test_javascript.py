"""The official JavaScript client over each transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from loadtest.faults.cable import cable_to
from tests.conformance.javascript import JavaScript, javascript, node_process
from tests.conformance.servers import Server

WORDS = '你好 👩‍👧 \u2028 \\ " \u0000'
TRANSPORTS = {
    "websocket": ["websocket"],
    "polling": ["polling"],
    "upgrade": ["polling", "websocket"],
}


@pytest.fixture(scope="module")
def node_port() -> Iterator[int]:
    with node_process() as port:
        yield port


@pytest_asyncio.fixture
async def client(node_port: int, patience_s: float) -> AsyncIterator[JavaScript]:
    async with javascript(node_port, patience_s) as client:
        yield client


@pytest.fixture(params=TRANSPORTS)
def transports(request: pytest.FixtureRequest) -> list[str]:
    return TRANSPORTS[request.param]


async def connect(
    client: JavaScript,
    server: Server,
    transports: list[str],
    namespace: str = "",
    **options: object,
) -> None:
    """Come in; an upgrade may still be under way."""
    given = {"transports": transports, "auth": {"name": "mei"}, **options}
    await client.do("connect", url=server.origin + namespace, options=given)
    await client.hears("connect")


@pytest.mark.asyncio
async def test_a_client_talks_and_listens(
    server: Server, client: JavaScript, transports: list[str]
) -> None:
    await connect(client, server, transports)
    assert await client.hears("connect") == [[server.echo.sid()]]
    assert await client.hears("auth") == [[{"name": "mei"}]]
    await client.do("emit", event="message", args=[1, WORDS, {"a": [None]}])
    assert await client.hears("message-back") == [[1, WORDS, {"a": [None]}]]
    assert await client.ask("message-with-ack", WORDS, {}, []) == [WORDS, {}, []]
    assert await client.ask("nobody", timeout_ms=100) is None
    answer = await server.sio.call("question", (1, WORDS), to=server.echo.sid(), timeout=30)
    assert answer == ("answer", 1, WORDS)
    await client.do("disconnect")
    await server.eventually(lambda: server.echo.ended)
    assert server.echo.ended == [("/", "client disconnect")]


@pytest.mark.asyncio
async def test_an_upgrade_is_made_and_loses_nothing(server: Server, client: JavaScript) -> None:
    await client.do("connect", url=server.origin, options={"transports": TRANSPORTS["upgrade"]})
    await client.do("burst", event="message", count=200)  # before, while and after it connects
    await client.hears("connect")
    for number in range(200):
        await server.sio.emit("n", number)
    assert await client.hears("upgrade") == [["websocket"]]
    await client.do("burst", event="message", count=200)
    assert await client.transport() == "websocket"
    assert await client.hears("n", times=200) == [[number] for number in range(200)]
    expected = [[number] for number in range(200)] * 2
    assert await client.hears("message-back", times=400) == expected
    assert [arguments for _, arguments in server.echo.events] == [tuple(each) for each in expected]


@pytest.mark.asyncio
async def test_many_events_of_one_turn_keep_their_order(
    server: Server, client: JavaScript, transports: list[str]
) -> None:
    await connect(client, server, transports)
    await client.do("burst", event="message", count=200)
    expected = [[number] for number in range(200)]
    assert await client.hears("message-back", times=200) == expected


@pytest.mark.asyncio
async def test_a_client_goes_on_after_its_connection_was_cut(
    server: Server, client: JavaScript, transports: list[str]
) -> None:
    async with cable_to(server.port) as (cable, url):
        await client.do("connect", url=url, options={"transports": transports})
        await client.hears("connect")
        if len(transports) == 2:
            await client.hears("upgrade")
        cable.cut()
        if "websocket" in transports:  # between two polls there is no connection to lose
            first, second = await client.hears("connect", times=2)
            assert first != second
        async with asyncio.timeout(server.patience_s):
            while await client.ask("message-with-ack", "back", timeout_ms=1500) != ["back"]:
                pass


@pytest.mark.asyncio
async def test_a_client_comes_back_after_the_server_closed_its_session(
    server: Server, client: JavaScript, transports: list[str]
) -> None:
    await connect(client, server, transports)
    if len(transports) == 2:
        await client.hears("upgrade")
    (sid,) = server.sio.eio.sockets
    closing = asyncio.create_task(server.sio.eio.disconnect(sid))
    assert await client.hears("disconnect") in ([["transport close"]], [["transport error"]])
    await client.hears("connect", times=2)
    await client.do("emit", event="message", args=["back"])
    assert await client.hears("message-back") == [["back"]]
    assert server.echo.ended == [("/", "server disconnect")]
    await server.done(closing)


@pytest.mark.asyncio
async def test_a_client_that_was_shown_out_stays_away(
    server: Server, client: JavaScript, transports: list[str]
) -> None:
    await connect(client, server, transports)
    await server.sio.emit("last", to=server.echo.sid())
    showing_out = asyncio.create_task(server.sio.disconnect(server.echo.sid()))
    assert await client.hears("disconnect") == [["io server disconnect"]]
    assert client.heard("last") == [[]]
    await server.done(showing_out)


@pytest.mark.asyncio
async def test_namespaces_are_served_or_refused(
    server: Server, client: JavaScript, transports: list[str]
) -> None:
    await connect(client, server, transports, namespace="/custom?a=1")
    await client.do("emit", event="message", args=["custom"])
    assert await client.hears("message-back") == [["custom"]]
    assert server.echo.events == [("/custom", ("custom",))]
    given = {"transports": transports}
    await client.do("connect", url=server.origin + "/elsewhere", options=given)
    assert (await client.hears("connect_error"))[0][0] == "Invalid namespace"


@pytest.mark.asyncio
async def test_a_refusal_arrives_with_its_data(
    server: Server, client: JavaScript, transports: list[str]
) -> None:
    given = {"transports": transports, "auth": {"refuse": {"code": "closed"}}}
    await client.do("connect", url=server.origin, options=given)
    assert await client.hears("connect_error") == [["refused", {"code": "closed"}]]
