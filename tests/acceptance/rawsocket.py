"""A bare WebSocket that can send what no proper client would."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from loadtest.faults.people import PATIENCE_S, token

CLOSING = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


class RawSocket:
    """Engine.IO packets as text, in and out; pings are answered on the way."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, packet: str) -> None:
        await self.socket.send_str(packet)

    async def send_binary(self, content: bytes) -> None:
        await self.socket.send_bytes(content)

    async def join(self, user: str, given: str = "") -> None:
        """Open the namespace as this person, perhaps with a token of their own, and wait for it."""
        device = {"id": f"{user}-raw", "platform": "web"}
        await self.send("40" + json.dumps({"token": given or token(user), "device": device}))
        await self.packet("40")

    async def call(self, number: int, event: str, payload: Any) -> Any:
        """A call by hand; the acknowledgement."""
        await self.send(f"42{number}" + json.dumps([event, payload]))
        return await self.ack(number)

    async def ack(self, number: int) -> Any:
        """The acknowledgement with this number."""
        packet = await self.packet(f"43{number}[")
        return json.loads(packet.removeprefix(f"43{number}"))[0]

    async def packet(self, prefix: str, within_s: float = PATIENCE_S) -> str:
        """The next packet that begins so; others are passed over.

        Raises:
            ConnectionError: the socket was closed first.
        """
        async with asyncio.timeout(within_s):
            while True:
                message = await self.socket.receive()
                if message.type in CLOSING:
                    raise ConnectionError(f"closed while waiting for {prefix}")
                if message.data == "2":
                    await self.send("3")
                elif isinstance(message.data, str) and message.data.startswith(prefix):
                    return message.data

    async def closed(self, within_s: float = PATIENCE_S) -> list[str]:
        """Wait until the server closes; the packets that came before."""
        packets: list[str] = []
        async with asyncio.timeout(within_s):
            while (message := await self.socket.receive()).type not in CLOSING:
                packets.append(message.data)
        return packets


def _small_socket(address: Any) -> socket.socket:
    """So that what a reader does not read soon fills up at the server."""
    made = socket.socket(address[0], address[1], address[2])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    made.setblocking(False)
    return made


@asynccontextmanager
async def raw_socket(url: str, **headers: str) -> AsyncIterator[RawSocket]:
    """A WebSocket that has got its Engine.IO OPEN packet."""
    address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=_small_socket)) as http,
        http.ws_connect(address, headers=headers, max_msg_size=0, autoclose=True) as websocket,
    ):
        raw = RawSocket(websocket)
        await raw.packet("0")
        yield raw


@asynccontextmanager
async def joined_socket(url: str, user: str, given: str = "") -> AsyncIterator[RawSocket]:
    """A WebSocket of somebody who has come in, perhaps with a token of their own."""
    async with raw_socket(url) as raw:
        await raw.join(user, given)
        yield raw
