"""Options of python-socketio's server mean the same over our engine."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conformance.conftest import Serve
from tests.conformance.wire import event

OURS, FOREIGN = "https://shop.example", "https://elsewhere.example"


@pytest.mark.asyncio
async def test_always_connect_answers_before_the_handler_runs(serve: Serve) -> None:
    server = await serve(always_connect=True)
    socket = await server.websocket()
    await socket.send('40{"refuse":{"code":"closed"}}')
    assert (await socket.receive()).startswith("40{")
    assert await socket.receive() == '41{"message":"refused","data":{"code":"closed"}}'


@pytest.mark.asyncio
async def test_all_namespaces_may_be_open(serve: Serve) -> None:
    server = await serve(namespaces="*")
    socket = await server.websocket()
    await socket.send("40/anything,")
    assert set(json.loads((await socket.receive()).removeprefix("40/anything,"))) == {"sid"}


@pytest.mark.asyncio
async def test_handlers_of_one_client_may_run_one_after_the_other(serve: Serve) -> None:
    server = await serve(async_handlers=False)
    heard: list[int] = []

    @server.sio.event
    async def note(sid: str, number: int) -> None:
        await asyncio.sleep(0.02 if number == 0 else 0)
        heard.append(number)

    socket = await server.joined()
    for number in range(5):
        await socket.send(event("note", number))
    await socket.echo()
    assert heard == [0, 1, 2, 3, 4]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "cookie",
    ["io", {"name": "io", "path": "/shop", "SameSite": "Strict", "HttpOnly": True}],
    ids=["name", "all of it"],
)
async def test_a_cookie_for_sticky_sessions_holds_the_session_id(serve: Serve, cookie: Any) -> None:
    server = await serve(cookie=cookie)
    answer = await server.ask("GET", "EIO=4&transport=polling")
    sid = json.loads(answer.text[1:])["sid"]
    wanted = "/; SameSite=Lax" if cookie == "io" else "/shop; SameSite=Strict; HttpOnly"
    assert answer.headers["Set-Cookie"] == f"io={sid}; path={wanted}"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "allowed",
    [OURS, [OURS], [FOREIGN + ":1", OURS], lambda origin: origin == OURS, "*", ["*"]],
    ids=["one", "a list", "several", "a function", "any", "any of a list"],
)
async def test_origins_may_be_given_in_several_ways(serve: Serve, allowed: Any) -> None:
    server = await serve(cors_allowed_origins=allowed)
    query = "EIO=4&transport=polling"
    answer = await server.ask("GET", query, headers={"Origin": OURS})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, OURS)
    answer = await server.ask("GET", query, headers={"Origin": FOREIGN})
    assert (answer.status == 200) is (allowed in ("*", ["*"]))


@pytest.mark.asyncio
async def test_by_default_only_pages_of_the_server_itself_come_in(serve: Serve) -> None:
    server = await serve(cors_allowed_origins=None)
    query = "EIO=4&transport=polling"
    assert (await server.ask("GET", query, headers={"Origin": server.origin})).status == 200
    assert (await server.ask("GET", query, headers={"Origin": FOREIGN})).status >= 400
    assert (await server.ask("GET", query)).status == 200


@pytest.mark.asyncio
async def test_a_forwarded_host_makes_nobody_one_of_us(serve: Serve) -> None:
    server = await serve(cors_allowed_origins=None)
    forged = {"Origin": FOREIGN, "X-Forwarded-Host": "elsewhere.example",
              "X-Forwarded-Proto": "https"}  # fmt: skip
    assert (await server.ask("GET", "EIO=4&transport=polling", headers=forged)).status >= 400


@pytest.mark.asyncio
async def test_the_path_may_be_another(serve: Serve) -> None:
    server = await serve(path="chat/live")
    server.url = f"{server.origin}/chat/live/"
    await (await server.polling()).join()
    await (await server.joined()).echo()
