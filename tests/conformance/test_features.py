"""What applications use of python-socketio works unchanged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import socketio

from tests.conformance.servers import Server
from tests.conformance.wire import Socket, event


async def sids_of(server: Server, count: int) -> list[tuple[Socket, str]]:
    """Several clients with their ids."""
    made = []
    for _ in range(count):
        socket = await server.joined()
        made.append((socket, server.echo.sid()))
    return made


async def hears(socket: Socket, *packets: str) -> None:
    """The client got these and nothing else."""
    for packet in packets:
        assert await socket.receive() == packet
    await socket.echo("and nothing else")


@pytest.mark.asyncio
async def test_handlers_can_be_functions_or_coroutines_with_any_arguments(server: Server) -> None:
    @server.sio.event
    def plain(sid: str, *arguments: Any) -> int:
        return len(arguments)

    @server.sio.on("spaced name")
    async def spaced(sid: str) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"sid": sid}

    socket = await server.joined()
    await socket.send('421["plain",1,2,3]')
    assert await socket.receive() == "431[3]"
    await socket.send('422["spaced name"]')
    assert await socket.receive() == f'432[{{"sid":"{server.echo.sid()}"}}]'


@pytest.mark.asyncio
async def test_a_handler_may_catch_all_events(server: Server) -> None:
    @server.sio.on("*")
    async def anything(name: str, sid: str, *arguments: Any) -> list[Any]:
        return [name, *arguments]

    socket = await server.joined()
    await socket.send('421["unheard-of",5]')
    assert await socket.receive() == '431[["unheard-of",5]]'


class Shop(socketio.AsyncNamespace):
    """A namespace as a class."""

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
        await self.save_session(sid, {"auth": auth})

    async def on_order(self, sid: str, what: str) -> dict[str, Any]:
        session = await self.get_session(sid)
        await self.emit("ordered", what, skip_sid=sid)
        return {"what": what, **session["auth"]}

    async def on_leave(self, sid: str) -> None:
        await self.disconnect(sid)


@pytest.mark.asyncio
async def test_a_namespace_can_be_a_class(server: Server) -> None:
    server.sio.register_namespace(Shop("/shop"))
    mei, lin = await server.websocket(), await server.websocket()
    for socket, name in ((mei, "mei"), (lin, "lin")):
        await socket.send(f'40/shop,{{"name":"{name}"}}')
        assert (await socket.receive()).startswith("40/shop,")
    await mei.send('42/shop,1["order","tea"]')
    assert await mei.receive() == '43/shop,1[{"what":"tea","name":"mei"}]'
    assert await lin.receive() == '42/shop,["ordered","tea"]'
    await lin.send('42/shop,["leave"]')
    assert await lin.receive() in ("41/shop,", "41/shop")


@pytest.mark.asyncio
async def test_a_handler_may_ask_its_own_client(server: Server) -> None:
    @server.sio.event
    async def haggle(sid: str, price: int) -> int:
        offer = await server.sio.call("offer", price, to=sid, timeout=server.patience_s)
        return int(offer)

    socket = await server.joined()
    await socket.send('427["haggle",10]')
    packet = await socket.receive()
    number = packet.removeprefix("42").removesuffix('["offer",10]')
    await socket.send(f"43{number}[8]")
    assert await socket.receive() == "437[8]"


@pytest.mark.asyncio
async def test_a_question_nobody_answers_times_out(server: Server) -> None:
    await server.joined()
    with pytest.raises(socketio.exceptions.TimeoutError):
        await server.sio.call("question", to=server.echo.sid(), timeout=0.05)


@pytest.mark.asyncio
async def test_rooms_hear_what_is_sent_to_them(server: Server) -> None:
    (mei, mei_sid), (lin, lin_sid), (ann, _) = await sids_of(server, 3)
    sio = server.sio
    for sid in (mei_sid, lin_sid):
        await sio.enter_room(sid, "shop")
    assert set(sio.rooms(mei_sid)) == {mei_sid, "shop"}
    await sio.emit("all", 1)
    await sio.emit("room", 2, room="shop")
    await sio.emit("others", 3, room="shop", skip_sid=mei_sid)
    await sio.emit("one", 4, to=mei_sid)
    await sio.emit("several", 5, to=[mei_sid, "shop"])
    await sio.emit("nobody", 6, room="empty")
    await sio.send("word", to=mei_sid)
    await hears(mei, event("all", 1), event("room", 2), event("one", 4), event("several", 5),
                event("message", "word"))  # fmt: skip
    await hears(lin, event("all", 1), event("room", 2), event("others", 3), event("several", 5))
    await hears(ann, event("all", 1))


@pytest.mark.asyncio
async def test_rooms_are_left_and_closed(server: Server) -> None:
    (mei, mei_sid), (lin, lin_sid) = await sids_of(server, 2)
    sio = server.sio
    for sid in (mei_sid, lin_sid):
        await sio.enter_room(sid, "shop")
        await sio.enter_room(sid, "stall")
    await sio.leave_room(mei_sid, "shop")
    await sio.emit("n", 1, room="shop")
    await sio.close_room("stall")
    await sio.emit("n", 2, room="stall")
    assert sio.rooms(mei_sid) == [mei_sid]
    await hears(mei)
    await hears(lin, event("n", 1))


@pytest.mark.asyncio
async def test_who_went_is_in_no_room(server: Server) -> None:
    ((mei, mei_sid), (lin, lin_sid)) = await sids_of(server, 2)
    for sid in (mei_sid, lin_sid):
        await server.sio.enter_room(sid, "shop")
    await mei.websocket.close()
    await server.eventually(lambda: server.echo.ended)
    await server.sio.emit("n", 1, room="shop")
    await hears(lin, event("n", 1))
    assert [sid for sid, _ in server.sio.manager.get_participants("/", "shop")] == [lin_sid]


@pytest.mark.asyncio
async def test_rooms_belong_to_a_namespace(server: Server) -> None:
    socket = await server.joined()
    sid = await socket.join("/custom")
    await server.sio.enter_room(sid, "shop", namespace="/custom")
    await server.sio.emit("n", 1, room="shop")
    await server.sio.emit("n", 2, room="shop", namespace="/custom")
    await hears(socket, event("n", 2, namespace="/custom"))


@pytest.mark.asyncio
async def test_a_session_keeps_what_the_application_puts_in(server: Server) -> None:
    socket = await server.joined()
    sid = server.echo.sid()
    async with server.sio.session(sid) as session:
        session["name"] = "mei"
    assert await server.sio.get_session(sid) == {"name": "mei"}
    custom = await socket.join("/custom")
    assert await server.sio.get_session(custom, namespace="/custom") == {}
    await server.joined()
    assert await server.sio.get_session(server.echo.sid()) == {}


@pytest.mark.asyncio
async def test_the_application_may_disconnect_a_client(server: Server) -> None:
    socket = await server.joined()
    await server.sio.emit("last", "word", to=server.echo.sid())
    await server.sio.disconnect(server.echo.sid())
    assert await socket.receive() == event("last", "word")
    assert await socket.receive() == "41"
    assert server.echo.ended == [("/", "server disconnect")]


@pytest.mark.asyncio
async def test_a_handler_may_disconnect_its_own_client(server: Server) -> None:
    @server.sio.event
    async def leave(sid: str) -> None:
        await server.sio.disconnect(sid)

    socket = await server.joined()
    await socket.send('42["leave"]')
    assert await socket.receive() == "41"
    await socket.join()
    await socket.echo()


@pytest.mark.asyncio
async def test_a_handler_that_fails_harms_nobody(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    @server.sio.event
    async def fail(sid: str) -> None:
        raise RuntimeError("as arranged")

    socket, other = await server.joined(), await server.joined()
    with caplog.at_level("CRITICAL"):
        await socket.send('42["fail"]')
        await other.echo()
        await socket.echo()


@pytest.mark.asyncio
async def test_slow_handlers_hold_no_other_client_back(server: Server) -> None:
    go_on = asyncio.Event()

    @server.sio.event
    async def slow(sid: str) -> str:
        await go_on.wait()
        return "done"

    socket, other = await server.joined(), await server.joined()
    await socket.send('421["slow"]')
    await other.echo()
    go_on.set()
    assert await socket.receive() == '431["done"]'


@pytest.mark.asyncio
async def test_a_handler_can_look_at_the_handshake(server: Server) -> None:
    socket = await server.websocket(headers={"X-Shop": "1", "Accept-Language": "zh"})
    await socket.join()
    environ = server.sio.get_environ(server.echo.sid())
    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["PATH_INFO"] == "/socket.io/"
    assert "transport=websocket" in environ["QUERY_STRING"]
    assert environ["HTTP_X_SHOP"] == "1"
    assert environ["HTTP_ACCEPT_LANGUAGE"] == "zh"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ.get("HTTP_ORIGIN") is None
    assert "HTTP_HOST" in environ


@pytest.mark.asyncio
async def test_the_admin_interface_works(server: Server) -> None:
    admin = {"username": "mei", "password": "tea"}
    ui = server.sio.instrument(auth=admin, mode="production", server_stats_interval=0.05)
    stats: list[dict[str, Any]] = []
    client = socketio.AsyncClient(handle_sigint=False, reconnection=False)
    client.on("server_stats", stats.append, namespace="/admin")
    try:
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(server.origin, namespaces=["/admin"], auth={"username": "lin"})
        await client.disconnect()
        await server.joined()
        await client.connect(server.origin, namespaces=["/admin"], auth=admin)
        await server.eventually(lambda: any(each["clientsCount"] >= 2 for each in stats))
        assert {each["namespaces"][0]["name"] for each in stats} <= {"/", "/admin", "/custom"}
    finally:
        await client.disconnect()
        await ui.shutdown()
        ui.uninstrument()  # it changes the class of all stock sockets
