"""Starts rivals and what they need, each on its core, and ends all of them by their pids."""

from __future__ import annotations

import itertools
import secrets
import shutil
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chatserver.dev import ports, servers
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import Child, Program
from loadtest.rivals.table import KEY, Rival
from loadtest.swarm import cores
from loadtest.swarm.crowd import Place
from loadtest.swarm.worker import ROOT

# Load says more in a second, from fewer addresses and more devices, than the limits let people.
LIMITS_OFF = {
    "CHAT_SENDS_PER_S": "1000000",
    "CHAT_ROOM_SENDS_PER_S": "1000000",
    "CHAT_CALLS_PER_S": "1000000",
    "CHAT_READ_MARKS_PER_S": "1000000",
    "CHAT_SOCKETS_PER_USER": "20000",
    "CHAT_DEVICES_PER_PLATFORM": "20000",
    "CHAT_UNAUTHENTICATED_PER_ADDRESS": "20000",
    "CHAT_UNAUTHENTICATED_TOTAL": "20000",
    "CHAT_CONNECTS_PER_S": "1000000",
    "CHAT_AUTH_DEADLINE_MS": "60000",
    "CHAT_INBOX_FRAMES": "2000",
}


class House:
    """The databases of one run and the rivals that come and go beside them."""

    def __init__(self, chosen: cores.Cores) -> None:
        """Nothing runs yet; `with` starts what is asked for and ends it."""
        self.cores = chosen
        self._ends = ExitStack()
        self._path = Path()
        self._data: list[Child] = []
        self._data_core = chosen.load
        self._numbers = itertools.count(1)

    def __enter__(self) -> House:
        cores.raise_file_limit()
        self._path = Path(tempfile.mkdtemp(prefix="chatserver-bench-"))
        self._ends.callback(shutil.rmtree, self._path, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    @property
    def mongo_url(self) -> str:
        """The MongoDB that products of this run store in; started at the first need."""
        return self._databases()[0].program.url

    @property
    def redis_url(self) -> str:
        """The Valkey between the nodes of products; started at the first need."""
        return self._databases()[1].program.url

    @property
    def data_pids(self) -> tuple[int, ...]:
        """The processes of MongoDB and Valkey, as far as they run."""
        return tuple(child.pid for child in self._data)

    def place_databases(self, core: int | None) -> None:
        """Put MongoDB and Valkey on a core, or let them run on all."""
        for child in self._databases():
            cores.pin(child.pid, core)
        self._data_core = core

    @contextmanager
    def running(self, rival: Rival, database: str | None = None) -> Iterator[Place]:
        """A rival on the server's core, until the end of the `with`.

        Args:
            rival: which.
            database: where a product stores; one of its own by default.

        Raises:
            DevError: it does not start.
        """
        port = ports.pick()
        name = f"{rival.name}-{next(self._numbers)}"
        variables = dict(rival.variables)
        if rival.stores:
            variables |= self._product_settings(database)
        program = Program(
            name=name,
            title=rival.title,
            url=f"http://127.0.0.1:{port}",
            command=rival.command(port),
            is_ready=_says_ready(port) if rival.stores else lambda: ports.is_open(port),
            variables={**variables, "PYTHONPATH": str(ROOT)},
        )
        with _started(program, DataFolder(self._path), self.cores.server, hard=True) as child:
            data = self.data_pids if rival.stores else ()
            yield Place(
                port=port,
                pid=child.pid,
                dialect=rival.dialect,
                data_pids=data,
                data_beside_load=self._data_core == self.cores.load,
            )

    def _product_settings(self, database: str | None) -> dict[str, str]:
        mongod, valkey = self._databases()
        return {
            **LIMITS_OFF,
            "CHAT_CONFIG": "",
            "CHAT_MONGO_URL": mongod.program.url,
            "CHAT_MONGO_DATABASE": database or f"bench_{secrets.token_hex(6)}",
            "CHAT_REDIS_URL": valkey.program.url,
            "CHAT_JWT_KEY": KEY,
            "CHAT_LOG_LEVEL": "warning",
        }

    def _databases(self) -> list[Child]:
        if not self._data:
            folder = DataFolder(self._path)
            for make in (servers.mongod, servers.valkey):
                started = _started(make(folder), folder, self.cores.load, hard=False)
                self._data.append(self._ends.enter_context(started))
        return self._data


@contextmanager
def _started(
    program: Program, folder: DataFolder, core: int | None, *, hard: bool
) -> Iterator[Child]:
    """A process on its core; `hard`: killed at the end, with whatever it still has to do."""
    child = Child(program, folder)
    try:
        child.start()
        cores.pin(child.pid, core)
        child.wait_ready()
        yield child
    finally:
        child.kill() if hard else child.stop()


def _says_ready(port: int) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    return ask
