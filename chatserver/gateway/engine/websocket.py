"""WebSocket frames of a client, read strictly: bytes in, messages out, no I/O.

Source: RFC 6455, sections 5, 7 and 8.1. Extensions are never negotiated, so frames can be shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

NORMAL, PROTOCOL_ERROR, BAD_TEXT, POLICY, TOO_BIG = 1000, 1002, 1007, 1008, 1009

_DATA = frozenset({CONTINUATION, TEXT, BINARY})
_CONTROL = frozenset({CLOSE, PING, PONG})
_CONTROL_BYTES_MAX = 125
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})


class Control(NamedTuple):
    """A CLOSE, PING or PONG."""

    opcode: int
    payload: bytes


Message = str | bytes | Control
"""A text, a binary message, or a control frame."""


class WebSocketError(Exception):
    """The client broke the protocol; the connection must be closed with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class FrameReader:
    """Puts messages together from what arrives, however it is cut.

    Idle it holds nothing: buffers exist only while a frame or a message is incomplete.
    """

    __slots__ = ("_buffer", "_limit", "_needed", "_opcode", "_parts")

    def __init__(self, limit: int) -> None:
        """`limit` is the size of the largest message, in bytes."""
        self._limit = limit
        self._buffer: bytearray | None = None
        self._needed = 0  # bytes before which the buffer is not worth another look
        self._opcode = 0  # of the fragmented message under way
        self._parts: bytearray | None = None

    def feed(self, data: bytes) -> Iterator[Message]:
        """Every message that the data completes.

        Raises:
            WebSocketError: the client broke the protocol.
        """
        source: bytes | bytearray = data
        if self._buffer is not None:
            self._buffer += data
            if len(self._buffer) < self._needed:
                return
            source = self._buffer
        at = 0
        while (head := self._read_head(source, at)) is not None:
            opcode, final, start, end = head
            if end > len(source):
                self._needed = end - at
                break
            payload = _unmask(source[start:end], source[start - 4 : start])
            at = end
            message = self._take(opcode, final, payload)
            if message is not None:
                yield message
        self._keep(source, at)

    def _read_head(self, source: bytes | bytearray, at: int) -> tuple[int, bool, int, int] | None:
        """Opcode, FIN, and where the payload begins and ends; None if the head is incomplete."""
        available = len(source) - at
        if available < 2:
            self._needed = 2
            return None
        first, second = source[at], source[at + 1]
        opcode, size = first & 0x0F, second & 0x7F
        _check_head(first, second)
        head = 2 if size < 126 else 4 if size == 126 else 10
        if available < head + 4:
            self._needed = head + 4
            return None
        if size > 125:
            size = int.from_bytes(source[at + 2 : at + head], "big")
        held = len(self._parts) if self._parts is not None and opcode in _DATA else 0
        if held + size > self._limit:
            raise WebSocketError(TOO_BIG, "A message is too large")
        start = at + head + 4
        return opcode, first >= 0x80, start, start + size

    def _take(self, opcode: int, final: bool, payload: bytes) -> Message | None:
        if opcode in _CONTROL:
            if opcode == CLOSE:
                _check_close(payload)
            return Control(opcode, payload)
        if opcode == CONTINUATION:
            if self._parts is None:
                raise WebSocketError(PROTOCOL_ERROR, "Nothing to continue")
        elif self._parts is not None:
            raise WebSocketError(PROTOCOL_ERROR, "A message within a message")
        if final and self._parts is None:
            return _decode(opcode, payload)
        return self._gather(opcode, final, payload)

    def _gather(self, opcode: int, final: bool, payload: bytes) -> Message | None:
        if self._parts is None:
            self._opcode, self._parts = opcode, bytearray()
        self._parts += payload
        if not final:
            return None
        whole, self._parts = bytes(self._parts), None
        return _decode(self._opcode, whole)

    def _keep(self, source: bytes | bytearray, at: int) -> None:
        if at >= len(source):
            self._buffer = None
        elif self._buffer is None:
            self._buffer = bytearray(source[at:])
        else:
            del self._buffer[:at]


def close_code(payload: bytes) -> int:
    """The code to answer a client's CLOSE with: its own, or the normal one if it gave none."""
    return int.from_bytes(payload[:2], "big") if payload else NORMAL


def _check_head(first: int, second: int) -> None:
    opcode = first & 0x0F
    if first & 0x70:
        raise WebSocketError(PROTOCOL_ERROR, "A reserved bit is set")
    if second < 0x80:
        raise WebSocketError(PROTOCOL_ERROR, "A frame is not masked")
    if opcode in _DATA:
        return
    if opcode not in _CONTROL:
        raise WebSocketError(PROTOCOL_ERROR, "The opcode is unknown")
    if first < 0x80 or second & 0x7F > _CONTROL_BYTES_MAX:
        raise WebSocketError(PROTOCOL_ERROR, "A control frame is fragmented or too long")


def _check_close(payload: bytes) -> None:
    if len(payload) == 1:
        raise WebSocketError(PROTOCOL_ERROR, "Half a close code")
    if payload:
        code = close_code(payload)
        if code not in _CLOSE_CODES and not 3000 <= code < 5000:
            raise WebSocketError(PROTOCOL_ERROR, "The close code is not allowed")
        _decode(TEXT, payload[2:])


def _decode(opcode: int, payload: bytes) -> str | bytes:
    if opcode != TEXT:
        return payload
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise WebSocketError(BAD_TEXT, "A text is not UTF-8") from None


def _unmask(payload: bytes | bytearray, key: bytes | bytearray) -> bytes:
    # one XOR of two large integers: the fastest way without compiled code of our own
    size = len(payload)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(keys, "little")).to_bytes(
        size, "little"
    )
