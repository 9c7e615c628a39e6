"""A request that aiohttp has read, as bytes again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from aiohttp import web

from chatserver.gateway.engine.handshake import has_body, wants_websocket

if TYPE_CHECKING:
    from aiohttp._websocket.reader import WebSocketReader

# what says how the body was sent, or was for us alone
_REPLACED = frozenset(
    {b"connection", b"content-encoding", b"content-length", b"expect", b"transfer-encoding"}
)


def replayed(http: web.Request, body: bytes) -> bytes:
    """The request with its whole body, for another server on the same connection.

    That one closes the connection after its answer. Should the client have sent more requests
    already, they were read here and are lost, and the end of the connection tells it so.
    """
    path = http.raw_path.encode("utf-8", "surrogateescape")
    first = b"%b %b HTTP/%d.%d" % (http.method.encode(), path, *http.version)
    if wants_websocket(http.headers) and not has_body(http.headers):
        return _head([first, *_lines(http)]) + _behind(http)
    kept = _lines(http, without=_REPLACED)
    return _head([first, *kept, b"Connection: close", b"Content-Length: %d" % len(body)]) + body


def read_behind(http: web.Request, take: Callable[[bytes], object]) -> None:
    """Have `take` get what aiohttp has read, and will read, behind a WebSocket's handshake."""
    http.protocol.set_parser(cast("WebSocketReader", _Tail(take)))


class _Tail:
    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._take(data)
        return False, b""

    def feed_eof(self) -> None:
        pass


def _behind(http: web.Request) -> bytes:
    read = bytearray()
    read_behind(http, read.extend)
    return bytes(read)


def _lines(http: web.Request, without: frozenset[bytes] = frozenset()) -> list[bytes]:
    return [b"%b: %b" % line for line in http.raw_headers if line[0].lower() not in without]


def _head(lines: list[bytes]) -> bytes:
    return b"\r\n".join([*lines, b"", b""])
