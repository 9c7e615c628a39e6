"""RFC 6455, sections 5 to 8: frames, by hand, over the whole server."""

from __future__ import annotations

import pytest

from tests.conformance.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MASK,
    PING,
    PONG,
    TEXT,
    Raw,
    frame,
    frame_head,
)
from tests.conformance.servers import MAX_PAYLOAD, Server
from tests.conformance.wire import event

PROTOCOL_ERROR, BAD_TEXT, TOO_BIG = 1002, 1007, 1009
HELLO = '42["message","你好"]'
BACK = event("message-back", "你好")


async def joined(server: Server) -> Raw:
    raw = await server.raw()
    await raw.upgrade()
    await raw.write(frame(TEXT, "40"))
    for _ in range(3):
        await raw.text()
    return raw


async def echoes(raw: Raw) -> None:
    await raw.write(frame(TEXT, HELLO))
    assert await raw.text() == BACK


def code(number: int, reason: bytes = b"") -> bytes:
    return number.to_bytes(2, "big") + reason


@pytest.mark.asyncio
@pytest.mark.parametrize("payload", [b"", b"x", b"\x00\xff" * 62, b"x" * 125])
async def test_a_ping_is_answered_with_its_payload(server: Server, payload: bytes) -> None:
    raw = await joined(server)
    await raw.write(frame(PING, payload))
    assert await raw.frame() == (PONG, payload)
    await echoes(raw)


@pytest.mark.asyncio
async def test_a_pong_nobody_asked_for_is_ignored(server: Server) -> None:
    raw = await joined(server)
    await raw.write(frame(PONG, b"x") + frame(PONG))
    await echoes(raw)


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_a_message_may_come_in_fragments(server: Server, size: int) -> None:
    raw = await joined(server)
    data = HELLO.encode()
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    for index, part in enumerate(parts):
        opcode = CONTINUATION if index else TEXT
        await raw.write(frame(opcode, part, fin=index == len(parts) - 1))
    assert await raw.text() == BACK
    await echoes(raw)


@pytest.mark.asyncio
async def test_fragments_may_be_empty(server: Server) -> None:
    raw = await joined(server)
    await raw.write(frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False))
    await raw.write(frame(CONTINUATION, HELLO, fin=False) + frame(CONTINUATION))
    assert await raw.text() == BACK


@pytest.mark.asyncio
async def test_control_frames_may_come_between_fragments(server: Server) -> None:
    raw = await joined(server)
    half = len(HELLO) // 2
    await raw.write(frame(TEXT, HELLO[:half], fin=False) + frame(PING, b"a") + frame(PONG))
    assert await raw.frame() == (PONG, b"a")
    await raw.write(frame(PING, b"b") + frame(CONTINUATION, HELLO[half:]))
    assert await raw.frame() == (PONG, b"b")
    assert await raw.text() == BACK


@pytest.mark.asyncio
async def test_a_control_frame_does_not_count_for_the_message_it_comes_in(server: Server) -> None:
    raw = await joined(server)
    words = "x" * (MAX_PAYLOAD - len(event("message", "")))
    whole = event("message", words)
    await raw.write(frame(TEXT, whole[:-10], fin=False))
    await raw.write(frame(PING, b"p" * 100) + frame(CONTINUATION, whole[-10:]))
    assert await raw.frame() == (PONG, b"p" * 100)
    assert await raw.text() == event("message-back", words)


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
async def test_frames_may_be_cut_anywhere(server: Server, size: int) -> None:
    raw = await joined(server)
    long = event("message", "x" * 300)
    await raw.write_slowly(frame(TEXT, HELLO) + frame(PING, b"a") + frame(TEXT, long), size)
    frames = [await raw.frame() for _ in range(3)]
    assert frames.pop([opcode for opcode, _ in frames].index(PONG)) == (PONG, b"a")
    assert [payload.decode() for _, payload in frames] == [BACK, long.replace('e"', 'e-back"')]


@pytest.mark.asyncio
async def test_many_frames_may_come_at_once(server: Server) -> None:
    raw = await joined(server)
    await raw.write(b"".join(frame(TEXT, event("message", number)) for number in range(1000)))
    for number in range(1000):
        assert await raw.text() == event("message-back", number)


VIOLATIONS: dict[str, tuple[bytes, int]] = {
    "not masked": (frame(TEXT, HELLO, masked=False), PROTOCOL_ERROR),
    "reserved bit 1": (frame(TEXT, HELLO, rsv=4), PROTOCOL_ERROR),
    "reserved bit 2": (frame(TEXT, HELLO, rsv=2), PROTOCOL_ERROR),
    "reserved bit 3": (frame(TEXT, HELLO, rsv=1), PROTOCOL_ERROR),
    **{f"opcode {opcode}": (frame(opcode, HELLO), PROTOCOL_ERROR)
       for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a long control frame": (frame(PING, b"x" * 126), PROTOCOL_ERROR),
    "a control frame in fragments": (frame(PING, b"x", fin=False), PROTOCOL_ERROR),
    "a close in fragments": (frame(CLOSE, code(1000), fin=False), PROTOCOL_ERROR),
    "a continuation of nothing": (frame(CONTINUATION, HELLO), PROTOCOL_ERROR),
    "a continuation of nothing that goes on":
        (frame(CONTINUATION, HELLO, fin=False), PROTOCOL_ERROR),
    "a message within a message":
        (frame(TEXT, HELLO, fin=False) + frame(TEXT, HELLO), PROTOCOL_ERROR),
    "binary within a text": (frame(TEXT, HELLO, fin=False) + frame(BINARY, b"x"), PROTOCOL_ERROR),
    "a close code cut short": (frame(CLOSE, b"\x03"), PROTOCOL_ERROR),
    "a close reason that is no text": (frame(CLOSE, code(1000, b"\xff")), BAD_TEXT),
    "no UTF-8": (frame(TEXT, b"42\xff"), BAD_TEXT),
    "half a letter": (frame(TEXT, HELLO.encode()[:-4]), BAD_TEXT),
    "a surrogate": (frame(TEXT, b"\xed\xa0\x80"), BAD_TEXT),
    "an overlong letter": (frame(TEXT, b"\xc0\xaf"), BAD_TEXT),
    "beyond Unicode": (frame(TEXT, b"\xf4\x90\x80\x80"), BAD_TEXT),
    "half a letter before a fragment that does not complete it": (
        frame(TEXT, b"\xe4\xbd", fin=False) + frame(CONTINUATION, b"x"), BAD_TEXT
    ),
    "a message too large": (frame_head(TEXT, MAX_PAYLOAD + 1) + MASK, TOO_BIG),
    "a message much too large": (frame_head(TEXT, 2**63 - 1) + MASK, TOO_BIG),
    "fragments too large together": (
        frame(TEXT, b"x" * MAX_PAYLOAD, fin=False) + frame(CONTINUATION, b"x"), TOO_BIG
    ),
}  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("case", VIOLATIONS)
async def test_a_violation_closes_with_the_code_that_says_it(server: Server, case: str) -> None:
    raw = await joined(server)
    data, expected = VIOLATIONS[case]
    await raw.write(data)
    assert await raw.close_code() == expected
    await server.eventually(lambda: server.echo.ended)
    assert server.echo.events == []


@pytest.mark.asyncio
async def test_a_violation_is_seen_behind_proper_frames(server: Server) -> None:
    raw = await joined(server)
    await raw.write(frame(TEXT, HELLO) + frame(3))
    assert await raw.close_code() == PROTOCOL_ERROR
    assert server.echo.events == [("/", ("你好",))]


@pytest.mark.asyncio
async def test_the_first_bit_of_a_long_length_is_zero(server: Server) -> None:
    raw = await joined(server)
    await raw.write(bytes((0x81, 0x80 | 127)) + (2**63 + 5).to_bytes(8, "big") + MASK + b"hello")
    assert await raw.close_code() in (PROTOCOL_ERROR, TOO_BIG)


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
                                    1013, 1014, 3000, 3999, 4000, 4999])  # fmt: skip
async def test_a_close_is_answered_with_its_code(server: Server, number: int) -> None:
    raw = await joined(server)
    await raw.write(frame(CLOSE, code(number, "再见".encode())))
    assert await raw.close_code() in (number, 1000)
    await server.eventually(lambda: server.echo.ended)


@pytest.mark.asyncio
async def test_a_close_without_a_code_is_answered(server: Server) -> None:
    raw = await joined(server)
    await raw.write(frame(CLOSE))
    assert await raw.close_code() in (1000, 1005)


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999,
                                    5000, 65535])  # fmt: skip
async def test_a_close_code_that_nobody_may_send_is_a_violation(
    server: Server, number: int
) -> None:
    raw = await joined(server)
    await raw.write(frame(CLOSE, code(number)))
    assert await raw.close_code() == PROTOCOL_ERROR


@pytest.mark.asyncio
async def test_nothing_is_taken_behind_a_close(server: Server) -> None:
    raw = await joined(server)
    await raw.write(frame(CLOSE, code(1000)) + frame(TEXT, HELLO) + frame(PING, b"x"))
    assert await raw.close_code() == 1000
    assert server.echo.events == []


@pytest.mark.asyncio
async def test_the_server_ends_the_connection_after_the_closing_handshake(server: Server) -> None:
    raw = await joined(server)
    await raw.write(frame(CLOSE, code(1000)))
    assert await raw.frame() == (CLOSE, code(1000))
    assert await raw.rest() == b""


@pytest.mark.asyncio
async def test_a_client_that_does_not_answer_a_close_is_cut_off(server: Server) -> None:
    raw = await joined(server)
    await raw.write(frame(TEXT, "42{}"))
    while (await raw.frame())[0] != CLOSE:
        pass
    await raw.write(frame(TEXT, HELLO))
    assert await raw.rest() == b""
    assert server.echo.events == []


@pytest.mark.asyncio
async def test_a_server_never_masks(server: Server) -> None:
    raw = await joined(server)
    for size in (1, 200, 70_000):
        await raw.write(frame(TEXT, event("message", "x" * size)))
        assert await raw.text() == event("message-back", "x" * size)
