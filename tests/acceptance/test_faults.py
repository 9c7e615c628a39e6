"""Databases and nodes break while people talk: every promise is kept. `make faults` is longer."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from loadtest.faults.plays import PLAYS, perform
from loadtest.faults.stage import Databases, Scene

PAUSE_S = 0.3  # people do less in a second than in `make faults`


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "nodes", "seconds"),
    [
        ("node-killed", 1, 0),
        ("node-killed", 3, 1),
        ("node-renewed", 2, 0),
        ("valkey-gone-0.3s", 2, 0),
        ("valkey-gone-5s", 2, 0),
        ("node-cut-off", 2, 0),
        ("node-without-mongo", 2, 0),
        ("primary-steps-down", 2, 0),
        ("primary-killed", 2, 0),
        pytest.param("disk-full", 2, 0, marks=pytest.mark.skipif("sys.platform != 'linux'")),
    ],
)
async def test_every_promise_is_kept_through(
    found: Databases, tmp_path: Path, name: str, nodes: int, seconds: float
) -> None:
    scene = Scene(tmp_path, nodes=nodes, pause_s=PAUSE_S)
    outcome = await perform(PLAYS[name], found, scene, seconds=seconds, seed=secrets.randbits(32))
    print(outcome, outcome.figures)
    assert outcome.ok, str(outcome)
    assert outcome.figures.acknowledged > 20
