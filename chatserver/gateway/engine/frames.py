"""What goes out: an Engine.IO packet, encoded once for everybody who gets it.

Sources: Engine.IO protocol 4; RFC 6455, section 5.
"""

from __future__ import annotations

MESSAGE = "4"
SEPARATOR = "\x1e"  # between the packets of a polling body

_TEXT = 0x81  # FIN and the opcode of a text frame
_CLOSE = 0x88
_PONG = 0x8A


class Frame:
    """One packet in the two forms in which a client can get it.

    `text` is the packet, `wire` its WebSocket frame of `size` bytes. A droppable frame is of no
    use later, so it is the first to go when its reader is slow.
    """

    __slots__ = ("droppable", "size", "text", "wire")

    def __init__(self, text: str, *, droppable: bool = False) -> None:
        self.text = text
        self.wire = frame(_TEXT, text.encode())
        self.size = len(self.wire)
        self.droppable = droppable

    @classmethod
    def message(cls, data: str, *, droppable: bool = False) -> Frame:
        """A MESSAGE packet that carries `data`."""
        return cls(MESSAGE + data, droppable=droppable)


def frame(first_byte: int, payload: bytes) -> bytes:
    """A whole, unmasked frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((first_byte, size)) + payload
    if size < 65536:
        return bytes((first_byte, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first_byte, 127)) + size.to_bytes(8, "big") + payload


def close_frame(code: int) -> bytes:
    """The frame that begins or answers the closing handshake."""
    return frame(_CLOSE, code.to_bytes(2, "big"))


def pong_frame(payload: bytes) -> bytes:
    """The answer to a WebSocket ping."""
    return frame(_PONG, payload)


CLOSE = Frame("1")
PING = Frame("2")
PROBED = Frame("3probe")
NOOP = Frame("6")
