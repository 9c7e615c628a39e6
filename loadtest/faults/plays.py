"""The plays: people talk over several nodes, something breaks, and the checker judges."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, replace
from typing import Any

from pymongo import MongoClient

from loadtest.checker import Verdict
from loadtest.faults import strokes
from loadtest.faults.alike import all_alike
from loadtest.faults.figures import Figures, figures_of
from loadtest.faults.recorded import documents_of, verdict
from loadtest.faults.stage import Databases, Scene, Stage, on_stage
from loadtest.faults.traffic import Traffic
from loadtest.history import read
from loadtest.recorder import Recorder

QUIET_S = 30.0  # within this everybody shows the same; only what fails waits so long
LOOK_EVERY_S = 0.1
SHOWN_MIN = 200  # messages on all devices together, between two strokes
HISTORY = "history.jsonl"


@dataclass(frozen=True)
class Play:
    """A fault, again and again, with peace between; the last one outlives the talk."""

    name: str
    stroke: strokes.Stroke
    lasts_s: float
    peace_s: float = 1.0
    shown: int = 0  # messages on all devices together while it lasts, at least
    mongo_cable: bool = False  # what the stage needs for it


PLAYS = {
    play.name: play
    for play in (
        Play("node-killed", strokes.node_killed, 0.5),
        Play("node-renewed", strokes.node_renewed, 0.0),
        Play("valkey-gone-0.3s", strokes.valkey_gone, 0.3),
        Play("valkey-gone-5s", strokes.valkey_gone, 5),
        Play("valkey-gone-30s", strokes.valkey_gone, 30, peace_s=5),
        Play("valkey-hangs", strokes.valkey_hangs, 5, peace_s=3),
        Play("node-cut-off", strokes.one_node_cut_off, 1.5),
        Play("node-without-mongo", strokes.one_node_without_mongo, 5, 3, mongo_cable=True),
        Play("primary-steps-down", strokes.primary_steps_down, 1),
        Play("primary-killed", strokes.primary_killed, 3, peace_s=1.5),
        Play("primary-lost", strokes.primary_lost, 3, peace_s=3),
        Play("disk-full", strokes.disk_full, 3, peace_s=1.5),
        Play("primary-hangs", strokes.primary_hangs, 8, peace_s=3),
    )
}


@dataclass(frozen=True)
class Outcome:
    """How a play ended."""

    name: str
    seed: int
    times: int  # the fault happened
    figures: Figures
    settled_s: float | None  # from the last word to all devices alike; None: not in time
    judged: Verdict
    wrong: tuple[str, ...]  # with the nodes themselves

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return self.judged.ok and not self.wrong and self.settled_s is not None

    def __str__(self) -> str:
        when = "not in time" if self.settled_s is None else f"{self.settled_s:.1f} s"
        heading = f"{self.name}, seed {self.seed}, everybody alike after: {when}"
        return "\n".join((heading, str(self.judged), *self.wrong))


async def perform(
    play: Play, found: Databases, scene: Scene, *, seconds: float, seed: int
) -> Outcome:
    """Let a play run for so long, at least through one stroke; the history stays in the folder."""
    history = scene.folder / HISTORY
    async with on_stage(found, replace(scene, mongo_cable=play.mongo_cable)) as stage:
        urls = [node.url for node in stage.nodes]
        with Recorder(history) as recorder:
            traffic = Traffic(urls, recorder, random.Random(seed), scene.pause_s)
            try:
                await traffic.begin()
                times = await _strike(play, stage, traffic, seconds)
                await traffic.finish()
                settled_s = await _alike(traffic, stage, scene)
                await traffic.last_views()
            finally:
                await traffic.end()
        wrong = await stage.drained()
        judged = await asyncio.to_thread(verdict, stage.mongo.url, scene.database, history)
    figures = figures_of(read([history]), traffic.silent_at)
    return Outcome(play.name, seed, times, figures, settled_s, judged, tuple(wrong))


async def _strike(play: Play, stage: Stage, traffic: Traffic, seconds: float) -> int:
    end = time.monotonic() + seconds
    times, last = 0, False
    while not last:
        await _talk(traffic, play.peace_s, SHOWN_MIN)
        last = time.monotonic() + play.lasts_s + play.peace_s >= end
        async with play.stroke(stage):
            await _talk(traffic, play.lasts_s, play.shown)
            if last:
                await traffic.fall_silent()
        times += 1
    return times


async def _talk(traffic: Traffic, for_s: float, shown: int) -> None:
    """Let people talk for so long; on a slow machine until there is so much to lose."""
    before, patience = traffic.shown, time.monotonic() + QUIET_S
    await asyncio.sleep(for_s)
    while (  # noqa: ASYNC110 - what devices show sets no event
        traffic.shown < before + shown and time.monotonic() < patience
    ):
        await asyncio.sleep(LOOK_EVERY_S)


async def _alike(traffic: Traffic, stage: Stage, scene: Scene) -> float | None:
    """How long it takes until all devices show what the database holds, by themselves."""
    begun = time.monotonic()
    with MongoClient[Any](stage.mongo.url) as client:
        while time.monotonic() < begun + QUIET_S:
            documents = await asyncio.to_thread(documents_of, client, scene.database)
            if all_alike(traffic.devices, documents):
                return time.monotonic() - begun
            await asyncio.sleep(LOOK_EVERY_S)
    return None
