"""Somebody with media, at the product or at the bare file handler."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import aiohttp
from chatclient import ChatClient, Device
from msgspec import Struct

from chatserver import clock
from chatserver.config import Settings
from chatserver.domain.person import Person
from chatserver.services.auth import mint
from loadtest.rivals.table import KEY


class Kept(Struct, frozen=True):
    """Where something that was uploaded can be read."""

    url: str
    size: int


class Shelf(Protocol):
    """Takes bytes and gives them back."""

    async def put(self, content: bytes) -> str:
        """Upload; what to call it by."""

    async def found(self, names: list[str], size: int) -> list[Kept]:
        """Where those are to be read."""


class BareShelf:
    """The bare file handler."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._count = 0

    async def put(self, content: bytes) -> str:
        """See `Shelf.put`."""
        self._count += 1
        name = f"f{self._count}"
        async with self._http.put(f"{self._url}/{name}", data=_parts(content)) as answer:
            answer.raise_for_status()
        return name

    async def found(self, names: list[str], size: int) -> list[Kept]:
        """See `Shelf.found`."""
        return [Kept(f"{self._url}/{name}", size) for name in names]


class ProductShelf:
    """The product: uploaded by tus in one request, read by the addresses of messages."""

    def __init__(self, http: aiohttp.ClientSession, url: str, chat: ChatClient, room: str) -> None:
        self._http = http
        self._url = url
        self._chat = chat
        self._room = room

    async def put(self, content: bytes, kind: str = "file") -> str:
        """See `Shelf.put`."""
        headers = {
            "Authorization": f"Bearer {token('mei')}",
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(content)),
            "Upload-Metadata": f"kind {b64encode(kind.encode()).decode()}",
            "Content-Type": "application/offset+octet-stream",
        }
        address = f"{self._url}/media/uploads"
        async with self._http.post(address, data=_parts(content), headers=headers) as answer:
            answer.raise_for_status()
            return answer.headers["Chat-Media"]

    async def found(self, names: list[str], size: int) -> list[Kept]:
        """See `Shelf.found`."""
        sent = [await self._chat.send_media(self._room, name, kind="file") for name in names]
        made = await self._chat.media_links(self._room, [each.seq for each in sent])
        return [Kept(self._url + each.urls["original"], size) for each in made.links]


async def read(http: aiohttp.ClientSession, kept: Kept) -> None:
    """Read all of something."""
    count = 0
    async with http.get(kept.url) as answer:
        answer.raise_for_status()
        async for part in answer.content.iter_any():
            count += len(part)
    if count != kept.size:
        raise ConnectionError(f"{count} bytes of {kept.size} came")


async def slowest_answer(http: aiohttp.ClientSession, url: str, done: Callable[[], bool]) -> float:
    """The longest that `/healthz` takes to answer until `done`, in ms."""
    longest = 0.0
    while not done():
        began = time.perf_counter()
        async with http.get(f"{url}/healthz") as answer:
            await answer.read()
        longest = max(longest, 1000 * (time.perf_counter() - began))
        await asyncio.sleep(0.005)
    return longest


def token(user: str) -> str:
    """A token of somebody for the product as benchmarks start it."""
    person = Person(user=user, name=user, role="customer")
    return mint(Settings(jwt_key=KEY), person, ttl_s=3600, now_ms=clock.now_ms())


def client(url: str, user: str) -> ChatClient:
    """Somebody's device, to be entered."""
    return ChatClient(url, token=token(user), device=Device(f"{user}-bench"))


async def _parts(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 2**18):
        yield content[start : start + 2**18]
