"""Engine.IO 4: pings of the server, pongs of the client, and what happens without."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
import pytest_asyncio

from tests.conformance.conftest import Serve
from tests.conformance.servers import QUICK, Server
from tests.conformance.wire import ClosedError, Packets, event

INTERVAL_S, TIMEOUT_S = QUICK["ping_interval"], QUICK["ping_timeout"]
EARLY_S = 0.05  # of a clock that ticks
LATE_S = 20.0  # of a busy machine
TRANSPORTS = ("polling", "websocket")


@pytest_asyncio.fixture
async def quick(serve: Serve) -> Server:
    """A server that pings often and waits little."""
    return await serve(**QUICK)


@pytest_asyncio.fixture
async def patient(serve: Serve) -> Server:
    """A server that pings often and waits long, for what is not about waiting."""
    return await serve(ping_interval=INTERVAL_S, ping_timeout=20)


async def opened(server: Server, transport: str) -> Packets:
    return await (server.polling() if transport == "polling" else server.websocket())


async def over_both(server: Server, play: Callable[[Packets], Awaitable[None]]) -> None:
    """The same over each transport, at the same time."""
    await asyncio.gather(*[play(await opened(server, transport)) for transport in TRANSPORTS])


async def answer(client: Packets, times: int) -> None:
    """Answer so many pings."""
    for _ in range(times):
        assert await client.receive() == "2"
        await client.send("3")


async def until_closed(client: Packets) -> list[str]:
    """Everything the client gets, without ever an answer of it."""
    packets: list[str] = []
    try:
        while True:
            packets.append(await client.receive())
    except ClosedError:
        return packets


@pytest.mark.asyncio
async def test_the_server_pings_at_its_interval(patient: Server) -> None:
    async def play(client: Packets) -> None:
        began = time.monotonic()
        for number in range(1, 5):
            await answer(client, 1)
            assert time.monotonic() - began < number * INTERVAL_S + LATE_S
        assert time.monotonic() - began > 3 * INTERVAL_S - EARLY_S

    await over_both(patient, play)


@pytest.mark.asyncio
async def test_a_client_that_answers_stays(quick: Server) -> None:
    async def play(client: Packets) -> None:
        await client.join()
        until = time.monotonic() + 2 * (INTERVAL_S + TIMEOUT_S)
        while time.monotonic() < until:
            await answer(client, 1)
        await client.send(event("message", 1))
        while await client.receive() != event("message-back", 1):
            pass

    await over_both(quick, play)


@pytest.mark.asyncio
async def test_a_pong_may_take_nearly_the_timeout(quick: Server) -> None:
    async def play(client: Packets) -> None:
        for _ in range(3):
            assert await client.receive() == "2"
            await asyncio.sleep(TIMEOUT_S / 2)
            await client.send("3")
        assert await client.receive() == "2"

    await over_both(quick, play)


@pytest.mark.asyncio
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_silent_client_is_closed_after_interval_and_timeout(
    quick: Server, transport: str
) -> None:
    client = await opened(quick, transport)
    began = time.monotonic()
    packets = await until_closed(client)
    assert time.monotonic() - began < INTERVAL_S + TIMEOUT_S + LATE_S
    assert time.monotonic() - began > TIMEOUT_S - EARLY_S
    assert packets in (["2"], ["2", "1"])


@pytest.mark.asyncio
async def test_a_silent_clients_application_hears_why(quick: Server) -> None:
    await until_closed(await quick.joined())
    assert await quick.eventually(lambda: quick.echo.ended) == [("/", "ping timeout")]


@pytest.mark.asyncio
async def test_a_session_that_is_never_polled_is_closed(quick: Server) -> None:
    one, other = await quick.polling(), await quick.polling()
    await quick.eventually(lambda: not quick.sio.eio.sockets)
    assert (await one.get()).status in (400, 500)
    assert (await other.post("3")).status in (400, 500)


@pytest.mark.asyncio
async def test_a_poll_alone_is_no_sign_of_life(quick: Server) -> None:
    polling = await quick.polling()
    began = time.monotonic()
    while (polled := await polling.get()).status == 200:
        assert set(polled.packets) <= {"1", "2", "6"}
        assert time.monotonic() - began < INTERVAL_S + TIMEOUT_S + LATE_S
    assert time.monotonic() - began > TIMEOUT_S - EARLY_S


@pytest.mark.asyncio
async def test_pongs_that_were_not_asked_for_change_nothing(serve: Serve) -> None:
    server = await serve(ping_interval=1, ping_timeout=1)

    async def play(client: Packets) -> None:
        for _ in range(5):
            await client.send("3")
        packets = await until_closed(client)
        pings = [packet for packet in packets if packet != "1"]
        assert pings in (["2"], ["2", "2"])  # one that crosses a ping is its answer

    await over_both(server, play)


@pytest.mark.asyncio
async def test_pings_go_on_over_the_websocket_after_an_upgrade(patient: Server) -> None:
    socket = await patient.upgraded(await patient.polling())
    await answer(socket, 3)
    await socket.join()


@pytest.mark.asyncio
async def test_a_ping_asked_over_polls_may_be_answered_over_the_websocket(patient: Server) -> None:
    polling = await patient.polling()
    assert await polling.receive() == "2"
    socket = await patient.upgraded(polling)
    await socket.send("3")
    await socket.join()
    assert await socket.receive() == "2"


@pytest.mark.asyncio
async def test_a_server_at_rest_keeps_many_alive(patient: Server) -> None:
    async def come_and_stay() -> None:
        socket = await patient.websocket()
        await answer(socket, 3)
        await socket.join()

    await asyncio.gather(*(come_and_stay() for _ in range(30)))
