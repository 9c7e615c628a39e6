"""Several processes on one port serve clients that poll, wherever their requests arrive."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import socketio

from chatserver.dev import ports
from loadtest.faults.nodes import ChatServer, faults_in
from loadtest.faults.people import PATIENCE_S, Payload, Person, eventually
from tests.acceptance.conftest import GENEROUS, Cast, Start
from tests.acceptance.javascript import JavaScriptPerson
from tests.acceptance.test_processes import Several

PROCESSES = 3
POLLING, BOTH, WEBSOCKET = ("polling",), ("polling", "websocket"), ("websocket",)
VISITORS, VISITS = 3, 7
SAID = 30

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def _three(
    tmp_path_factory: pytest.TempPathFactory, mongo_url: str, redis_url: str
) -> Iterator[Several]:
    """One server for all tests that leave it whole; a process that ends is started again."""
    first = ports.pick(PROCESSES)
    environment = {
        "CHAT_MONGO_URL": mongo_url, "CHAT_REDIS_URL": redis_url,
        "CHAT_MONGO_DATABASE": f"acceptance_{secrets.token_hex(6)}",
        "CHAT_PROCESSES": str(PROCESSES), "CHAT_METRICS_PORT": str(first), **GENEROUS,
    }  # fmt: skip
    server = ChatServer(tmp_path_factory.mktemp("three"), environment)
    try:
        server.start()
        yield Several(server, first, PROCESSES)
    finally:
        server.stop()


@pytest_asyncio.fixture
async def three(_three: Several) -> AsyncIterator[Several]:
    """All three serve; the log must stay clean."""
    await _three.all_serve()
    size = _three.server.log_size()
    yield _three
    assert not faults_in(_three.server.log_since(size))


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that only this user can enter; the path of a Unix socket must be short."""
    with tempfile.TemporaryDirectory(prefix="chat-") as made:
        yield Path(made)


def javascript(cast: Cast, who: str, server: ChatServer) -> JavaScriptPerson:
    person = cast.person(who, server, client=JavaScriptPerson)
    assert isinstance(person, JavaScriptPerson)
    return person


async def visit_often(person: JavaScriptPerson, **options: Any) -> None:
    """Come, be served, and go, again and again."""
    for _ in range(VISITS):
        await person.connect(**options)
        await person.sees("ready")
        if options["transports"] == BOTH:
            await eventually(lambda: speaks_over(person, "websocket"), "it is upgraded")
        await person.ask("device.list")
        await person.command("disconnect")
        assert not person.seen("connect_error")


async def speaks_over(person: JavaScriptPerson, transport: str) -> bool:
    return await person.transport() == transport


@pytest.mark.parametrize("pooled", [False, True], ids=["each request on its own", "pooled"])
@pytest.mark.parametrize("transports", [POLLING, BOTH, WEBSOCKET], ids="+".join)
async def test_javascript_comes_in_every_time(
    three: Several, cast: Cast, transports: tuple[str, ...], pooled: bool
) -> None:
    visitors = [javascript(cast, f"visitor-{number}", three.server) for number in range(VISITORS)]
    await asyncio.gather(
        *(visit_often(each, transports=transports, pooled=pooled) for each in visitors)
    )


async def test_python_comes_in_every_time_over_polls(three: Several, cast: Cast) -> None:
    mei = cast.person("mei", three.server)
    for _ in range(VISITORS * VISITS):
        await mei.connect(transports=POLLING)
        await mei.sees("ready")
        await mei.ask("device.list")


async def test_clients_that_share_connections_as_behind_a_proxy_are_all_served(
    three: Several, cast: Cast
) -> None:
    people = [cast.person(f"person-{number}", three.server) for number in range(20)]
    async with aiohttp.ClientSession() as http, AsyncExitStack() as ends:

        async def come_and_ask(person: Person) -> None:
            client = socketio.AsyncClient(
                reconnection=False, handle_sigint=False, http_session=http
            )
            await client.connect(three.url, auth=person._auth(), transports=["polling"])
            ends.push_async_callback(client.disconnect)
            for _ in range(10):
                answer = await client.call("device.list", {}, timeout=PATIENCE_S)
                assert answer["ok"] is True

        await asyncio.gather(*(come_and_ask(person) for person in people))


@pytest.mark.parametrize("pooled", [False, True], ids=["each request on its own", "pooled"])
async def test_what_is_said_over_polls_keeps_its_order(
    three: Several, cast: Cast, pooled: bool
) -> None:
    mei, lin = (javascript(cast, who, three.server) for who in ("mei", "lin"))
    for one in (mei, lin):
        await one.connect(transports=POLLING, pooled=pooled)
        await one.sees("ready")
    room = await mei.open(lin.user)
    await asyncio.gather(talk(mei, room), talk(lin, room))
    for one, other in ((mei, lin), (lin, mei)):
        await eventually(lambda a=one, b=other: len(said(a, b)) == SAID, "all of the messages")
        texts = [each["body"]["text"].split()[0] for each in said(one, other)]
        assert texts == [str(number) for number in range(SAID)]


async def talk(person: Person, room: str) -> None:
    """Say much without waiting for answers, short and long."""
    calls = []
    for number in range(SAID):
        payload = {
            "conversation": room,
            "client_id": f"{person.user}-{number:08}",
            "kind": "text",
            "body": {"text": f"{number} " + "x" * (number * 200)},
        }
        calls.append(await person.begin("message.send", payload))
    for answer in await asyncio.gather(*calls):
        assert answer["ok"] is True, answer


def said(hearer: Person, speaker: Person) -> list[Payload]:
    """What one was told of what the other one said."""
    return [each for each in hearer.seen("message") if each["sender"] == speaker.user]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("transports", [POLLING, BOTH], ids="+".join)
async def test_clients_of_a_process_that_ends_come_back_by_themselves_to_another(
    three: Several, cast: Cast, end: signal.Signals, transports: tuple[str, ...]
) -> None:
    people = [javascript(cast, f"person-{number}", three.server) for number in range(4)]
    again = {"reconnection": True, "reconnectionDelay": 50, "reconnectionDelayMax": 200}
    for one in people:
        await one.connect(transports=transports, **again)
        await one.sees("ready")
    pids, connections = await three.pids(), await three.connections()
    home = connections.index(max(connections))
    os.kill(pids[home], end)
    await eventually(lambda: came_back(people) >= connections[home], "they come back")
    for one in people:
        await one.ask("device.list")
    now = await three.all_serve()
    assert [old == new for old, new in zip(pids, now, strict=True)].count(False) == 1


def came_back(people: list[JavaScriptPerson]) -> int:
    """How many have connected a second time."""
    return len([one for one in people if len(one.seen("connect")) > 1 and one.connected])


async def test_a_session_that_nobody_has_is_unknown_at_once(three: Several) -> None:
    sids = ["0123abcd" + "x" * 20, "x", "../../etc/passwd", "........", "你好", "0" * 4000]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as http:
        for sid in sids * 5:
            query = {"EIO": "4", "transport": "polling", "sid": sid}
            for method in ("GET", "POST"):
                request = http.request(method, three.url + "/socket.io/", params=query, data="2")
                async with request as answer:
                    assert (answer.status, (await answer.json())["code"]) == (400, 1)


async def test_nodes_of_their_own_use_the_folder_they_are_given(
    start: Start, cast: Cast, folder: Path
) -> None:
    first, port = ports.pick(2), ports.pick()
    node, _ = [
        await start(port=port, reuse_port=True, metrics_port=first + number, handover_dir=folder)
        for number in range(2)
    ]
    await Several(node, first, 2).all_serve()
    await visit_often(javascript(cast, "mei", node), transports=POLLING, pooled=True)
    await visit_often(javascript(cast, "lin", node), transports=BOTH)
