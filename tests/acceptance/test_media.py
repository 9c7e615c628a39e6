"""Media with a real server and the Python SDK: an upload outlives the server it began with."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path

import aiohttp
import pytest
from chatclient import ChatCallError, ChatClient, Device
from PIL import Image

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import token
from tests.acceptance.conftest import Cast, Start


def client(server: ChatServer, user: str) -> ChatClient:
    return ChatClient(server.url, token=token(user), device=Device(f"{user}-sdk"))


async def fetched(url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.read()


@pytest.mark.asyncio
async def test_an_upload_goes_on_after_the_server_was_killed(
    start: Start, cast: Cast, tmp_path: Path
) -> None:
    server = await start()
    file = tmp_path / "收据.bin"
    file.write_bytes(os.urandom(16_000_000))
    seen: list[int] = []
    killed = asyncio.Event()

    def progress(done: int, _all: int) -> None:
        seen.append(done)

    async def kill() -> None:
        async with asyncio.timeout(60):
            while not await pieces_are_kept(server):  # noqa: ASYNC110 - no such event here
                await asyncio.sleep(0.02)
        server.kill9()
        await server.restart()
        killed.set()

    async with client(server, cast.name("mei")) as mei, client(server, cast.name("lin")) as lin:
        uploading = asyncio.ensure_future(mei.upload(file, kind="file", progress=progress))
        await kill()
        media = await uploading
        assert killed.is_set()
        assert seen[-1] == 16_000_000
        room = (await mei.open(cast.name("lin"))).id
        sent = await mei.send_media(room, media, kind="file", text="请查收")
        status, content = await fetched(await lin.media_url(room, sent.seq))
        assert (status, content) == (200, file.read_bytes())
        await mei.recall(room, sent.seq)
        with pytest.raises(ChatCallError):
            await lin.media_url(room, sent.seq)


async def pieces_are_kept(server: ChatServer) -> bool:
    """Whether a part of an upload is where other nodes find it."""
    async with aiohttp.ClientSession() as http, http.get(server.url + "/metrics") as answer:
        lines = (await answer.text()).splitlines()
    received = [line for line in lines if line.startswith('chat_media_bytes_total{way="received"}')]
    return bool(received) and float(received[0].split()[-1]) > 9_000_000


@pytest.mark.asyncio
async def test_a_picture_from_the_sdk_is_one_upload_and_three_sizes(
    house: ChatServer, cast: Cast
) -> None:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((1300, 700)).convert("RGB").save(out, "JPEG")
    async with client(house, cast.name("mei")) as mei, client(house, cast.name("lin")) as lin:
        media = await mei.upload(out.getvalue(), kind="image")
        room = (await mei.open(cast.name("lin"))).id
        sent = await mei.send_media(room, media, kind="image")
        for size, side in (("256", 256), ("1024", 1024), ("original", 1300)):
            status, content = await fetched(await lin.media_url(room, sent.seq, size))
            assert status == 200
            assert max(Image.open(io.BytesIO(content)).size) == side
        with pytest.raises(ChatCallError) as refused:
            await mei.upload(b"<svg/>", kind="image")
        assert refused.value.code == "wrong_type"
