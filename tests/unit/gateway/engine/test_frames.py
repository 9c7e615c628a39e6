"""What goes out is read by others as it was meant."""

from __future__ import annotations

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.gateway.engine import frames
from chatserver.gateway.engine.frames import Frame
from tests.unit.gateway.engine.conftest import Serve

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 300_000]


def payload_of(frame: bytes) -> tuple[int, bytes]:
    """The first byte and the payload of one whole frame (RFC 6455, section 5.2)."""
    first, size, rest = frame[0], frame[1], frame[2:]
    if size > 125:
        more = 2 if size == 126 else 8
        size, rest = int.from_bytes(rest[:more], "big"), rest[more:]
    assert size == len(rest)
    return first, rest


@pytest.mark.asyncio(loop_factories=["uvloop"])
async def test_another_implementation_reads_texts_of_any_size(serve: Serve) -> None:
    place = await serve(shed_bytes=2_000_000, outbox_bytes=2_000_000)
    url = f"http://127.0.0.1:{place.port}/socket.io/?EIO=4&transport=websocket"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(url, max_msg_size=0) as websocket,
    ):
        await websocket.receive_str()
        for size in SIZES:
            place.listener.sockets[0].push(Frame("x" * size))
        assert [len(await websocket.receive_str()) for _ in SIZES] == SIZES


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_says_its_size_in_as_few_bytes_as_can_be(size: int) -> None:
    wire = Frame("x" * size).wire
    assert payload_of(wire) == (0x81, b"x" * size)
    head = 2 if size < 126 else 4 if size < 65_536 else 10
    assert len(wire) == head + size


@given(st.text(max_size=300))
def test_a_text_is_sent_as_utf_8(text: str) -> None:
    frame = Frame.message(text)
    assert frame.text == "4" + text
    assert payload_of(frame.wire) == (0x81, ("4" + text).encode())
    assert frame.size == len(frame.wire)


def test_only_who_says_so_may_be_dropped() -> None:
    assert not Frame("x").droppable
    assert not Frame.message("x").droppable
    assert Frame.message("x", droppable=True).droppable


@pytest.mark.parametrize("code", [1000, 1002, 4999])
def test_a_close_carries_its_code(code: int) -> None:
    assert payload_of(frames.close_frame(code)) == (0x88, code.to_bytes(2, "big"))


@pytest.mark.parametrize("payload", [b"", b"x" * 125])
def test_a_pong_carries_what_was_asked(payload: bytes) -> None:
    assert payload_of(frames.pong_frame(payload)) == (0x8A, payload)


def test_the_packets_of_the_engine_are_those_of_the_protocol() -> None:
    packets = [each.text for each in (frames.CLOSE, frames.PING, frames.PROBED, frames.NOOP)]
    assert packets == ["1", "2", "3probe", "6"]
