"""Everything a play needs: databases for many plays, and for each its own nodes and database."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from chatserver.dev import servers
from loadtest.faults.cable import Cable, cable_to
from loadtest.faults.nodes import PRODUCT, WORKER, ChatServer, faults_in, free_port
from loadtest.faults.replica_set import MEMBERS, ReplicaSet
from loadtest.faults.server import Server
from loadtest.faults.traffic import PAUSE_S

NODES = 3
DRAINED_WITHIN_S = 30.0

# Plays say more in a second than people do; limits have tests of their own.
GENEROUS = {
    "CHAT_SENDS_PER_S": "100000",
    "CHAT_ROOM_SENDS_PER_S": "100000",
    "CHAT_CALLS_PER_S": "100000",
    "CHAT_READ_MARKS_PER_S": "100000",
    "CHAT_PROFILE_CHANGES_PER_S": "100000",
    "CHAT_DATA_KEYS": "test:" + base64.b64encode(b"k" * 32).decode(),
    "CHAT_AUTH_DEADLINE_MS": "30000",
    "CHAT_UNAUTHENTICATED_PER_ADDRESS": "5000",
}
# A handful of devices need not be spread over five seconds when they are told to come or to sync.
PROMPT = {"CHAT_RECONNECT_SPREAD_MS": "1000"}


@dataclass(frozen=True)
class Databases:
    """A MongoDB of one member or three, and a Valkey; each play leaves them whole."""

    mongo: ReplicaSet
    valkey: Server


@contextmanager
def databases(path: Path, members: int = MEMBERS) -> Iterator[Databases]:
    """Databases in a folder, running until the end; their data is of no use afterwards."""
    found = Databases(ReplicaSet(path / "mongo", members), Server(servers.valkey, path / "valkey"))
    try:
        found.mongo.start()
        found.valkey.start()
        yield found
    finally:
        found.valkey.kill()
        found.mongo.stop()


class Stage:
    """Nodes over databases; the first of them reaches Valkey through a cable of its own, and
    MongoDB's primary too where the scene says so."""

    def __init__(
        self,
        found: Databases,
        cable: Cable,
        nodes: Sequence[ChatServer],
        mongo_cable: Cable | None = None,
    ) -> None:
        """The nodes run already."""
        self.mongo = found.mongo
        self.valkey = found.valkey
        self.cable = cable
        self.mongo_cable = mongo_cable
        self.nodes = nodes
        self._turn = -1

    def next_node(self) -> ChatServer:
        """One node after the other."""
        self._turn += 1
        return self.nodes[self._turn % len(self.nodes)]

    async def drained(self) -> list[str]:
        """All nodes end in order; what was wrong with them, and with what they logged."""
        for node in self.nodes:
            node.sigterm()
        wrong = []
        for number, node in enumerate(self.nodes):
            status = await node.ended(within_s=DRAINED_WITHIN_S)
            wrong += [f"node {number} logged: {fault}" for fault in faults_in(node.log())]
            if status:
                wrong.append(f"node {number} ended with status {status}: {node.log()[-1000:]}")
        return wrong


@dataclass(frozen=True)
class Scene:
    """What a stage is made of."""

    folder: Path
    nodes: int = NODES
    program: Sequence[str] = PRODUCT
    settings: Mapping[str, str] = field(default_factory=lambda: {**GENEROUS, **PROMPT})
    pause_s: float = PAUSE_S  # at most, between two things that somebody does
    database: str = field(default_factory=lambda: f"play_{secrets.token_hex(6)}")
    mongo_cable: bool = False  # the primary must stay what it is: the first node knows no other

    def environment(self, found: Databases) -> dict[str, str]:
        """What a process of the play is told."""
        return {
            "CHAT_MONGO_URL": found.mongo.url,
            "CHAT_REDIS_URL": found.valkey.url,
            "CHAT_MONGO_DATABASE": self.database,
            **self.settings,
        }


@asynccontextmanager
async def on_stage(found: Databases, scene: Scene) -> AsyncIterator[Stage]:
    """Nodes that run until the end, whatever happened to them meanwhile."""
    async with AsyncExitStack() as ends:
        cable, near = await ends.enter_async_context(cable_to(_port(found.valkey.url)))
        first = {"CHAT_REDIS_URL": f"redis://{urlsplit(near).netloc}/0"}
        mongo_cable = None
        if scene.mongo_cable:
            primary, _ = await asyncio.to_thread(found.mongo.roles)
            way = cable_to(_port(f"//{primary.url}"))
            mongo_cable, near = await ends.enter_async_context(way)
            first["CHAT_MONGO_URL"] = f"mongodb://{urlsplit(near).netloc}/?directConnection=true"
        told = scene.environment(found)
        nodes = [
            ChatServer(
                scene.folder / f"node-{number}", told | (first if not number else {}), scene.program
            )
            for number in range(scene.nodes)
        ]
        try:
            await asyncio.gather(*(node.restart() for node in nodes))
            yield Stage(found, cable, nodes, mongo_cable)
        finally:
            for node in nodes:
                node.kill9()


@asynccontextmanager
async def working(found: Databases, scene: Scene) -> AsyncIterator[ChatServer]:
    """A worker beside the nodes of a scene, until the end.

    Raises:
        RuntimeError: it does not start.
    """
    port = str(free_port())
    at = {"CHAT_PORT": port, "CHAT_WORKER_PORT": port}
    worker = ChatServer(scene.folder / "worker", scene.environment(found) | at, WORKER)
    try:
        await worker.restart()
        yield worker
    finally:
        worker.kill9()


def _port(url: str) -> int:
    return urlsplit(url).port or 0
