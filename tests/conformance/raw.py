"""A bare TCP connection on which HTTP and WebSocket frames are written by hand."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
KEY = base64.b64encode(b"sixteen bytes ok").decode()
MASK = b"\x37\xfa\x21\x3d"


@dataclass(frozen=True)
class Response:
    """The answer to an HTTP request written by hand."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Raw:
    """Bytes in and out; what is read waits no longer than the test is patient."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience_s: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._patience_s = patience_s

    @classmethod
    async def connect(cls, port: int, patience_s: float) -> Raw:
        """A new connection to this machine."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        return cls(reader, writer, patience_s)

    async def write(self, data: bytes) -> None:
        """Send bytes; a peer that has closed does not mind."""
        if not self._writer.transport.is_closing():
            self._writer.write(data)
        await asyncio.sleep(0)  # so that the next bytes come in a segment of their own

    async def write_slowly(self, data: bytes, sizes: int = 1) -> None:
        """Send bytes in small pieces."""
        for start in range(0, len(data), sizes):
            await self.write(data[start : start + sizes])

    async def request(self, *lines: str, body: bytes = b"") -> Response:
        """Send a request made of these lines, and read the answer."""
        await self.write(head(*lines) + body)
        return await self.response()

    async def response(self, *, has_body: bool = True) -> Response:
        """The next answer, with its body; one to HEAD has none.

        Raises:
            asyncio.IncompleteReadError: the connection ended first.
        """
        async with asyncio.timeout(self._patience_s):
            first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines if line)
            }
            status = int(first.split(" ")[1])
            size = 0 if status == 101 or not has_body else int(headers.get("content-length", "0"))
            return Response(status, headers, await self._reader.readexactly(size))

    async def upgrade(self, target: str = "/socket.io/?EIO=4&transport=websocket") -> None:
        """Make a WebSocket of this connection; its first frame is not read."""
        assert (await self.request(*handshake(target))).status == 101

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of the server: opcode and payload.

        Raises:
            asyncio.IncompleteReadError: the connection ended first.
        """
        async with asyncio.timeout(self._patience_s):
            first, size = await self._reader.readexactly(2)
            assert first & 0x70 == 0, "an extension that was not negotiated"
            assert first & 0x80, "a server has no reason to cut a message into fragments"
            if size > 125:
                size = int.from_bytes(await self._reader.readexactly({126: 2, 127: 8}[size]), "big")
            return first & 0x0F, await self._reader.readexactly(size)

    async def text(self) -> str:
        """The next frame, which holds a text."""
        opcode, payload = await self.frame()
        assert opcode == TEXT, (opcode, payload)
        return payload.decode()

    async def close_code(self) -> int | None:
        """Read to the end of the connection; the code of the server's CLOSE, if it sent one."""
        code = None
        try:
            while True:
                opcode, payload = await self.frame()
                if opcode == CLOSE:
                    code = int.from_bytes(payload[:2], "big") if payload else 1005
        except (asyncio.IncompleteReadError, ConnectionError):
            return code

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._reader.read(-1)
        except ConnectionError:
            return b""

    async def rest_until_quiet(self, quiet_s: float = 0.05) -> bytes:
        """What comes until the server closes or has said nothing for a while."""
        read = b""
        try:
            while True:
                async with asyncio.timeout(quiet_s):
                    if not (data := await self._reader.read(2**16)):
                        return read
                    read += data
        except (TimeoutError, ConnectionError):
            return read

    async def close(self) -> None:
        """End the connection without a word."""
        self._writer.transport.abort()
        await asyncio.sleep(0)


def head(*lines: str) -> bytes:
    """An HTTP head of these lines."""
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def handshake(
    target: str = "/socket.io/?EIO=4&transport=websocket", **changes: str | None
) -> list[str]:
    """The lines of an opening handshake; `changes` replace headers, None leaves one out."""
    headers = {
        "Host": "127.0.0.1", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": KEY, **changes,
    }  # fmt: skip
    lines = [
        f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value is not None
    ]
    return [f"GET {target} HTTP/1.1", *lines]


def accept(key: str) -> str:
    """What a server must answer to a key (RFC 6455, section 4.2.2)."""
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return base64.b64encode(digest).decode()


def frame(
    opcode: int, payload: bytes | str = b"", *, fin: bool = True, masked: bool = True, rsv: int = 0
) -> bytes:
    """A frame as a client sends it."""
    data = payload.encode() if isinstance(payload, str) else payload
    return frame_head(opcode, len(data), fin=fin, masked=masked, rsv=rsv) + (
        MASK + masked_bytes(data) if masked else data
    )


def frame_head(
    opcode: int, size: int, *, fin: bool = True, masked: bool = True, rsv: int = 0
) -> bytes:
    """The first bytes of a frame, up to the masking key."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    flag = 0x80 if masked else 0
    if size < 126:
        return bytes((first, flag | size))
    if size < 2**16:
        return bytes((first, flag | 126)) + size.to_bytes(2, "big")
    return bytes((first, flag | 127)) + size.to_bytes(8, "big")


def masked_bytes(data: bytes) -> bytes:
    """Data under the mask of these tests."""
    return bytes(byte ^ MASK[index % 4] for index, byte in enumerate(data))
