"""WebSocket and Engine.IO as a load client needs them: frames made once, answers skimmed."""

from __future__ import annotations

TEXT = 0x81
CLOSE = 0x88
SHORT_MAX = 125
LONG = 126  # two bytes of length follow
LONGER = 127  # eight bytes of length follow


class Malformed(Exception):
    """A server sent something that is no WebSocket."""


def upgrade(host: str, port: int) -> bytes:
    """The request that opens an Engine.IO connection over WebSocket."""
    return (
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
        f"Host: {host}:{port}\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "\r\n"
    ).encode()


def masked(packet: str) -> bytes:
    """A client's text frame.

    The mask is four zeros: servers undo it as any other, and making the frame costs nothing.
    """
    payload = packet.encode()
    return bytes([TEXT]) + _length(len(payload), 0x80) + bytes(4) + payload


def plain(packet: str) -> bytes:
    """A server's text frame."""
    payload = packet.encode()
    return bytes([TEXT]) + _length(len(payload), 0) + payload


def skip_head(data: bytes) -> bytes | None:
    """What follows the answer to `upgrade`; None while the answer is incomplete.

    Raises:
        Malformed: the server answered something else.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    if not data.startswith(b"HTTP/1.1 101 "):
        raise Malformed(f"the server answered {data[:end].decode(errors='replace')!r}")
    return data[end + 4 :]


def length_at(data: bytes, at: int) -> int:
    """The length of the payload of the long frame whose header begins here."""
    if data[at + 1] == LONG:
        return data[at + 2] << 8 | data[at + 3]
    return int.from_bytes(data[at + 2 : at + 10])


def alike(data: bytes, at: int, body: int, end: int, beginning: bytes) -> int:
    """How many frames like the one at `at` follow each other: same header, same beginning.

    A burst comes as hundreds of frames of one length: their headers are compared by the stride,
    which costs a hundredth of walking over them. It counts all of the rest or only the first.
    """
    step = end - at
    count = (len(data) - at) // step
    stop = at + count * step
    for offset in range(at, body):
        if data[offset:stop:step] != data[offset : offset + 1] * count:
            return 1
    return count if data.count(beginning, at, stop) == count else 1


def _length(size: int, bit: int) -> bytes:
    if size <= SHORT_MAX:
        return bytes([bit | size])
    if size < 1 << 16:
        return bytes([bit | LONG]) + size.to_bytes(2)
    return bytes([bit | LONGER]) + size.to_bytes(8)
