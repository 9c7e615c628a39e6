"""Where a rehearsal takes place: servers of its own, or any that are there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtest.faults.nodes import KEY, PRODUCT, ChatServer
from loadtest.faults.stage import Scene, Stage, databases, on_stage, working
from loadtest.rehearsal.notified import push_file
from loadtest.rehearsal.scenario import CUTS_MONGO, Scenario
from loadtest.rehearsal.ways import Target
from loadtest.swarm.failed import Failed

# The product's own limits, but for those on one address, which all clients of a run share.
SETTINGS = {
    "CHAT_UNAUTHENTICATED_PER_ADDRESS": "20000",
    "CHAT_AUTH_DEADLINE_MS": "30000",
    "CHAT_LOG_LEVEL": "warning",
}


@dataclass(frozen=True)
class Venue:
    """The servers, and what of them can be looked into."""

    target: Target
    stage: Stage | None = None  # what may be broken
    mongo_url: str | None = None
    database: str | None = None
    redis_url: str | None = None
    worker: ChatServer | None = None  # who notifies

    @property
    def pids(self) -> dict[str, list[int]]:
        """Processes on this machine by what they are."""
        if self.stage is None:
            return {}
        servers = [*self.stage.nodes, *([self.worker] if self.worker else ())]
        return {
            "server": [each.pid for each in servers],
            "data": [*(each.pid for each in self.stage.mongo.members), self.stage.valkey.pid],
        }


@asynccontextmanager
async def own(
    scenario: Scenario, program: tuple[str, ...] = PRODUCT, folder: Path | None = None
) -> AsyncIterator[Venue]:
    """Databases and nodes as the scenario wants them, gone afterwards.

    Call it from the main thread, with which all processes end. `program` is what Python runs as
    a node; the nodes' logs stay if there is a `folder`.

    Raises:
        DevError, Failed: something does not start.
    """
    path = folder or Path(tempfile.mkdtemp(prefix="chatserver-rehearsal-"))
    async with AsyncExitStack() as ends:
        if folder is None:
            ends.callback(shutil.rmtree, path, ignore_errors=True)
        shutil.rmtree(path / "databases", ignore_errors=True)  # left by a run that was killed
        ends.callback(shutil.rmtree, path / "databases", ignore_errors=True)
        found = ends.enter_context(databases(path / "databases", scenario.mongo_members))
        notifies = scenario.setting.push
        pushing = await ends.enter_async_context(_push()) if notifies else {}
        scene = Scene(
            path / "nodes",
            nodes=scenario.setting.nodes,
            program=program,
            settings=SETTINGS | scenario.setting.environment | pushing,
            mongo_cable=CUTS_MONGO in scenario.faults,
        )
        worker = None
        try:
            stage = await ends.enter_async_context(on_stage(found, scene))
            if notifies:
                worker = await ends.enter_async_context(working(found, scene))
        except RuntimeError as error:
            raise Failed(str(error)) from None
        yield Venue(
            target=Target(tuple(node.url for node in stage.nodes), KEY),
            stage=stage,
            mongo_url=found.mongo.url,
            database=scene.database,
            redis_url=found.valkey.url,
            worker=worker,
        )


@asynccontextmanager
async def _push() -> AsyncIterator[dict[str, str]]:
    """The settings of servers that notify; nothing is gathered, so that all waiting is theirs."""
    async with push_file() as file:
        yield {"CHAT_PUSH_FILE": str(file), "CHAT_PUSH_GATHER_MS": "1"}
