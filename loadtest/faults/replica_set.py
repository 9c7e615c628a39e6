"""A MongoDB of several members on this machine, whose primary may step down, die or hang."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from chatserver.dev import ports
from chatserver.dev.binaries import find_mongod
from chatserver.dev.errors import DevError
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import POLL_S, READY_S, Program
from chatserver.dev.servers import MONGOD_OPTIONS, REPLICA_SET
from loadtest.faults.server import Server

MEMBERS = 3
ELECTION_MS = 2000  # without a word of the primary; the default of ten seconds would only be waited
HEARTBEAT_MS = 500
STEPS_DOWN_FOR_S = 10
# A new primary first lets go of the old one: five seconds by default when that one hangs.
OPTIONS = (*MONGOD_OPTIONS, "--setParameter", "oplogNetworkTimeoutBufferSeconds=1")

PRIMARY, SECONDARY = 1, 2  # states of a member, as MongoDB numbers them


class ReplicaSet:
    """Three members with short elections, or fewer. Start them from the main thread."""

    def __init__(self, path: Path, members: int = MEMBERS) -> None:
        """The members' data is in folders at `path`; nothing runs yet.

        Raises:
            DevError: there is no mongod on this machine.
        """
        path.mkdir(parents=True, exist_ok=True)
        self.members = [
            Server(_member(number), path / f"member-{number}") for number in range(members)
        ]
        self._hosts = [member.url for member in self.members]

    @property
    def url(self) -> str:
        """The address of the whole set."""
        return f"mongodb://{','.join(self._hosts)}/?replicaSet={REPLICA_SET}"

    def start(self) -> None:
        """Start all members, make a set of them, and wait until all are in it.

        Raises:
            DevError: they do not start, or do not find each other in time.
        """
        for member in self.members:
            member.spawn()
        for member in self.members:
            member.wait_ready()
        with _direct(self._hosts[0]) as client:
            client.admin.command("replSetInitiate", self._configuration())
        self.wait_whole()

    def stop(self) -> None:
        """End all members at once, also those that hang."""
        for member in self.members:
            member.kill()

    def primary(self) -> Server:
        """The member that takes writes; waits for an election.

        Raises:
            DevError: none is elected in time.
        """
        found: list[Server] = []

        def elected() -> bool:
            primaries = zip(self.members, self._hosts, strict=True)
            found[:] = [member for member, host in primaries if _is_primary(host)]
            return len(found) == 1

        _wait(elected, "no primary was elected")
        return found[0]

    def roles(self) -> tuple[Server, list[Server]]:
        """The primary and the other members; waits for an election."""
        primary = self.primary()
        return primary, [member for member in self.members if member is not primary]

    def step_down(self) -> None:
        """Have the primary hand over, as in maintenance; returns when another one is elected."""
        before = self.primary()
        _wait(lambda: _hands_over(before) and self.primary() is not before, "nobody took over")

    def wait_whole(self) -> None:
        """Block until one member is primary and all others follow it.

        Raises:
            DevError: that is not so in time.
        """
        whole = [PRIMARY, *[SECONDARY] * (len(self.members) - 1)]
        _wait(lambda: sorted(self._states()) == whole, "not whole")

    def _states(self) -> list[int]:
        for host in self._hosts:
            try:
                with _direct(host) as client:
                    status = client.admin.command("replSetGetStatus")
            except PyMongoError:
                continue
            return [int(member["state"]) for member in status["members"]]
        return []

    def _configuration(self) -> dict[str, Any]:
        hosts = enumerate(self._hosts)
        return {
            "_id": REPLICA_SET,
            "members": [{"_id": number, "host": host} for number, host in hosts],
            "settings": {
                "electionTimeoutMillis": ELECTION_MS,
                "heartbeatIntervalMillis": HEARTBEAT_MS,
                # also bounds how long a new primary waits for one that hangs
                "heartbeatTimeoutSecs": 2,
            },
        }


def _member(number: int) -> Callable[[DataFolder], Program]:
    """A mongod that waits to be taken into a set; its `url` is host and port alone."""

    def make(folder: DataFolder) -> Program:
        port = folder.port("mongod")
        data = str(folder.subfolder("mongod"))
        return Program(
            name="mongod",
            title=f"MongoDB {number}",
            url=f"127.0.0.1:{port}",
            command=(str(find_mongod()), "--dbpath", data, "--port", str(port), *OPTIONS),
            is_ready=lambda: ports.is_open(port),
        )

    return make


@contextmanager
def _direct(host: str) -> Iterator[MongoClient[dict[str, Any]]]:
    client: MongoClient[dict[str, Any]] = MongoClient(
        host,
        directConnection=True,
        serverSelectionTimeoutMS=500,
        timeoutMS=5000,
    )
    with client:
        yield client


def _is_primary(host: str) -> bool:
    name, _, port = host.rpartition(":")
    if not ports.is_open(int(port)):
        return False
    try:
        with _direct(f"{name}:{port}") as client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False


def _hands_over(primary: Server) -> bool:
    """Ask it to; it refuses as long as no other member has all it has."""
    with _direct(primary.url) as client:
        try:
            client.admin.command("replSetStepDown", STEPS_DOWN_FOR_S, secondaryCatchUpPeriodSecs=2)
        except AutoReconnect:
            return True  # it closes its connections then
        except OperationFailure:
            return False
    return True


def _wait(what: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + READY_S
    while not what():
        if time.monotonic() > deadline:
            raise DevError(f"the replica set: {otherwise} within {READY_S:.0f} s")
        time.sleep(POLL_S)
