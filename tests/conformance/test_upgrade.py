"""Engine.IO 4: from polls to a WebSocket, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import itertools

import aiohttp
import pytest

from tests.conformance.conftest import Serve
from tests.conformance.raw import CLOSE, TEXT, frame
from tests.conformance.servers import Server
from tests.conformance.wire import ClosedError, Polling, Socket, event, rounds


async def joined(server: Server) -> Polling:
    polling = await server.polling()
    await polling.join()
    return polling


async def probed(server: Server, polling: Polling) -> Socket:
    socket = await server.websocket(polling.sid)
    await socket.send("2probe")
    assert await socket.receive_any() == "3probe"
    return socket


async def refused(server: Server, sid: str) -> bool:
    """Whether a WebSocket for this session is refused, or closed at once."""
    try:
        socket = await server.websocket(sid)
        await socket.send("2probe")
        await socket.receive()
    except (aiohttp.WSServerHandshakeError, ClosedError, ConnectionError):
        return True
    return False


@pytest.mark.asyncio
async def test_an_upgrade_is_probed_then_made(server: Server) -> None:
    polling = await joined(server)
    socket = await probed(server, polling)
    await socket.send("5")
    await socket.echo()


@pytest.mark.asyncio
async def test_the_waiting_poll_is_released_with_a_noop(server: Server) -> None:
    polling = await joined(server)
    poll = asyncio.create_task(polling.get())
    await rounds()  # so that it waits there
    await probed(server, polling)
    answer = await poll
    assert (answer.status, answer.packets) == (200, ["6"])


@pytest.mark.asyncio
async def test_a_poll_that_comes_during_the_upgrade_is_released_too(server: Server) -> None:
    polling = await joined(server)
    socket = await probed(server, polling)
    answer = await polling.get()
    assert (answer.status, answer.packets) == (200, ["6"])
    await socket.send("5")
    await socket.echo()


@pytest.mark.asyncio
async def test_what_waits_leaves_over_the_websocket_once_it_is_made(server: Server) -> None:
    polling = await joined(server)
    socket = await probed(server, polling)
    for number in range(5):
        await server.sio.emit("n", number)
    await socket.send("5")
    for number in range(5):
        assert await socket.receive() == event("n", number)


@pytest.mark.asyncio
@pytest.mark.parametrize("pause_s", [0, 0.001, 0.003])
async def test_what_is_sent_during_an_upgrade_comes_once_and_in_order(
    server: Server, pause_s: float
) -> None:
    polling = await joined(server)
    sending = asyncio.create_task(_count(server, 200, pause_s))
    over_polls: list[str] = []
    stop = asyncio.Event()
    polls = asyncio.create_task(_poll_until(stop, polling, over_polls))
    socket = await probed(server, polling)
    stop.set()  # a client pauses its polls, and only then completes the upgrade
    await polls
    await socket.send("5")
    await sending
    over_socket = [await socket.receive() for _ in range(200 - len(over_polls))]
    assert over_polls + over_socket == [event("n", number) for number in range(200)]
    await socket.echo()


async def _count(server: Server, end: int, pause_s: float) -> None:
    for number in range(end):
        await server.sio.emit("n", number)
        await asyncio.sleep(pause_s)


async def _poll_until(stop: asyncio.Event, polling: Polling, into: list[str]) -> None:
    while not stop.is_set():
        answer = await polling.get()
        assert answer.status == 200
        into += [packet for packet in answer.packets if packet != "6"]


@pytest.mark.asyncio
async def test_what_the_client_sends_around_an_upgrade_keeps_its_order(server: Server) -> None:
    polling = await joined(server)
    numbers = itertools.count()
    for _ in range(3):
        await polling.send(event("message", next(numbers)))
    socket = await server.websocket(polling.sid)
    await polling.send(event("message", next(numbers)))
    await socket.send("2probe")
    assert await socket.receive_any() == "3probe"
    await polling.send(event("message", next(numbers)))
    await socket.send("5")
    for _ in range(3):
        await socket.send(event("message", next(numbers)))
    got = [await socket.receive() for _ in range(8)]
    assert got == [event("message-back", number) for number in range(8)]


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_polls_are_refused_after_an_upgrade_and_harm_nothing(
    server: Server, method: str
) -> None:
    polling = await joined(server)
    socket = await server.upgraded(polling)
    await socket.echo()
    data = {"data": event("message", "over polls")} if method == "POST" else {}
    query = f"EIO=4&transport=polling&sid={polling.sid}"
    assert (await server.ask(method, query, **data)).status == 400
    await socket.echo()
    assert len(server.echo.events) == 2


@pytest.mark.asyncio
async def test_a_second_websocket_after_an_upgrade_is_refused(server: Server) -> None:
    polling = await joined(server)
    socket = await server.upgraded(polling)
    await socket.echo()
    assert await refused(server, polling.sid)
    await socket.echo()


@pytest.mark.asyncio
async def test_a_second_websocket_during_an_upgrade_is_refused(server: Server) -> None:
    polling = await joined(server)
    socket = await probed(server, polling)
    assert await refused(server, polling.sid)
    await socket.send("5")
    await socket.echo()


@pytest.mark.asyncio
async def test_a_session_of_a_websocket_cannot_be_upgraded(server: Server) -> None:
    socket = await server.joined()
    assert await refused(server, socket.sid)
    await socket.echo()


@pytest.mark.asyncio
@pytest.mark.parametrize("sid", ["unknown", "x" * 300])
async def test_an_unknown_session_cannot_be_upgraded(server: Server, sid: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await server.websocket(sid)
    assert refusal.value.status == 400


BAD_PROBES = ["5", "2", "3probe", "2prob", "2probes", "3", "1", "6", "abc", "", "40", "9"]


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", BAD_PROBES)
async def test_a_bad_probe_closes_only_its_websocket(server: Server, packet: str) -> None:
    polling = await joined(server)
    socket = await server.websocket(polling.sid)
    await socket.send(packet)
    assert await socket.closed() == []
    await polling.echo()


@pytest.mark.asyncio
async def test_a_binary_probe_closes_only_its_websocket(server: Server) -> None:
    polling = await joined(server)
    socket = await server.websocket(polling.sid)
    await socket.websocket.send_bytes(b"2probe")
    assert await socket.closed() == []
    await polling.echo()


@pytest.mark.asyncio
@pytest.mark.parametrize("packet", [event("message", 1), "3", "6", "abc"])
async def test_anything_but_the_upgrade_after_a_probe_closes_only_its_websocket(
    server: Server, packet: str
) -> None:
    polling = await joined(server)
    socket = await probed(server, polling)
    await socket.send(packet)
    await socket.closed()
    await polling.echo()
    assert len(server.echo.events) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("after_probe", [False, True])
@pytest.mark.parametrize("clean", [False, True])
async def test_polls_go_on_when_the_client_gives_the_upgrade_up(
    server: Server, after_probe: bool, clean: bool
) -> None:
    polling = await joined(server)
    socket = await (probed(server, polling) if after_probe else server.websocket(polling.sid))
    if clean:
        await socket.websocket.close()
    else:
        assert socket.websocket._response.connection is not None
        socket.websocket._response.connection.transport.abort()
        await rounds()  # so that it is noticed
    await polling.echo()
    await (await server.upgraded(polling)).echo()


@pytest.mark.asyncio
@pytest.mark.parametrize("packets", [[], ["2probe"], ["abc"]])
async def test_an_upgrade_that_is_never_finished_is_given_up(
    serve: Serve, packets: list[str]
) -> None:
    server = await serve(lean={"upgrade_within_ms": 300})
    polling = await joined(server)
    raw = await server.raw()
    await raw.upgrade(f"/socket.io/?EIO=4&transport=websocket&sid={polling.sid}")
    await raw.write(b"".join(frame(TEXT, packet) for packet in packets))
    await raw.close_code()
    await polling.echo()
    await (await server.upgraded(polling)).echo()


@pytest.mark.asyncio
async def test_closing_the_session_during_an_upgrade_closes_both(server: Server) -> None:
    polling = await joined(server)
    socket = await probed(server, polling)
    await polling.send("1")
    await socket.closed()
    assert await polling.is_gone()


@pytest.mark.asyncio
async def test_a_session_upgraded_before_it_joined_can_join(server: Server) -> None:
    socket = await server.upgraded(await server.polling())
    await socket.join()
    await socket.join("/custom")
    await socket.echo(namespace="/custom")


@pytest.mark.asyncio
async def test_the_engine_says_over_which_transport_a_session_is(server: Server) -> None:
    polling = await joined(server)
    assert server.sio.transport(server.echo.sid()) == "polling"
    socket = await server.upgraded(polling)
    await socket.echo()
    assert server.sio.transport(server.echo.sid()) == "websocket"


@pytest.mark.asyncio
async def test_the_end_of_a_failed_probe_does_not_touch_the_next(server: Server) -> None:
    polling = await joined(server)
    failed = await server.raw()
    await failed.upgrade(f"/socket.io/?EIO=4&transport=websocket&sid={polling.sid}")
    await failed.write(frame(TEXT, "40"))
    assert (await failed.frame())[0] == CLOSE  # it does not answer, so it lingers
    socket = await probed(server, polling)
    await failed.close()
    await rounds()  # so that it is noticed
    assert (await polling.get()).packets == ["6"]
    assert await refused(server, polling.sid)
    await socket.send("5")
    await socket.echo()
