"""Nodes with their doors for media open: real HTTP, real MongoDB, real workers."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest_asyncio
from aiohttp import web
from msgspec import structs

from chatserver import clock
from chatserver.api.media.readings import MediaReadings
from chatserver.api.media.uploads import MediaUploads
from chatserver.config import Settings
from chatserver.domain.person import Person
from chatserver.services.auth import mint
from tests.integration.services.conftest import Bus, Device, Node

BODY = "application/offset+octet-stream"


class Answer:
    """What a request got."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Door:
    """A node, and whoever comes to its HTTP."""

    def __init__(self, node: Node, settings: Settings, http: aiohttp.ClientSession) -> None:
        self.node = node
        self.settings = settings
        self.url = ""
        self._http = http

    def token(self, user: str) -> str:
        person = Person(user=user, name=user, role="customer")
        return mint(self.settings, person, ttl_s=3600, now_ms=clock.now_ms())

    async def ask(
        self, method: str, path: str, *, by: str | None = "mei", body: Any = None, **headers: str
    ) -> Answer:
        """One request; names of headers have `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Tus-Resumable", "1.0.0")
        if by is not None:
            sent["Authorization"] = f"Bearer {self.token(by)}"
        async with self._http.request(
            method, self.url + path, data=body, headers=sent, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def create(
        self, kind: str, length: int, *, by: str = "mei", body: bytes | None = None, **more: Any
    ) -> Answer:
        """Begin an upload, perhaps with its first bytes."""
        headers = {"Upload_Length": str(length), "Upload_Metadata": metadata(kind=kind, **more)}
        if body is not None:
            headers["Content_Type"] = BODY
        return await self.ask("POST", "/media/uploads", by=by, body=body, **headers)

    async def upload(self, kind: str, content: bytes, *, by: str = "mei", **more: Any) -> str:
        """Upload in one request; the id of the medium."""
        answer = await self.create(kind, len(content), by=by, body=content, **more)
        assert answer.status == 201, answer.body
        return str(answer.headers["Chat-Media"])

    async def patch(
        self, place: str, offset: int, body: Any, *, by: str = "mei", **headers: str
    ) -> Answer:
        """Go on with an upload."""
        return await self.ask(
            "PATCH", place, by=by, body=body, Upload_Offset=str(offset), Content_Type=BODY,
            **headers,
        )  # fmt: skip

    async def read(self, url: str, **headers: str) -> Answer:
        return await self.ask("GET", url, by=None, **headers)


def metadata(**values: Any) -> str:
    return ",".join(f"{k} {b64encode(str(v).encode()).decode()}" for k, v in values.items())


async def send(device: Device, conversation: str, media: str, kind: str = "image") -> int:
    """A message with a medium; its number."""
    body = {"media": media}
    return await device.say(conversation, kind=kind, body=body)


async def links(device: Device, conversation: str, *seqs: int) -> list[dict[str, str]]:
    """The addresses that somebody gets."""
    call = {"conversation": conversation, "seqs": list(seqs)}
    return [each["urls"] for each in (await device.call("media.links", call))["links"]]


async def sweep(node: Node, later_ms: int = 0) -> None:
    """Sweep until nothing is left to do, as if it were later."""
    while await node.services.media.sweeping.sweep(clock.now_ms() + later_ms):
        pass


OpenDoor = Callable[..., Awaitable[Door]]


@asynccontextmanager
async def doors(settings: Settings) -> AsyncIterator[OpenDoor]:
    """What opens doors of nodes of one server; all are closed in the end."""
    buses: list[Bus] = []
    space = secrets.token_hex(8)
    async with AsyncExitStack() as ends:
        http = await ends.enter_async_context(aiohttp.ClientSession())

        async def open_door(**changed: Any) -> Door:
            now = structs.replace(settings, **changed)
            node = Node(now, buses, space)
            ends.push_async_callback(node.stop)
            app = web.Application(client_max_size=1024)
            media = node.services.media
            app.router.add_routes(MediaUploads(node.services.auth, media.uploads, now).routes())
            app.router.add_routes(MediaReadings(media.links).routes())
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            ends.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            door = Door(node, now, http)
            door.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            return door

        yield open_door


def settings_of(mongo_url: str, redis_url: str, database: str) -> Settings:
    """Rates so high that only a test of them meets them."""
    return Settings(
        mongo_url=mongo_url,
        mongo_database=database,
        redis_url=redis_url,
        jwt_key="a secret of thirty-two bytes or more",
        sends_per_s=10_000,
        room_sends_per_s=10_000,
        media_uploads_per_s=1000,
        media_unfinished_max=1000,
        cursor_flush_ms=5,
    )


# what looks into media starts in a third of a second: tests of a module share it


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_door(mongo_url: str, redis_url: str, prepared_name: str) -> AsyncIterator[OpenDoor]:
    """Opens the doors of another node of the same server."""
    async with doors(settings_of(mongo_url, redis_url, prepared_name)) as open_door:
        yield open_door


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(open_door: OpenDoor) -> Door:
    """The doors of a node, for all tests of a module."""
    return await open_door()
