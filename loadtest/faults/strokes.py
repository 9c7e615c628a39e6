"""What breaks: each stroke breaks something when it begins and makes it whole when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from loadtest.faults.server import Server
from loadtest.faults.stage import Stage

Stroke = Callable[[Stage], AbstractAsyncContextManager[None]]

SLOW_S = 0.2  # each way
FULL_ENDS_WITHIN_S = 120.0  # with the next write, be it the one that it makes every minute
ALONE_S = 0.5  # the primary goes on without the others, before it notices


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
async def valkey_slow(stage: Stage) -> AsyncIterator[None]:
    """What one node and Valkey say to each other takes its time."""
    with stage.cable.slow(SLOW_S):
        yield


@asynccontextmanager
async def one_node_cut_off(stage: Stage) -> AsyncIterator[None]:
    """One node no longer reaches Valkey; the others do."""
    with stage.cable.severed():
        yield


@asynccontextmanager
async def one_node_without_mongo(stage: Stage) -> AsyncIterator[None]:
    """One node no longer reaches MongoDB; the others do, and all hear each other over Valkey."""
    assert stage.mongo_cable is not None, "the scene has no cable to MongoDB"
    with stage.mongo_cable.severed():
        yield


@asynccontextmanager
async def primary_steps_down(stage: Stage) -> AsyncIterator[None]:
    """MongoDB's primary hands over to another member."""
    await asyncio.to_thread(stage.mongo.step_down)
    yield
    await asyncio.to_thread(stage.mongo.wait_whole)


@asynccontextmanager
async def primary_killed(stage: Stage) -> AsyncIterator[None]:
    """kill -9 of the primary, while its writes wait for the others."""
    primary, others = await asyncio.to_thread(stage.mongo.roles)
    for member in others:
        member.pause()
    await asyncio.sleep(ALONE_S)
    primary.kill()
    for member in others:
        member.resume()
    yield
    await _started(primary)
    await asyncio.to_thread(stage.mongo.wait_whole)


@asynccontextmanager
async def primary_lost(stage: Stage) -> AsyncIterator[None]:
    """The others die, then the primary with all that only it was told; the others go on alone."""
    primary, others = await asyncio.to_thread(stage.mongo.roles)
    for member in others:
        member.kill()
    await asyncio.sleep(ALONE_S)
    primary.kill()
    await _started(*others)
    yield
    await _started(primary)
    await asyncio.to_thread(stage.mongo.wait_whole)


@asynccontextmanager
async def primary_hangs(stage: Stage) -> AsyncIterator[None]:
    """The primary answers nothing, is replaced, and comes back as one that knows of nothing."""
    primary, _ = await asyncio.to_thread(stage.mongo.roles)
    primary.pause()
    yield
    primary.resume()
    await asyncio.to_thread(stage.mongo.wait_whole)


@asynccontextmanager
async def disk_full(stage: Stage) -> AsyncIterator[None]:
    """The primary's disk is full: it can write nothing, gives up, and others go on without it."""
    primary, _ = await asyncio.to_thread(stage.mongo.roles)
    primary.fill_disk()
    await asyncio.to_thread(primary.wait_ended, FULL_ENDS_WITHIN_S)
    yield
    await _started(primary)
    await asyncio.to_thread(stage.mongo.wait_whole)


async def _started(*found: Server) -> None:
    for server in found:
        server.spawn()  # here and not in the thread: it would end with that
    for server in found:
        await asyncio.to_thread(server.wait_ready)
