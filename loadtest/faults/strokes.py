"""What breaks: each stroke breaks something when it begins and makes it whole when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from loadtest.faults.server import Server
from loadtest.faults.stage import Stage

Stroke = Callable[[Stage], AbstractAsyncContextManager[None]]

UNREPLICATED_S = 0.4  # writes of this long are with the primary alone when it dies


@asynccontextmanager
async def node_killed(stage: Stage) -> AsyncIterator[None]:
    """kill -9 of one node after the other."""
    node = stage.next_node()
    node.kill9()
    yield
    await node.restart()


@asynccontextmanager
async def node_renewed(stage: Stage) -> AsyncIterator[None]:
    """SIGTERM of one node after the other, as when a new version is rolled out."""
    node = stage.next_node()
    node.sigterm()
    await node.ended(within_s=10)
    yield
    await node.restart()


@asynccontextmanager
async def valkey_gone(stage: Stage) -> AsyncIterator[None]:
    """Valkey is killed, and comes back with nothing."""
    stage.valkey.kill()
    yield
    await _started(stage.valkey)


@asynccontextmanager
async def valkey_hangs(stage: Stage) -> AsyncIterator[None]:
    """Valkey keeps its connections and answers nothing."""
    stage.valkey.pause()
    yield
    stage.valkey.resume()


@asynccontextmanager
async def one_node_cut_off(stage: Stage) -> AsyncIterator[None]:
    """One node no longer reaches Valkey; the others do."""
    with stage.cable.severed():
        yield


@asynccontextmanager
async def primary_steps_down(stage: Stage) -> AsyncIterator[None]:
    """MongoDB's primary hands over to another member."""
    await asyncio.to_thread(stage.mongo.step_down)
    yield
    await asyncio.to_thread(stage.mongo.wait_whole)


@asynccontextmanager
async def primary_killed(stage: Stage) -> AsyncIterator[None]:
    """kill -9 of the primary, together with what only it had been told so far."""
    primary = await asyncio.to_thread(stage.mongo.primary)
    others = [member for member in stage.mongo.members if member is not primary]
    for member in others:
        member.pause()
    await asyncio.sleep(UNREPLICATED_S)
    primary.kill()
    for member in others:
        member.resume()
    yield
    await _started(primary)
    await asyncio.to_thread(stage.mongo.wait_whole)


@asynccontextmanager
async def primary_hangs(stage: Stage) -> AsyncIterator[None]:
    """The primary answers nothing, is replaced, and comes back as one that knows of nothing."""
    primary = await asyncio.to_thread(stage.mongo.primary)
    primary.pause()
    yield
    primary.resume()
    await asyncio.to_thread(stage.mongo.wait_whole)


async def _started(server: Server) -> None:
    server.spawn()  # here and not in the thread: it would end with that
    await asyncio.to_thread(server.wait_ready)
