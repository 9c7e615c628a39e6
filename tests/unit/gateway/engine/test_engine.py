"""An engine's clients share its turns, its timers and its port, and fail alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from chatserver.gateway.engine.connection import WebSocket
from chatserver.gateway.engine.engine import ENDS_PER_TURN, FLUSHES_PER_TURN, Engine
from chatserver.gateway.engine.errors import Overloaded, Refusal
from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.options import Options
from chatserver.gateway.engine.sockets import Socket
from tests.conformance.raw import PING, TEXT, frame
from tests.unit.gateway.engine.conftest import Serve
from tests.unit.gateway.engine.recording import REQUEST, Listener, Pipe

on_the_product_loop = pytest.mark.asyncio(loop_factories=["uvloop"])
on_both_loops = pytest.mark.asyncio(loop_factories=["uvloop", "asyncio"])
leaping = pytest.mark.asyncio(loop_factories=["leaping"])


@pytest.fixture
def engine(listener: Listener) -> Iterator[Engine]:
    """An engine without a port."""
    engine = Engine(listener, Options(ping_interval_ms=1000, ping_timeout_ms=500))
    yield engine
    engine._heartbeat.close()


def open_one(engine: Engine) -> tuple[WebSocket, Pipe]:
    """A client that has its OPEN packet."""
    pipe = Pipe()
    return engine.open_websocket(REQUEST, b"switching", pipe), pipe


async def turn() -> None:
    await asyncio.sleep(0)


# --- a port -------------------------------------------------------------------------------------


@on_both_loops
async def test_websockets_polls_and_other_requests_share_a_port(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def echo(_: Listener, socket: Socket, data: str) -> None:
        socket.push(Frame.message(data))

    monkeypatch.setattr(Listener, "received", echo)
    place = await serve()
    websocket, _ = await place.client()
    url = f"http://127.0.0.1:{place.port}"
    async with aiohttp.ClientSession() as http:
        for number in range(3):
            await websocket.write(frame(TEXT, f"4{number}"))
            assert await websocket.text() == f"4{number}"
        async with http.get(f"{url}/socket.io/?EIO=4&transport=polling") as answer:
            sid = (await answer.text()).split('"')[3]
        session = f"{url}/socket.io/?EIO=4&transport=polling&sid={sid}"
        async with http.post(session, data="4one\x1e4two") as answer:
            assert await answer.text() == "ok"
        async with http.get(session) as answer:
            assert await answer.text() == "4one\x1e4two"
        async with http.get(f"{url}/elsewhere") as answer:
            assert answer.status == 404
    assert len(place.engine.sockets) == 2
    place.engine.close()
    await turn()
    assert place.listener.ended == ["server disconnect"] * 2


@on_both_loops
async def test_a_silent_client_is_lost_and_one_that_answers_stays(serve: Serve) -> None:
    place = await serve(ping_interval_ms=100, ping_timeout_ms=60)
    (silent, _), (there, socket) = await place.client(), await place.client()
    for _ in range(4):
        assert await there.text() == "2"
        await there.write(frame(TEXT, "3"))
    assert await silent.text() == "2"
    assert await silent.rest() == b""
    assert place.listener.ended == ["ping timeout"]
    assert list(place.engine.sockets.values()) == [socket]


# --- turns --------------------------------------------------------------------------------------


@leaping
async def test_what_is_pushed_in_one_turn_is_one_write(engine: Engine, listener: Listener) -> None:
    (_, pipe), (_, other) = open_one(engine), open_one(engine)
    await turn()
    frames = [Frame.message(str(number)) for number in range(10)]
    for each in frames:
        for socket in listener.sockets:
            socket.push(each)
    await turn()
    together = b"".join(each.wire for each in frames)
    assert pipe.writes[-1] == other.writes[-1] == together
    assert len(pipe.writes) == 2  # the handshake with the OPEN packet, all ten


@leaping
async def test_who_pushes_to_many_leaves_room_for_others(
    engine: Engine, listener: Listener
) -> None:
    pipes = [open_one(engine)[1] for _ in range(2 * FLUSHES_PER_TURN + 1)]
    for _ in range(5):
        await turn()
    for socket in listener.sockets:
        socket.push(Frame.message("x"))
    written = []
    for _ in range(4):
        await turn()
        written.append(sum(pipe.writes[-1].endswith(b"4x") for pipe in pipes))
    assert written == [500, 1000, 1001, 1001]


# --- failing alone ------------------------------------------------------------------------------


@leaping
async def test_whoever_is_refused_leaves_nothing_behind(engine: Engine, listener: Listener) -> None:
    listener.refusal = Overloaded()
    pipe = Pipe()
    with pytest.raises(Overloaded):
        engine.open_websocket(REQUEST, b"switching", pipe)
    with pytest.raises(Overloaded):
        engine.open_polling(REQUEST)
    await turn()
    assert (pipe.writes, pipe.ends, engine.sockets, listener.ended) == ([], [], {}, [])
    assert not any(engine._heartbeat._buckets)
    assert len(engine._ending) == 0


@leaping
async def test_an_application_that_fails_to_take_one_in_harms_no_other(
    engine: Engine, listener: Listener
) -> None:
    _, pipe = open_one(engine)
    listener.refusal = ValueError("a mistake")
    with pytest.raises(ValueError, match="a mistake"):
        engine.open_websocket(REQUEST, b"switching", Pipe())
    await turn()
    assert len(engine.sockets) == 1
    assert sum(map(len, engine._heartbeat._buckets)) == 1
    listener.sockets[0].push(Frame.message("still here"))
    await turn()
    assert pipe.writes[-1].endswith(b"still here")


@leaping
async def test_a_transport_that_fails_harms_no_other(engine: Engine, listener: Listener) -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: reported.append(told))

    def fail(data: Any) -> None:
        raise RuntimeError("the handler is closed")

    made = [open_one(engine) for _ in range(3)]
    await turn()
    made[1][1].write = fail  # type: ignore[method-assign]
    for number in range(2):
        for socket in listener.sockets:
            socket.push(Frame.message(str(number)))
        for _ in range(3):
            await turn()
        for _, pipe in (made[0], made[2]):
            assert pipe.writes[-1].endswith(str(number).encode())
    assert len(reported) == 2


@leaping
async def test_frames_after_an_end_in_the_same_read_are_not_heard(
    engine: Engine, listener: Listener
) -> None:
    websocket, _ = open_one(engine)
    websocket.data_received(frame(TEXT, "4a") + frame(TEXT, "9") + frame(TEXT, "4b"))
    assert listener.heard == ["a"]
    await turn()
    assert listener.ended == ["protocol error: Unknown packet"]


@leaping
async def test_an_unknown_session_is_refused(engine: Engine) -> None:
    with pytest.raises(Refusal):
        engine.session("nobody's")


@leaping
async def test_when_all_leave_at_once_the_others_get_their_turn(
    engine: Engine, listener: Listener
) -> None:
    made = [open_one(engine) for _ in range(3 * ENDS_PER_TURN)]
    for websocket, _ in made:
        websocket.connection_lost(None)
    for told in range(4):
        assert len(listener.ended) == told * ENDS_PER_TURN
        await turn()


@leaping
async def test_when_all_hang_up_at_once_the_others_get_their_turn(
    engine: Engine, listener: Listener
) -> None:
    made = [open_one(engine) for _ in range(2 * ENDS_PER_TURN)]
    assert all(websocket.eof_received() for websocket, _ in made)
    for cut_off in range(3):
        assert sum(pipe.ends == ["aborted"] for _, pipe in made) == cut_off * ENDS_PER_TURN
        await turn()
    await turn()
    assert listener.ended == ["transport close"] * len(made)


@leaping
async def test_an_error_about_one_end_keeps_no_other_from_being_told(
    engine: Engine, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [open_one(engine) for _ in range(3)]
    broken = listener.sockets[0]

    def closed(one: Listener, socket: Socket, reason: str) -> None:
        if socket is broken:
            raise ValueError
        one.ended.append(reason)

    monkeypatch.setattr(Listener, "closed", closed)
    for websocket, _ in made:
        websocket.connection_lost(None)
    await turn()
    assert listener.ended == ["transport close"] * 2


# --- memory -------------------------------------------------------------------------------------


@leaping
async def test_when_all_have_gone_nothing_is_kept(engine: Engine, listener: Listener) -> None:
    made = [open_one(engine) for _ in range(100)]
    await turn()
    for number, (websocket, _) in enumerate(made):
        if number % 3 == 1:
            listener.sockets[number].close()
        elif number % 3 == 2:
            listener.sockets[number].fail("protocol error")
        websocket.connection_lost(None)
    await turn()
    assert len(listener.ended) == 100
    assert (engine.sockets, len(engine._ending), len(engine._probes)) == ({}, 0, 0)
    assert not any(engine._heartbeat._buckets)


@leaping
async def test_however_many_clients_there_are_there_is_one_timer(
    engine: Engine, listener: Listener
) -> None:
    for _ in range(1000):
        open_one(engine)
    await asyncio.sleep(0.3)
    loop = asyncio.get_running_loop()
    assert len(loop._scheduled) == 1  # type: ignore[attr-defined]
    assert len(asyncio.all_tasks()) == 1
    for socket in listener.sockets:
        socket.close()
    await turn()
    assert len(loop._scheduled) == 2  # type: ignore[attr-defined]


@leaping
async def test_who_does_not_follow_a_close_is_cut_off_in_time(
    engine: Engine, listener: Listener
) -> None:
    made = [open_one(engine) for _ in range(3)]
    for socket in listener.sockets:
        socket.close()
    await asyncio.sleep(1.9)
    assert not [pipe for _, pipe in made if "aborted" in pipe.ends]
    await asyncio.sleep(0.2)
    assert [pipe.ends for _, pipe in made] == [["aborted"]] * 3
    assert listener.ended == ["server disconnect"] * 3


@leaping
async def test_a_websocket_ping_is_no_sign_of_life(engine: Engine, listener: Listener) -> None:
    websocket, _ = open_one(engine)
    listener.sockets[0].pinged = 7
    websocket.data_received(frame(PING, b"x"))
    assert listener.sockets[0].pinged == 7
    websocket.data_received(frame(TEXT, "3"))
    assert listener.sockets[0].pinged == 0
