"""A WebSocket from its first frame to its last, over a real network."""

from __future__ import annotations

import asyncio

import pytest

from chatserver.gateway.engine.connection import WebSocket
from chatserver.gateway.engine.frames import Frame
from tests.conformance.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Raw, frame
from tests.unit.gateway.engine.conftest import Serve
from tests.unit.gateway.engine.recording import Keeper, Pipe

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


async def ends_with(raw: Raw) -> tuple[int | None, bytes]:
    """The code of the server's CLOSE, and what came after it: nothing."""
    return await raw.close_code(), await raw.rest()


# --- the closing handshake ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "answered"),
    [(b"", 1000), (b"\x03\xe8", 1000), (b"\x03\xe9bye", 1001), (b"\x0b\xb8", 3000),
     (b"\x13\x87" + "再见".encode(), 4999)],
    ids=["no code", "normal", "going away", "a library's", "an application's"],
)  # fmt: skip
async def test_a_clients_close_is_answered_with_its_code_and_the_connection_ends(
    serve: Serve, payload: bytes, answered: int
) -> None:
    place = await serve()
    raw, _ = await place.client()
    await raw.write(frame(CLOSE, payload))
    assert await ends_with(raw) == (answered, b"")
    await place.until_gone()
    assert place.listener.ended == ["transport close"]


async def test_a_client_that_answers_our_close_is_gone_at_once(serve: Serve) -> None:
    place = await serve(close_within_ms=600_000)
    raw, socket = await place.client()
    socket.close()
    assert await raw.frame() == (CLOSE, b"\x03\xe8")
    await raw.write(frame(CLOSE, b"\x03\xe8"))
    assert await raw.rest() == b""
    await place.until_gone()
    assert place.listener.ended == ["server disconnect"]


async def test_a_client_that_never_answers_our_close_is_cut_off_in_time(serve: Serve) -> None:
    place = await serve(close_within_ms=100)
    raw, socket = await place.client()
    socket.close()
    assert await ends_with(raw) == (1000, b"")
    await place.until_gone()
    assert place.listener.ended == ["server disconnect"]


async def test_a_client_that_never_reads_our_close_is_cut_off_in_time(serve: Serve) -> None:
    place = await serve(close_within_ms=100, outbox_bytes=100_000_000)
    raw, socket = await place.client()
    raw._reader._transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(100):
        socket.push(Frame.message("x" * 200_000))
    socket.close()
    await place.until_gone()
    assert place.listener.ended == ["server disconnect"]


async def test_what_was_pushed_before_our_close_arrives_before_it(serve: Serve) -> None:
    place = await serve()
    raw, socket = await place.client()
    socket.push(Frame.message("one"))
    socket.push(Frame.message("two"))
    socket.close()
    socket.push(Frame.message("too late"))
    assert [await raw.text(), await raw.text()] == ["4one", "4two"]
    assert await raw.frame() == (CLOSE, b"\x03\xe8")


async def test_after_our_close_a_client_is_heard_no_more(serve: Serve) -> None:
    place = await serve()
    raw, socket = await place.client()
    socket.close()
    assert (await raw.frame())[0] == CLOSE
    await raw.write(frame(TEXT, "4hello") + frame(PING, b"?") + frame(CLOSE, b"\x03\xe8"))
    assert await raw.rest() == b""
    await place.until_gone()
    assert place.listener.heard == []


async def test_an_abort_says_nothing(serve: Serve) -> None:
    place = await serve()
    raw, socket = await place.client()
    socket.push(Frame.message("dropped"))
    socket.abort("enough")
    assert await raw.rest() == b""
    await place.until_gone()
    assert place.listener.ended == ["enough"]


async def test_a_client_that_hangs_up_is_gone(serve: Serve) -> None:
    place = await serve()
    raw, _ = await place.client()
    await raw.close()
    await place.until_gone()
    assert place.listener.ended == ["transport close"]


# --- frames -------------------------------------------------------------------------------------


async def test_a_ping_is_answered_with_what_it_carried(serve: Serve) -> None:
    place = await serve()
    raw, _ = await place.client()
    for payload in (b"", b"are you there?", b"x" * 125):
        await raw.write(frame(PING, payload))
        assert await raw.frame() == (PONG, payload)


async def test_a_pong_needs_no_answer(serve: Serve) -> None:
    place = await serve()
    raw, _ = await place.client()
    await raw.write(frame(PONG, b"unasked") + frame(PING, b"last"))
    assert await raw.frame() == (PONG, b"last")


async def test_pings_within_a_fragmented_message_are_answered(serve: Serve) -> None:
    place = await serve()
    raw, _ = await place.client()
    await raw.write(frame(TEXT, "4hel", fin=False) + frame(PING, b"?"))
    assert await raw.frame() == (PONG, b"?")
    await raw.write(frame(CONTINUATION, "lo"))
    await place.until(lambda: place.listener.heard)
    assert place.listener.heard == ["hello"]


BROKEN = {
    "a frame without a mask": (frame(TEXT, "4", masked=False), 1002),
    "a reserved bit": (frame(TEXT, "4", rsv=4), 1002),
    "an unknown opcode": (frame(3, "4"), 1002),
    "a text that is not UTF-8": (frame(TEXT, b"\xff"), 1007),
    "a message beyond the limit": (frame(TEXT, b"4" * 1001), 1009),
    "half a close code": (frame(CLOSE, b"\x03"), 1002),
    "a binary message": (frame(BINARY, b"4hello"), 1008),
    "an unknown packet": (frame(TEXT, "9"), 1008),
    "an empty packet": (frame(TEXT, ""), 1008),
    "what the application takes for broken": (frame(TEXT, "4break the protocol"), 1008),
}


@pytest.mark.parametrize(("sent", "code"), BROKEN.values(), ids=BROKEN)
async def test_whoever_breaks_the_protocol_is_told_by_a_code_and_ended(
    serve: Serve, sent: bytes, code: int
) -> None:
    place = await serve(payload_bytes=1000, close_within_ms=100)
    raw, _ = await place.client()
    await raw.write(sent + frame(TEXT, "4too late"))
    assert await ends_with(raw) == (code, b"")
    await place.until_gone()
    (why,) = place.listener.ended
    assert why.startswith("protocol error: ")
    assert "too late" not in place.listener.heard


async def test_an_error_of_the_application_ends_its_client_only(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    place = await serve(close_within_ms=100)
    raw, _ = await place.client()
    other, _ = await place.client()
    await raw.write(frame(TEXT, "4fail"))
    assert await raw.close_code() == 1008
    await other.write(frame(TEXT, "4hello"))
    await place.until(lambda: "hello" in place.listener.heard)
    assert place.listener.ended == ["internal error"]
    assert "a packet could not be handled" in caplog.text


# --- a network that is full ---------------------------------------------------------------------


async def test_a_reader_who_pauses_gets_everything_in_order_afterwards(serve: Serve) -> None:
    place = await serve(shed_bytes=50_000_000, outbox_bytes=100_000_000)
    raw, socket = await place.client()
    raw._reader._transport.pause_reading()  # type: ignore[attr-defined]
    for number in range(400):
        socket.push(Frame.message(f"{number:06}" * 10_000))
        await asyncio.sleep(0)
    assert socket.carrier.full
    raw._reader._transport.resume_reading()  # type: ignore[attr-defined]
    for number in range(400):
        assert (await raw.text())[:7] == f"4{number:06}"
    assert place.listener.ended == []


async def test_a_reader_who_stops_is_cut_off_and_others_are_served(serve: Serve) -> None:
    place = await serve(shed_bytes=250_000, outbox_bytes=1_000_000)
    slow, slow_socket = await place.client()
    other, socket = await place.client()
    slow._reader._transport.pause_reading()  # type: ignore[attr-defined]
    message, typing = Frame.message("m" * 50_000), Frame.message("typing", droppable=True)
    for _ in range(1000):
        if place.listener.ended:
            break
        for each in (slow_socket, socket):
            each.push(message)
            each.push(typing)
        assert [await other.text(), await other.text()] == [message.text, typing.text]
    assert place.listener.ended == ["slow reader"]
    assert place.listener.shedded > 0
    assert list(place.engine.sockets.values()) == [socket]


async def test_pings_are_not_answered_into_a_network_that_is_full() -> None:
    pipe, keeper = Pipe(), Keeper()
    websocket = WebSocket(pipe, keeper.socket, 1000)
    websocket.pause_writing()
    websocket.data_received(frame(PING, b"1") * 1000)
    assert pipe.writes == []
    websocket.resume_writing()
    websocket.data_received(frame(PING, b"2"))
    assert len(pipe.writes) == 1
