"""A client's frames: messages come out whole however they are cut, and what is wrong has a code."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, pairwise
from operator import xor
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatserver.gateway.engine.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Control,
    FrameReader,
    Message,
    WebSocketError,
)
from tests.examples import examples

LIMIT = 1000
LARGE = 200_000
KEY = b"\x37\xfa\x21\x3d"


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, key: bytes = KEY, rsv: int = 0
) -> bytes:
    """A frame as a client sends it, masked byte by byte as the RFC says it."""
    masked = bytes(map(xor, payload, cycle(key)))
    return head(opcode, len(payload), fin=fin, rsv=rsv) + key + masked


def head(opcode: int, size: int, *, fin: bool = True, rsv: int = 0) -> bytes:
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    if size < 126:
        return bytes((first, 0x80 | size))
    if size < 2**16:
        return bytes((first, 0x80 | 126)) + size.to_bytes(2, "big")
    return bytes((first, 0x80 | 127)) + size.to_bytes(8, "big")


def read(*pieces: bytes, limit: int = LARGE) -> list[Message]:
    reader = FrameReader(limit)
    return [message for piece in pieces for message in reader.feed(piece)]


def holds(reader: FrameReader) -> int:
    """How many bytes a reader keeps."""
    return len(reader._buffer or b"") + len(reader._parts or b"")


# --- whatever is sent comes out -----------------------------------------------------------------


class Sent(NamedTuple):
    """A message in fragments, each with its key, and control frames between them."""

    message: Message
    frames: list[bytes]


keys = st.binary(min_size=4, max_size=4)
bodies: st.SearchStrategy[str | bytes] = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    st.integers(60, 66).map(lambda length: "é" * length),  # around 125 bytes
    st.just(b"x" * 65_535),
    st.just("x" * 65_536),
)
controls = st.builds(Control, st.sampled_from([PING, PONG]), st.binary(max_size=125)) | st.builds(
    Control,
    st.just(CLOSE),
    st.just(b"") | st.text(max_size=30).map(lambda reason: b"\x03\xe8" + reason.encode()),
)


@st.composite
def sent_messages(draw: st.DrawFn) -> Sent:
    """A data message, cut into fragments at any bytes, also within a character."""
    message = draw(bodies)
    data = message.encode() if isinstance(message, str) else message
    opcode = TEXT if isinstance(message, str) else BINARY
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    parts = [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]
    return Sent(message, [
        frame(CONTINUATION if number else opcode, part,
              fin=number == len(parts) - 1, key=draw(keys))
        for number, part in enumerate(parts)
    ])  # fmt: skip


def woven(sent: list[Sent], between: list[Control]) -> Iterator[tuple[bytes, Message | None]]:
    """Frames in the order of sending, each with the message that it completes."""
    waiting = list(between)
    for message, frames in sent:
        for each in frames:
            if waiting:
                control = waiting.pop()
                yield frame(control.opcode, control.payload), control
            yield each, message if each is frames[-1] else None


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({place % (len(data) + 1) for place in cuts})
    return [data[start:end] for start, end in pairwise([0, *places, len(data)])]


@settings(max_examples=examples(50))
@given(
    st.lists(sent_messages(), max_size=5),
    st.lists(controls, max_size=5),
    st.lists(st.integers(0, 2**20), max_size=8),
)
def test_any_messages_come_out_the_same_however_they_are_cut(
    sent: list[Sent], between: list[Control], cuts: list[int]
) -> None:
    frames = list(woven(sent, between))
    data = b"".join(each for each, _ in frames)
    expected = [message for _, message in frames if message is not None]
    assert read(*cut(data, cuts)) == expected


@settings(max_examples=examples(50))
@given(st.lists(sent_messages().filter(lambda sent: len(sent.message) < 500), max_size=3))
def test_messages_come_out_of_single_bytes_as_soon_as_they_are_whole(sent: list[Sent]) -> None:
    reader = FrameReader(LARGE)
    for message, frames in sent:
        pieces = [bytes((byte,)) for each in frames for byte in each]
        read = [list(reader.feed(piece)) for piece in pieces]
        assert read == [[]] * (len(pieces) - 1) + [[message]]
        assert holds(reader) == 0


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 126, 127, 65_535, 65_536, 65_537])
def test_any_size_comes_out(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    assert read(frame(BINARY, payload)) == [payload]


def test_a_mask_of_zeros_hides_nothing() -> None:
    assert read(frame(TEXT, b"hello", key=b"\0\0\0\0")) == ["hello"]


# --- idle, it holds nothing ---------------------------------------------------------------------


@settings(max_examples=examples(50))
@given(st.lists(sent_messages(), max_size=3), st.lists(st.integers(0, 2**20), max_size=8))
def test_between_messages_it_holds_nothing(sent: list[Sent], cuts: list[int]) -> None:
    reader = FrameReader(LARGE)
    data = b"".join(each for message in sent for each in message.frames)
    for piece in cut(data, cuts):
        list(reader.feed(piece))
    assert (reader._buffer, reader._parts) == (None, None)


def test_it_never_holds_more_than_a_message_and_a_read() -> None:
    reader = FrameReader(LIMIT)
    list(reader.feed(frame(TEXT, b"x" * 100, fin=False)))
    more = frame(CONTINUATION, b"x" * 100, fin=False)
    for number in range(1, 10):
        assert holds(reader) == 100 * number
        list(reader.feed(more))
    with pytest.raises(WebSocketError):
        list(reader.feed(more))
    assert holds(reader) == LIMIT


def test_a_size_beyond_the_limit_is_refused_before_its_bytes_come() -> None:
    reader = FrameReader(LIMIT)
    with pytest.raises(WebSocketError) as refused:
        list(reader.feed(head(BINARY, LIMIT + 1) + KEY))
    assert (refused.value.code, holds(reader)) == (1009, 0)


# --- what breaks the protocol -------------------------------------------------------------------

WRONG = {
    "no mask": (b"\x81\x05hello", 1002),
    "no mask on a control frame": (b"\x89\x00", 1002),
    "the first reserved bit": (frame(TEXT, b"x", rsv=4), 1002),
    "the second reserved bit": (frame(TEXT, b"x", rsv=2), 1002),
    "the third reserved bit": (frame(TEXT, b"x", rsv=1), 1002),
    "a reserved bit on a control frame": (frame(PING, b"x", rsv=4), 1002),
    **{f"opcode {opcode}": (frame(opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a fragmented ping": (frame(PING, fin=False), 1002),
    "a fragmented close": (frame(CLOSE, fin=False), 1002),
    "a long ping": (frame(PING, b"x" * 126), 1002),
    "a very long close": (frame(CLOSE, b"\x03\xe8" + b"x" * 70_000), 1002),
    "nothing to continue": (frame(CONTINUATION, b"x"), 1002),
    "nothing to continue any more": (
        frame(TEXT, fin=False) + frame(CONTINUATION) + frame(CONTINUATION), 1002),
    "a message within a message": (frame(TEXT, b"x", fin=False) + frame(TEXT, b"x"), 1002),
    "half a close code": (frame(CLOSE, b"\x03"), 1002),
    **{f"close code {code}": (frame(CLOSE, code.to_bytes(2, "big")), 1002)
       for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535)},
    "a close reason that is not UTF-8": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "a text that is not UTF-8": (frame(TEXT, b"\xc3"), 1007),
    "a text with half a surrogate pair": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "an overlong character": (frame(TEXT, b"\xc0\xaf"), 1007),
    "a character beyond Unicode": (frame(TEXT, b"\xf4\x90\x80\x80"), 1007),
    "a bad character in two fragments": (
        frame(TEXT, b"\xe4\xbd", fin=False) + frame(CONTINUATION, b"x"), 1007),
    "a message beyond the limit": (frame(TEXT, b"x" * (LIMIT + 1)), 1009),
    "fragments beyond the limit": (
        frame(TEXT, b"x" * LIMIT, fin=False) + frame(CONTINUATION, b"x"), 1009),
    "two to the sixty-three bytes": (b"\x82\xff" + (2**63).to_bytes(8, "big") + KEY, 1009),
    "the largest size there is": (b"\x82\xff" + b"\xff" * 8 + KEY, 1009),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "code"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("size", [1, 3, 100_000], ids=["bytes", "threes", "at once"])
def test_each_violation_has_its_code_and_what_came_before_is_read(
    sent: bytes, code: int, size: int
) -> None:
    data = frame(TEXT, b"before") + sent
    reader, pieces = FrameReader(LIMIT), [data[at : at + size] for at in range(0, len(data), size)]
    messages: list[Message] = []
    with pytest.raises(WebSocketError) as refused:
        messages.extend(message for piece in pieces for message in reader.feed(piece))
    assert (refused.value.code, messages[0]) == (code, "before")


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999])
def test_these_close_codes_are_allowed(code: int) -> None:
    payload = code.to_bytes(2, "big") + "再见".encode()
    assert read(frame(CLOSE, payload)) == [Control(CLOSE, payload)]


def test_a_message_may_be_as_large_as_the_limit() -> None:
    assert read(frame(BINARY, b"x" * LIMIT), limit=LIMIT) == [b"x" * LIMIT]
    halves = frame(BINARY, b"x" * (LIMIT // 2), fin=False), frame(CONTINUATION, b"x" * (LIMIT // 2))
    assert read(*halves, limit=LIMIT) == [b"x" * LIMIT]


def test_a_control_frame_counts_for_no_message() -> None:
    sent = (
        frame(BINARY, b"x" * LIMIT, fin=False),
        frame(PING, b"y" * 125),
        frame(CONTINUATION),
    )
    assert read(*sent, limit=LIMIT) == [Control(PING, b"y" * 125), b"x" * LIMIT]


def test_many_small_pieces_of_a_large_message_are_read_in_reasonable_time() -> None:
    data = frame(BINARY, b"x" * LARGE)
    assert read(*[data[start : start + 7] for start in range(0, len(data), 7)]) == [b"x" * LARGE]


@given(st.binary(max_size=60) | st.lists(st.binary(max_size=12)).map(
    lambda tails: b"".join(b"\x81" + tail for tail in tails)
))  # fmt: skip
def test_any_bytes_are_messages_or_break_the_protocol(data: bytes) -> None:
    try:
        messages = read(data, limit=LIMIT)
    except WebSocketError:
        return
    assert all(isinstance(message, (str, bytes, Control)) for message in messages)
