"""Several processes on one port: together they are one server, whichever of them dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from chatserver.dev import ports
from chatserver.dev.leftovers import is_running
from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import PATIENCE_S, LostError, Person, eventually
from loadtest.faults.recorded import RecordedDevice, verdict
from loadtest.recorder import Recorder
from tests.acceptance.conftest import Cast, Start

PROCESSES = 2
RESTART_S = 90.0


class Several:
    """A server of several processes, and what the port of each one's own says about it."""

    def __init__(self, server: ChatServer, first_port: int, processes: int = PROCESSES) -> None:
        self.server = server
        self.url = server.url
        self._ports = range(first_port, first_port + processes)

    async def pids(self) -> list[int]:
        """Process ids, in order; of those that answer."""
        pages = await asyncio.gather(*(_page(port, "/healthz") for port in self._ports))
        return [json.loads(page)["pid"] for page in pages if page]

    async def connections(self) -> list[int]:
        """How many each has; of those that answer."""
        pages = await asyncio.gather(*(_page(port, "/metrics") for port in self._ports))
        return [_figure(page, "chat_connections") for page in pages if page]

    async def all_serve(self) -> list[int]:
        """Wait until all processes serve; their ids."""

        async def all_ready() -> list[int]:
            pages = await asyncio.gather(*(_page(port, "/readyz") for port in self._ports))
            return await self.pids() if all(pages) else []

        return list(await eventually(all_ready, "all processes serve", RESTART_S))

    async def seat(self, make: Callable[[], Person], process: int) -> Person:
        """Somebody connected to this process (from 0): the kernel decides, so it takes some."""
        for _ in range(60):
            before = await self.connections()
            person = await make().connect()
            await eventually(lambda old=before: self._more_than(old), "it is counted")
            if (await self.connections())[process] > before[process]:
                return person
            await person.close()
            await eventually(lambda old=before: self._as_many_as(old), "it has gone")
        raise AssertionError("all connections went to the same process")

    async def _more_than(self, before: list[int]) -> bool:
        return sum(await self.connections()) > sum(before)

    async def _as_many_as(self, before: list[int]) -> bool:
        return await self.connections() == before


async def _page(port: int, path: str) -> str:
    """What a page says; nothing when it does not answer with 200."""

    def fetch() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    with contextlib.suppress(OSError):
        return await asyncio.to_thread(fetch)
    return ""


def _figure(metrics: str, name: str) -> int:
    found = re.search(rf"^{name} (\S+)$", metrics, re.MULTILINE)
    assert found, metrics
    return int(float(found[1]))


@pytest_asyncio.fixture
async def several(start: Start) -> Several:
    first = ports.pick(PROCESSES)
    server = await start(processes=PROCESSES, metrics_port=first)
    several = Several(server, first)
    await several.all_serve()
    return several


@pytest.mark.asyncio
async def test_people_on_different_processes_talk(several: Several, cast: Cast) -> None:
    mei = await several.seat(lambda: cast.person("mei", several.server), 0)
    lin = await several.seat(lambda: cast.person("lin", several.server), 1)
    assert await several.connections() == [1, 1]
    room = await mei.open(lin.user)
    told = await mei.say(room, "to the other process")
    await lin.sees("message", conversation=room, seq=told["seq"])
    answer = await lin.say(room, "and back")
    await mei.sees("message", conversation=room, seq=answer["seq"])
    assert answer["seq"] == told["seq"] + 1


@pytest.mark.asyncio
async def test_figures_are_not_on_the_shared_port(several: Several) -> None:
    assert await asyncio.to_thread(several.server.get, "/healthz") == 200
    assert await asyncio.to_thread(several.server.get, "/metrics") == 404


async def keep_writing(device: RecordedDevice, room: str, stop: asyncio.Event) -> None:
    """Through every lost connection."""
    while not stop.is_set():
        try:
            if not device.connected:
                await device.come_back(PATIENCE_S)
            device.write(room, "on and on")
            await device.post()
        except (LostError, TimeoutError):
            await asyncio.sleep(0.02)


async def talk_through(
    several: Several, cast: Cast, history: Path, disturb: Callable[[], Any]
) -> None:
    """Two people write to each other from different processes, all the time, and settle."""
    with Recorder(history) as recorder:

        def make(who: str) -> Callable[[], RecordedDevice]:
            return lambda: RecordedDevice(several.url, cast.name(who), recorder)

        mei, lin = await several.seat(make("mei"), 0), await several.seat(make("lin"), 1)
        assert isinstance(mei, RecordedDevice)
        assert isinstance(lin, RecordedDevice)
        room = await mei.open(lin.user)
        stop = asyncio.Event()
        writing = [asyncio.create_task(keep_writing(one, room, stop)) for one in (mei, lin)]
        await eventually(lambda: len(mei.shelf(room).messages) > 20, "messages flow")
        await disturb()
        count = len(lin.shelf(room).messages)
        await eventually(lambda: len(lin.shelf(room).messages) > count + 20, "they flow again")
        stop.set()
        await asyncio.gather(*writing)
        for one in (mei, lin):
            if not one.connected:
                await one.come_back(PATIENCE_S)
            await one.post()
        for one in (mei, lin):
            await one.catch_up()
            await one.last_view()
            await one.close()


@pytest.mark.asyncio
async def test_a_killed_process_comes_back_and_nothing_acknowledged_is_lost(
    several: Several, cast: Cast, tmp_path: Path, mongo_url: str, database_name: str
) -> None:
    async def kill_first() -> None:
        first, second = await several.pids()
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: not is_running(first), "it is gone")
        after = await several.all_serve()
        assert after[1] == second
        assert after[0] not in (first, second)

    await talk_through(several, cast, tmp_path / "history.jsonl", kill_first)
    log = several.server.log()
    assert log.count("a process ended and is started again") == 1
    several.server.stop()
    judged = verdict(mongo_url, database_name, tmp_path / "history.jsonl")
    assert judged.ok, str(judged)


@pytest.mark.asyncio
async def test_sighup_renews_all_while_some_always_serve(
    several: Several, cast: Cast, tmp_path: Path, mongo_url: str, database_name: str
) -> None:
    before = await several.pids()

    async def renew() -> None:
        os.kill(several.server.pid, signal.SIGHUP)
        while "all processes are new" not in several.server.log():
            assert len(await several.pids()) >= PROCESSES - 1
            await asyncio.sleep(0.05)
        assert not set(await several.all_serve()) & set(before)

    await talk_through(several, cast, tmp_path / "history.jsonl", renew)
    assert several.server.exit_status is None
    several.server.stop()
    judged = verdict(mongo_url, database_name, tmp_path / "history.jsonl")
    assert judged.ok, str(judged)


@pytest.mark.asyncio
async def test_settings_that_became_wrong_stop_a_renewal_and_leave_the_others(
    start: Start, tmp_path: Path, cast: Cast
) -> None:
    file, first = tmp_path / "chat.toml", ports.pick(PROCESSES)
    file.write_text("edits_max = 1\n")
    server = await start(processes=PROCESSES, metrics_port=first, config=file)
    several = Several(server, first)
    _, second = await several.all_serve()
    file.write_text("edits_max = 'many'\n")
    os.kill(server.pid, signal.SIGHUP)
    await eventually(lambda: server.log().count("CHAT_EDITS_MAX") >= 2, "it tries again")
    assert await several.pids() == [second]
    mei = await cast.join("mei", server)
    assert mei.connected
    file.write_text("edits_max = 2\n")
    await eventually(lambda: "all processes are new" in server.log(), "it works again", RESTART_S)
    assert second not in await several.all_serve()


@pytest.mark.asyncio
async def test_sigterm_tells_everyone_and_ends_all(several: Several, cast: Cast) -> None:
    mei = await several.seat(lambda: cast.person("mei", several.server), 0)
    lin = await several.seat(lambda: cast.person("lin", several.server), 1)
    pids = await several.pids()
    several.server.sigterm()
    for one in (mei, lin):
        await one.sees("notice", type="draining")
    assert await several.server.ended(PATIENCE_S) == 0
    assert not any(is_running(pid) for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children")
@pytest.mark.asyncio
async def test_a_killed_parent_leaves_no_process(several: Several) -> None:
    pids = await several.pids()
    assert len(pids) == PROCESSES
    await asyncio.to_thread(several.server.kill9)
    await eventually(lambda: not any(is_running(pid) for pid in pids), "the processes have ended")
    await several.server.restart()  # the port is free again
    await several.all_serve()


@pytest.mark.asyncio
async def test_nodes_of_their_own_share_a_port_when_asked_to(start: Start, cast: Cast) -> None:
    first_port, port = ports.pick(PROCESSES), ports.pick()
    nodes = [
        await start(port=port, reuse_port=True, metrics_port=first_port + number)
        for number in range(PROCESSES)
    ]
    several = Several(nodes[0], first_port)
    assert await several.all_serve() == [node.pid for node in nodes]
    mei = await several.seat(lambda: cast.person("mei", nodes[0]), 0)
    lin = await several.seat(lambda: cast.person("lin", nodes[0]), 1)
    room = await mei.open(lin.user)
    told = await mei.say(room, "between two units")
    await lin.sees("message", conversation=room, seq=told["seq"])
