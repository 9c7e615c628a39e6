"""Real deployments of Valkey, made in seconds: one watched by Sentinels, and a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from redis import Redis
from redis.exceptions import RedisError

from chatserver.dev import ports, servers
from chatserver.dev.binaries import find_valkey
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import Child, Program

SERVICE = "chat-master"
DOWN_AFTER_MS = 400
SLOTS = 16384
FORMING_S = 60.0


def wait_for(condition: Callable[[], Any], timeout_s: float = FORMING_S) -> None:
    """Block until something holds; a server that does not answer yet holds nothing."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            if condition():
                return
        except RedisError:
            pass
        assert time.monotonic() < deadline, "the servers did not come together in time"
        time.sleep(0.02)


class Valkey:
    """One process, with a client for an operator's commands."""

    def __init__(self, folder: DataFolder, name: str, port: int, *more: str) -> None:
        data = folder.subfolder(name)
        command = (str(find_valkey()), *more, "--port", str(port), "--dir", str(data))
        self.port = port
        self.place = f"127.0.0.1:{port}"
        self._child = Child(
            Program(
                name=name,
                title=name,
                url=f"redis://{self.place}",
                command=(*command, *servers.VALKEY_OPTIONS),
                is_ready=lambda: servers._answers_ping(port),
            ),
            folder,
        )
        self.client = Redis(port=port, socket_timeout=2)

    def start(self) -> None:
        self._child.start()
        self._child.wait_ready()

    def kill(self) -> None:
        self._child.kill()

    @property
    def pid(self) -> int:
        return self._child.pid

    def close(self) -> None:
        self.client.close()
        self._child.kill()


class Deployment:
    """Servers that end with the test."""

    def __init__(self, path: Path) -> None:
        self._folder = DataFolder(path)
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        try:
            self.form()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ends.close()

    def form(self) -> None:
        """Start all servers and wait until they work together."""
        raise NotImplementedError

    def add(self, name: str, port: int, *more: str) -> Valkey:
        server = Valkey(self._folder, name, port, *more)
        self._ends.callback(server.close)
        server.start()
        return server


class Watched(Deployment):
    """A master, a replica, and three Sentinels that fail over soon."""

    def form(self) -> None:
        first = ports.pick(5)
        self.one = self.add("one", first, "--repl-diskless-sync-delay", "0")
        self.two = self.add("two", first + 1, "--replicaof", f"127.0.0.1 {first}")
        wait_for(lambda: self.two.client.info("replication")["master_link_status"] == "up")
        self.sentinels = [
            self.add(f"sentinel{n}", first + n, self._config(n, first), "--sentinel")
            for n in (2, 3, 4)
        ]
        wait_for(lambda: all(self._sees_all(each) for each in self.sentinels))
        self.url = f"redis+sentinel://{','.join(s.place for s in self.sentinels)}/{SERVICE}/0"

    def master_port(self) -> int:
        """Where Sentinels say that the master is."""
        return int(self.sentinels[0].client.sentinel_get_master_addr_by_name(SERVICE)[1])

    def _config(self, number: int, port: int) -> str:
        lines = (
            f"sentinel monitor {SERVICE} 127.0.0.1 {port} 2",
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {SERVICE} 3000",
        )
        path = self._folder.path / f"sentinel{number}.conf"
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    def _sees_all(self, sentinel: Valkey) -> bool:
        state = sentinel.client.sentinel_master(SERVICE)
        return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)


class Cluster(Deployment):
    """Three masters that share the slots evenly."""

    def form(self) -> None:
        first = ports.pick(6)
        self.nodes = [self._node(number, first + 2 * number) for number in range(3)]
        share = SLOTS // 3 + 1
        for number, node in enumerate(self.nodes):
            last = min((number + 1) * share, SLOTS) - 1
            node.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.client.execute_command("CLUSTER", "ADDSLOTSRANGE", number * share, last)
            for other in self.nodes[:number]:
                node.client.execute_command(
                    "CLUSTER", "MEET", "127.0.0.1", other.port, other.port + 1
                )
        wait_for(lambda: all(map(self._is_whole, self.nodes)))
        self.url = f"redis+cluster://{','.join(node.place for node in self.nodes[:2])}"

    def owner(self, slot: int) -> Valkey:
        """The node that has a slot, as the first node that answers says."""
        rows = self.nodes[0].client.execute_command("CLUSTER", "SLOTS", NEVER_DECODE=True)
        port = next(row[2][1] for row in rows if row[0] <= slot <= row[1])
        return next(node for node in self.nodes if node.port == port)

    def give(self, slot: int, node: Valkey) -> None:
        """Move a slot with all that is in it, as an operator's tool does."""
        source, name = self.owner(slot), self.name(node)
        node.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", self.name(source))
        source.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", name)
        while keys := source.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.client.migrate("127.0.0.1", node.port, keys, 0, 2000)
        for each in (node, source, *self.nodes):
            each.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", name)

    @staticmethod
    def name(node: Valkey) -> str:
        """The node's id in the cluster."""
        return str(node.client.execute_command("CLUSTER", "MYID").decode())

    def _node(self, number: int, port: int) -> Valkey:
        return self.add(
            f"node{number}",
            port,
            *("--cluster-enabled", "yes", "--cluster-port", str(port + 1)),
            *("--cluster-node-timeout", "1000", "--cluster-config-file", "nodes.conf"),
        )

    def _is_whole(self, node: Valkey) -> bool:
        state: bytes = node.client.execute_command("CLUSTER", "INFO", NEVER_DECODE=True)
        text = state.decode() if isinstance(state, bytes) else str(state)
        return "cluster_state:ok" in text and "cluster_known_nodes:3" in text
