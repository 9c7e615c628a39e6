"""A check that cannot fail is none: each of these servers has one defect, and is found out."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from loadtest.faults import strokes
from loadtest.faults.nodes import PRODUCT
from loadtest.faults.people import PATIENCE_S, LostError, NotGrantedError, text
from loadtest.faults.plays import PLAYS, Play, perform
from loadtest.faults.recorded import RecordedDevice, verdict
from loadtest.faults.stage import Databases, Scene, Stage
from loadtest.recorder import Recorder
from tests.acceptance import broken
from tests.acceptance.conftest import Cast, Start
from tests.acceptance.proxy import MongoProxy
from tests.acceptance.stalled import STALLED, stalled_reader_is_cut_off

BROKEN = str(Path(__file__).parent / "broken.py")


@asynccontextmanager
async def nothing(_stage: Stage) -> AsyncIterator[None]:
    """All is well."""
    yield


ATTEMPTS = 5  # whether a defect harms anybody is chance: what was lost may have been said again
CALM = Play("calm", nothing, 1)
FOUND_OUT: dict[str, tuple[Play, set[str]]] = {
    "unconfirmed_writes": (PLAYS["primary-lost"], {"acknowledged_is_stored"}),
    "last_comes_first": (CALM, {"sending_order_is_kept"}),
    "no_resync": (
        Play("valkey-gone", strokes.valkey_gone, 1, shown=100),
        {"a_device_has_no_holes"},
    ),
    "positions_forgotten": (CALM, {"cursors_only_rise"}),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("defect", FOUND_OUT)
async def test_a_play_finds_out_a_server_with(
    defect: str, found: Databases, tmp_path: Path
) -> None:
    play, rules = FOUND_OUT[defect]
    for attempt in range(ATTEMPTS):
        scene = Scene(tmp_path / f"{attempt}", nodes=2, program=(BROKEN, defect))
        try:
            outcome = await perform(play, found, scene, seconds=0, seed=secrets.randbits(32))
        except NotGrantedError:  # it misses what it lost itself, and gives no answer with a hole
            continue
        print(outcome)
        if outcome.judged.broken >= rules:
            return
    pytest.fail(f"{ATTEMPTS} plays did not find it out")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("program", "rules"),
    [(PRODUCT, set()), ((BROKEN, "no_index_once"), {"a_message_is_stored_once"})],
    ids=["whole", "no_index_once"],
)
async def test_the_checker_sees_whether_a_retry_makes_a_second_message(
    start: Start, tmp_path: Path, mongo_url: str, database_name: str, program: Any, rules: set[str]
) -> None:
    proxy = await MongoProxy(mongo_url).start()
    server = await start(program=program, mongo_url=proxy.url)
    history = tmp_path / "history.jsonl"
    with Recorder(history) as recorder:
        mei = RecordedDevice(server.url, "mei", recorder)
        lin = RecordedDevice(server.url, "lin", recorder)
        for device in (mei, lin):
            await device.connect()
        sent = {"conversation": await mei.open("lin"), "client_id": "c", "kind": "text"}
        proxy.arm(server.kill9)
        with pytest.raises(LostError):
            await mei.call("message.send", {**sent, "body": text("once")})
        await server.restart()
        for device in (mei, lin):
            await device.come_back(PATIENCE_S)
        await mei.ask("message.send", **sent, body=text("once"))
        for device in (mei, lin):
            await device.catch_up()
            await device.last_view()
            await device.close()
    server.sigterm()
    await server.ended(PATIENCE_S)
    await proxy.stop()
    judged = verdict(mongo_url, database_name, history)
    assert judged.broken >= rules, str(judged)
    assert judged.ok is not bool(rules), str(judged)


@pytest.mark.asyncio
async def test_a_reader_who_stops_finds_out_a_server_without_queue_limit(
    start: Start, cast: Cast
) -> None:
    server = await start(program=(BROKEN, "no_queue_limit"), **STALLED)
    assert not await stalled_reader_is_cut_off(server, cast, within_s=1)


def test_every_defect_is_found_out_by_something() -> None:
    assert {*FOUND_OUT, "no_index_once", "no_queue_limit"} == set(broken.DEFECTS)
