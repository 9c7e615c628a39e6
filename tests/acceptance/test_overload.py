"""A server that is held up again and again: service goes on, hints and newcomers wait."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import RefusedError, eventually
from tests.acceptance.conftest import Cast, Start

STOPPED_S, RUNNING_S = 0.4, 0.05
CONNECTS_PER_S = 8


@asynccontextmanager
async def held_up(server: ChatServer) -> AsyncIterator[None]:
    """The server gets little of the processor."""

    async def stop_and_go() -> None:
        while True:
            os.kill(server.pid, signal.SIGSTOP)
            await asyncio.sleep(STOPPED_S)
            os.kill(server.pid, signal.SIGCONT)
            await asyncio.sleep(RUNNING_S)

    holding = asyncio.create_task(stop_and_go())
    try:
        yield
    finally:
        holding.cancel()
        await asyncio.wait([holding])
        os.kill(server.pid, signal.SIGCONT)


async def is_overloaded(server: ChatServer) -> bool:
    def page() -> str:
        with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    found = re.search(r"^chat_overloaded (\S+)$", await asyncio.to_thread(page), re.MULTILINE)
    assert found
    return float(found[1]) == 1


@pytest.mark.asyncio
async def test_a_server_that_is_held_up_sheds_hints_and_recovers_by_itself(
    start: Start, cast: Cast
) -> None:
    server = await start(overload_lag_ms=100, connects_per_s=CONNECTS_PER_S)
    mei, lin = await cast.join("mei", server), await cast.join("lin", server)
    talk = await mei.open(lin.user)
    async with held_up(server):
        await eventually(lambda: is_overloaded(server), "it notices")
        await lin.ask("typing", conversation=talk, on=True)
        assert (await lin.say(talk, "still here"))["ok"]
        await mei.sees("message", seq=1)
        crowd = [cast.person(f"user{n}", server) for n in range(CONNECTS_PER_S - 2)]
        came = await asyncio.gather(*(one.connect() for one in crowd), return_exceptions=True)
        refused = [each for each in came if isinstance(each, RefusedError)]
        assert refused
        assert all(each.data["message"] == "busy" for each in refused)
        assert all(each.data["data"]["retry_after_ms"] >= 500 for each in refused)
    assert "typing" not in [name for name, _ in mei.events]

    async def has_recovered() -> bool:
        return not await is_overloaded(server)

    await eventually(has_recovered, "it recovers")
    await lin.ask("typing", conversation=talk, on=True)
    await mei.sees("typing", on=True)
