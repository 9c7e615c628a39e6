"""Clients that hide nothing: polls, WebSockets and bare bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

SEPARATOR = "\x1e"
NOOP = "6"
_CLOSING = (
    aiohttp.WSMsgType.CLOSE,
    aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.CLOSED,
    aiohttp.WSMsgType.ERROR,
)


class ClosedError(Exception):
    """The server closed the connection."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def packets(self) -> list[str]:
        """The packets of a payload."""
        return self.text.split(SEPARATOR)

    @property
    def error(self) -> Any:
        """What a refusal says."""
        return json.loads(self.text)


class Packets:
    """What can be done over either transport."""

    async def send(self, packet: str) -> None:
        raise NotImplementedError

    async def receive(self) -> str:
        """The next packet; a NOOP is none.

        Raises:
            ClosedError: the server closed instead.
        """
        raise NotImplementedError

    async def join(self, namespace: str = "/", auth: Any = None) -> str:
        """Connect to a namespace; the sid there."""
        prefix = "" if namespace == "/" else f"{namespace},"
        await self.send(f"40{prefix}{'' if auth is None else json.dumps(auth)}")
        sid = json.loads((await self._told()).removeprefix(f"40{prefix}"))["sid"]
        assert await self._told() == event("auth", auth or {}, namespace=namespace)
        return str(sid)

    async def echo(self, what: Any = "are you there?", namespace: str = "/") -> None:
        """Send a message and see the very same come back, next."""
        await self.send(event("message", what, namespace=namespace))
        assert await self._told() == event("message-back", what, namespace=namespace)

    async def _told(self) -> str:
        """The next packet but pings; on a busy machine one may come first."""
        while (packet := await self.receive()) == "2":
            await self.send("3")
        return packet


class Polling(Packets):
    """A session over polls."""

    def __init__(self, http: aiohttp.ClientSession, url: str, opened: dict[str, Any]) -> None:
        self.opened = opened
        self.sid: str = opened["sid"]
        self._http = http
        self._url = f"{url}?EIO=4&transport=polling&sid={self.sid}"
        self._read: list[str] = []

    async def get(self) -> Answer:
        """Poll once."""
        return await ask(self._http, "GET", self._url)

    async def post(self, *packets: str, **more: Any) -> Answer:
        """Send packets in one payload."""
        return await self.post_body(SEPARATOR.join(packets).encode(), **more)

    async def post_body(self, body: Any, **more: Any) -> Answer:
        """Send bytes as a payload."""
        return await ask(self._http, "POST", self._url, data=body, **more)

    async def send(self, packet: str) -> None:
        assert (await self.post(packet)).status == 200

    async def receive(self) -> str:
        async with asyncio.timeout(self._http.timeout.total):
            while not self._read:
                answer = await self.get()
                if answer.status != 200:
                    raise ClosedError(answer.text)
                self._read = [packet for packet in answer.packets if packet != NOOP]
        return self._read.pop(0)

    async def is_gone(self) -> bool:
        """Whether the server knows this session no more; ends its poll otherwise."""
        answers = await asyncio.gather(self.get(), self.post("1"))
        return {answer.status for answer in answers} == {400}


class Socket(Packets):
    """Packets over a WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, patience_s: float) -> None:
        self.websocket = socket
        self.opened: dict[str, Any] = {}
        self._patience_s = patience_s

    @property
    def sid(self) -> str:
        return str(self.opened["sid"])

    async def send(self, packet: str) -> None:
        await self.websocket.send_str(packet)

    async def receive(self) -> str:
        while (packet := await self.receive_any()) == NOOP:
            pass
        return packet

    async def receive_any(self) -> str:
        """The next packet, be it a NOOP."""
        async with asyncio.timeout(self._patience_s):
            message = await self.websocket.receive()
        if message.type in _CLOSING:
            raise ClosedError(self.websocket.close_code)
        assert isinstance(message.data, str), message
        return message.data

    async def closed(self) -> list[str]:
        """Wait until the server closes; the packets that came before."""
        packets: list[str] = []
        async with asyncio.timeout(self._patience_s):
            while (message := await self.websocket.receive()).type not in _CLOSING:
                packets.append(message.data)
        return packets


async def rounds() -> None:
    """Let what was sent arrive: both sides share one loop, so its rounds count, not the time."""
    for _ in range(20):
        await asyncio.sleep(0.001)


async def ask(http: aiohttp.ClientSession, method: str, url: str, **more: Any) -> Answer:
    """One request, and the whole answer."""
    async with http.request(method, url, **more) as answer:
        return Answer(answer.status, await answer.text(), answer.headers)


def event(name: str, *arguments: Any, namespace: str = "/", ack: int | str = "") -> str:
    """A packet with an event, as a server writes it: compact JSON in ASCII."""
    prefix = "" if namespace == "/" else f"{namespace},"
    return f"42{prefix}{ack}" + json.dumps([name, *arguments], separators=(",", ":"))
