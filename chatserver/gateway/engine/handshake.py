"""The opening handshake of a WebSocket. Source: RFC 6455, section 4.2."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha1

from chatserver.gateway.engine.errors import Refusal, UnsupportedWebSocket

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
)


def wants_websocket(headers: Mapping[str, str]) -> bool:
    """Whether a request asks for a WebSocket; names are lower-case."""
    return headers.get("upgrade", "").strip().lower() == "websocket"


def has_body(headers: Mapping[str, str]) -> bool:
    """Whether a request says that something follows its head."""
    return "content-length" in headers or "transfer-encoding" in headers


def switching(headers: Mapping[str, str]) -> bytes:
    """The answer that opens the WebSocket.

    Raises:
        Refusal: the handshake is not right.
        UnsupportedWebSocket: it is of another version.
    """
    connection = [token.strip().lower() for token in headers.get("connection", "").split(",")]
    key = headers.get("sec-websocket-key", "")
    if (
        not wants_websocket(headers)
        or has_body(headers)
        or "host" not in headers
        or "upgrade" not in connection
        or not _is_key(key)
    ):
        raise Refusal
    if headers.get("sec-websocket-version") != "13":
        raise UnsupportedWebSocket
    digest = sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    return _SWITCHING + base64.b64encode(digest) + b"\r\n\r\n"


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
