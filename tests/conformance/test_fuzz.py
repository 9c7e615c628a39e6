"""Any bytes at all: cut anywhere they mean the same, and nonsense harms nobody.

Only ours: the stock engine stumbles over the first nonsense, as its list of deviations says.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.raw import (
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Raw,
    frame,
    handshake,
    head,
)
from tests.conformance.servers import LEAN, Server
from tests.conformance.wire import event
from tests.examples import examples

pytestmark = pytest.mark.parametrize("engine", [LEAN], indirect=True)

# one server for all examples: it must go on whatever came before
on_one_server = settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
on_one_server_longer = settings(on_one_server, max_examples=examples(150))

words = st.text(max_size=60) | st.text(min_size=150, max_size=400)
cuts = st.lists(st.integers(0, 3000), max_size=12)


def pieces(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


async def write(raw: Raw, data: bytes, places: list[int]) -> None:
    for piece in pieces(data, places):
        await raw.write(piece)


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, bytes]:
    """A text, and frames that carry it: in fragments, with pings and pongs in between."""
    text = draw(words)
    data = event("message", text).encode()
    parts = pieces(data, draw(st.lists(st.integers(0, len(data)), max_size=3)))
    frames = []
    for index, part in enumerate(parts):
        if draw(st.booleans()):
            frames.append(frame(draw(st.sampled_from([PING, PONG])), draw(st.binary(max_size=125))))
        opcode = CONTINUATION if index else TEXT
        frames.append(frame(opcode, part, fin=index == len(parts) - 1))
    return text, b"".join(frames)


@pytest.mark.asyncio
@on_one_server
@given(sent=st.lists(messages(), max_size=4), places=cuts)
async def test_a_conversation_means_the_same_however_it_is_cut(
    server: Server, sent: list[tuple[str, bytes]], places: list[int]
) -> None:
    raw = await server.raw()
    said = frame(TEXT, "40") + b"".join(data for _, data in sent) + frame(CLOSE)
    server.echo.events.clear()
    server.echo.ended.clear()
    await write(raw, head(*handshake()) + said, places)
    assert (await raw.response()).status == 101
    await raw.close_code()
    await server.eventually(lambda: server.echo.ended)
    assert server.echo.events == [("/", (text,)) for text, _ in sent]


@pytest.mark.asyncio
@on_one_server
@given(texts=st.lists(words, min_size=1, max_size=4), places=cuts)
async def test_a_payload_means_the_same_however_it_is_cut(
    server: Server, texts: list[str], places: list[int]
) -> None:
    polling = await server.polling()
    await polling.join()
    server.echo.events.clear()
    body = "\x1e".join(event("message", text) for text in texts).encode()
    target = f"/socket.io/?EIO=4&transport=polling&sid={polling.sid}"
    raw = await server.raw()
    lines = [f"POST {target} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    await write(raw, head(*lines) + body, places)
    assert (await raw.response()).status == 200
    for text in texts:
        assert await polling.receive() == event("message-back", text)
    assert server.echo.events == [("/", (text,)) for text in texts]


async def ends_or_waits(raw: Raw) -> None:
    """The server has closed, or waits for more; it does not spin or crash."""
    await raw.rest_until_quiet(0.005)
    await raw.close()


opcodes = st.sampled_from([0, 1, 2, 3, 8, 9, 10, 15])
frames = st.builds(
    frame,
    opcodes,
    st.binary(max_size=40) | words | st.just("3") | st.just("42[]"),
    fin=st.booleans(),
    masked=st.sampled_from([True, True, True, False]),
    rsv=st.sampled_from([0, 0, 0, 4]),
)


@pytest.mark.asyncio
@on_one_server_longer
@given(data=st.lists(frames | st.binary(max_size=20), max_size=6), places=cuts)
async def test_any_frames_harm_nobody(server: Server, data: list[bytes], places: list[int]) -> None:
    raw = await server.raw()
    await raw.upgrade()
    await write(raw, frame(TEXT, "40") + b"".join(data), places)
    await ends_or_waits(raw)
    await unharmed(server)


tokens = st.sampled_from(
    ["4", "0", "1", "2", "3", "5", "6", "b", "/", ",", "?", "-", "[", "]", "{", "}", '"', "\\",
     "probe", "message", "message-with-ack", "connect", "null", "1e9", "\x1e", "\n", "/custom",
     '["message",1]', '{"a":1}', "你", "\ud7ff", " "]
)  # fmt: skip
packets = st.lists(tokens, max_size=8).map("".join) | st.text(max_size=20)


@pytest.mark.asyncio
@on_one_server_longer
@given(sent=st.lists(packets, min_size=1, max_size=5))
async def test_any_packets_over_a_websocket_harm_nobody(server: Server, sent: list[str]) -> None:
    raw = await server.raw()
    await raw.upgrade()
    await raw.write(b"".join(frame(TEXT, packet) for packet in ["40", *sent]))
    await ends_or_waits(raw)
    await unharmed(server)


@pytest.mark.asyncio
@on_one_server_longer
@given(sent=st.lists(packets, min_size=1, max_size=5), first=st.sampled_from(["40", "3"]))
async def test_any_payload_is_taken_or_refused(server: Server, sent: list[str], first: str) -> None:
    polling = await server.polling()
    answers = [await polling.post(first), await polling.post(*sent)]
    assert {answer.status for answer in answers} <= {200, 400}
    await unharmed(server)


@pytest.mark.asyncio
@on_one_server
@given(sent=st.lists(packets, min_size=1, max_size=4))
async def test_any_probe_leaves_the_session_or_ends_it(server: Server, sent: list[str]) -> None:
    polling = await server.polling()
    raw = await server.raw()
    await raw.upgrade(f"/socket.io/?EIO=4&transport=websocket&sid={polling.sid}")
    await raw.write(b"".join(frame(TEXT, packet) for packet in ["2probe", *sent]))
    await ends_or_waits(raw)
    assert (await polling.post("40")).status in (200, 400)
    await unharmed(server)


lines = st.lists(
    st.sampled_from([*handshake(), "Content-Length: 3", "Transfer-Encoding: chunked", "X", "",
                     "GET / HTTP/1.1", "POST /upload HTTP/1.1", "GET /socket.io/? HTTP/1.1"])
    | st.text(st.characters(codec="latin-1"), max_size=30),
    max_size=9,
).map(lambda each: "\r\n".join(each).encode("latin-1"))  # fmt: skip


@pytest.mark.asyncio
@on_one_server_longer
@given(data=lines | st.binary(max_size=80), end=st.sampled_from([b"", b"\r\n\r\n"]), places=cuts)
async def test_any_bytes_on_the_port_harm_nobody(
    server: Server, data: bytes, end: bytes, places: list[int]
) -> None:
    raw = await server.raw()
    await write(raw, data + end, places)
    await ends_or_waits(raw)
    await unharmed(server)


@pytest.mark.asyncio
@on_one_server_longer
@given(query=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40))
async def test_any_query_is_answered(server: Server, query: str) -> None:
    raw = await server.raw()
    response = await raw.request(*handshake(f"/socket.io/?{query.replace('#', '%23')}"))
    assert response.status in (101, 400)


async def unharmed(server: Server) -> None:
    """Somebody else is served, by a server that still answers."""
    await (await server.bystander()).echo()


@pytest.mark.asyncio
@on_one_server
@given(
    payload=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9)
        | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=10,
    )
)  # fmt: skip
async def test_any_json_comes_back_as_it_is(server: Server, payload: Any) -> None:
    client = await server.bystander()
    await client.send('42["message",' + json.dumps(payload, ensure_ascii=False) + "]")
    back = await client.receive()
    assert json.loads(back.removeprefix("42")) == ["message-back", payload]
