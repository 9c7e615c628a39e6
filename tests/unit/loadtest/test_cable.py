"""A cable that is cut holds nobody, whatever was under way over it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loadtest.faults.cable import Cable

PATIENCE_S = 30.0


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that waits for its clients to go."""
    await reader.read()
    writer.close()


@pytest.mark.asyncio
async def test_a_connection_that_is_being_made_when_the_cable_is_closed_ends_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reach, asked, go = asyncio.open_connection, asyncio.Event(), asyncio.Event()

    async def reach_late(host: str, port: int) -> Any:
        asked.set()
        await go.wait()
        return await reach(host, port)

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    cable = Cable(server.sockets[0].getsockname()[1])
    near = await asyncio.start_server(cable.connect, "127.0.0.1", 0)
    address = near.sockets[0].getsockname()
    monkeypatch.setattr(asyncio, "open_connection", reach_late)
    reader, writer = await reach(*address)
    async with asyncio.timeout(PATIENCE_S):
        await asked.wait()
        closing = asyncio.create_task(cable.close())
        await asyncio.sleep(0)
        go.set()
        await closing
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
    for each in (near, server):
        each.close()
        await each.wait_closed()
