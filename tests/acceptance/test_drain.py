"""SIGTERM: everyone is told, nothing acknowledged is lost, and the process is gone in time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from loadtest.faults.people import PATIENCE_S, LostError, eventually
from loadtest.faults.recorded import RecordedDevice, verdict
from loadtest.recorder import Recorder
from tests.acceptance.conftest import Cast, Start


async def keep_sending(device: RecordedDevice, room: str) -> None:
    """Until the connection ends."""
    try:
        while True:
            device.write(room, "under way")
            await device.post()
    except LostError:
        return


@pytest.mark.asyncio
async def test_a_drain_tells_everyone_and_loses_nothing(
    start: Start, cast: Cast, tmp_path: Path, mongo_url: str, database_name: str
) -> None:
    history = tmp_path / "history.jsonl"
    server = await start()
    with Recorder(history) as recorder:
        mei, lin = (RecordedDevice(server.url, cast.name(who), recorder) for who in ("mei", "lin"))
        await asyncio.gather(mei.connect(), lin.connect())
        room = await mei.open(lin.user)
        senders = [asyncio.create_task(keep_sending(who, room)) for who in (mei, lin)]
        await eventually(lambda: len(mei.shelf(room).messages) > 20, "messages flow")
        server.sigterm()
        status = await server.ended(PATIENCE_S)
        assert status == 0
        await asyncio.gather(*senders)
        for person in (mei, lin):
            notice = person.seen("notice", type="draining")[0]
            assert 0 <= notice["reconnect_in_ms"] <= 10_000
        await server.restart()
        for person in (mei, lin):
            await person.come_back(PATIENCE_S)
            await person.post()
        for person in (mei, lin):
            await person.catch_up()
            await person.last_view()
            await person.close()
    server.stop()
    judged = verdict(mongo_url, database_name, history)
    assert judged.ok, str(judged)


@pytest.mark.asyncio
async def test_a_draining_server_is_not_ready(start: Start, cast: Cast) -> None:
    server = await start()
    mei = await cast.join("mei", server)
    assert server.get("/healthz") == 200
    server.sigterm()
    await mei.sees("notice", type="draining")
    assert not server.is_ready()
    assert await server.ended(PATIENCE_S) == 0


@pytest.mark.asyncio
async def test_an_idle_server_ends_at_once(start: Start) -> None:
    server = await start(drain_ms=600_000)
    server.sigterm()
    assert await server.ended(PATIENCE_S) == 0
