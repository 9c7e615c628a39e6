"""The floor: the least that a Python process must do for a Socket.IO room.

One `write` of one constant frame for each listener and message; no parsing beyond the length of a
frame, no rooms, no ids, no heartbeat, nothing stored. It relies on clients that mask with zeros.

    python -m loadtest.rivals.floor PORT
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import sys
from typing import Final, cast

import uvloop

from loadtest.rivals.sizes import EVENT_BYTES, ROOM
from loadtest.swarm import frames

BACKLOG = 4096
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = re.compile(rb"\r\nSec-WebSocket-Key: *([^\r]+)", re.IGNORECASE)
_OPENING: Final = frames.plain(
    "0"
    + json.dumps(
        {
            "sid": "f" * 20,
            "upgrades": [],
            "pingInterval": 25_000,
            "pingTimeout": 20_000,
            "maxPayload": 1_000_000,
        },
        separators=(",", ":"),
    )
)
_ACCEPTED: Final = frames.plain('40{"sid":"' + "f" * 20 + '"}')
_LISTENS: Final = f'"{ROOM}"'.encode()
_PROLOGUE, _EPILOGUE = '42["message","', '"]'
EVENT: Final = frames.plain(
    _PROLOGUE + "x" * (EVENT_BYTES - 4 - len(_PROLOGUE + _EPILOGUE)) + _EPILOGUE
)

_listeners: set[Connection] = set()


class Connection(asyncio.Protocol):
    """A client."""

    __slots__ = ("_opened", "_rest", "transport")

    def __init__(self) -> None:
        self._opened = False
        self._rest = b""
        self.transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A socket was accepted."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        _listeners.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer the upgrade, then act on frames."""
        data = self._rest + data
        if not self._opened:
            self._rest = self._open(data)
            return
        at, size = 0, len(data)
        while at + 6 <= size:
            length, body = data[at + 1] & 0x7F, at + 6
            if length == frames.LONG:
                length, body = int.from_bytes(data[at + 2 : at + 4]), at + 8
            if body + length > size:
                break
            self._take(data[body : body + length])
            at = body + length
        self._rest = data[at:]

    def _open(self, data: bytes) -> bytes:
        key = _KEY.search(data)
        if key is None or not data.endswith(b"\r\n\r\n"):
            return data
        accept = base64.b64encode(hashlib.sha1(key[1] + _GUID, usedforsecurity=False).digest())
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + _OPENING
        )
        self._opened = True
        return b""

    def _take(self, payload: bytes) -> None:
        if payload.startswith(b"42"):
            for listener in _listeners if _LISTENS in payload else (self,):
                listener.transport.write(EVENT)
        elif payload.startswith(b"40"):
            self.transport.write(_ACCEPTED)
            if _LISTENS in payload:
                _listeners.add(self)


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=BACKLOG)
    await server.serve_forever()


def main() -> None:
    """Serve until the process is ended."""
    uvloop.run(_serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
