"""Engines as processes that share a port have them: each with a tag, all with one folder."""

from __future__ import annotations

import tempfile
from asyncio import SelectorEventLoop
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvloop

from chatserver.gateway.engine.handover import new_tag
from tests.conformance.servers import LEAN, Server, running
from tests.conformance.wire import Polling

PATIENCE_S = 30.0  # only what fails waits so long


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], Any]]:
    """The event loop of the product, and the one of the language."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": SelectorEventLoop}


class Node:
    """An engine on a port of its own, so that a test decides who gets a connection."""

    def __init__(self, server: Server, tag: str) -> None:
        self.server = server
        self.tag = tag

    async def session(self) -> Polling:
        """A session over polls that lives here; its client joined already."""
        polling = await self.server.polling()
        await polling.join()
        return polling

    async def visited_by(self, polling: Polling) -> Polling:
        """The same client with its requests coming here."""
        return Polling(await self.server.http(), self.server.url, polling.opened)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder as a parent makes it; the path of a Unix socket must be short."""
    with tempfile.TemporaryDirectory(prefix="chat-") as made:
        yield Path(made)


@pytest_asyncio.fixture
async def ends() -> AsyncIterator[AsyncExitStack]:
    """Ends what was begun."""
    async with AsyncExitStack() as ends:
        yield ends


async def node(folder: Path, ends: AsyncExitStack, **options: Any) -> Node:
    tag = new_tag()
    lean = {"tag": tag, "handover_dir": str(folder), **options}
    return Node(await ends.enter_async_context(running(LEAN, PATIENCE_S, lean=lean)), tag)


@pytest_asyncio.fixture
async def owner(folder: Path, ends: AsyncExitStack) -> Node:
    """Where the session lives."""
    return await node(folder, ends)


@pytest_asyncio.fixture
async def other(folder: Path, ends: AsyncExitStack) -> Node:
    """Where a request for it arrives."""
    return await node(folder, ends)
