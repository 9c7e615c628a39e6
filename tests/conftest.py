"""Real servers for the tests: one MongoDB and one Valkey for the whole run, others on request."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from pymongo import MongoClient

from chatserver.dev import servers
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import Program
from chatserver.store.indexes import INDEXES
from loadtest.faults.server import Server
from tests.examples import ALL, examples

# no promise is about how long one example takes on a busy machine
settings.register_profile(
    "busy machine",
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("busy machine")

ADDRESSES = ("mongo_url", "redis_url")


class SharedServers:
    """The servers of the whole test run. They belong to the process that hands out the tests."""

    def __init__(self) -> None:
        self._urls: dict[str, str] = {}
        self._ends = ExitStack()

    def urls(self) -> dict[str, str]:
        """Their addresses; the first call starts them."""
        if not self._urls:
            path = Path(tempfile.mkdtemp(prefix="chatserver-tests-"))
            self._ends.callback(shutil.rmtree, path, ignore_errors=True)
            makers = (servers.mongod, servers.valkey)
            for address, make in zip(ADDRESSES, makers, strict=True):
                server = Server(make, path)
                self._ends.callback(server.stop)
                server.start()
                self._urls[address] = server.url
        return self._urls

    def stop(self) -> None:
        """Stop what was started and remove its data."""
        self._ends.close()


SHARED = pytest.StashKey[SharedServers]()


def pytest_configure(config: pytest.Config) -> None:
    """The workers of pytest-xdist get the addresses from the process that started them."""
    if not hasattr(config, "workerinput"):
        config.stash[SHARED] = SharedServers()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A usual run leaves out the second driver where a test says so."""
    spared = [] if ALL else [item for item in items if _is_over_another_driver(item)]
    config.hook.pytest_deselected(items=spared)
    items[:] = [item for item in items if item not in spared]


def _is_over_another_driver(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    given = callspec.params.values() if callspec is not None else ()
    return item.get_closest_marker("one_driver") is not None and "pymongo" in given


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called before each worker starts: it cannot ask later, so start now what it may need."""
    if _may_need_servers(node.config):
        node.workerinput.update(node.config.stash[SHARED].urls())


def pytest_unconfigure(config: pytest.Config) -> None:
    """The run is over."""
    if SHARED in config.stash:
        config.stash[SHARED].stop()


def _may_need_servers(config: pytest.Config) -> bool:
    unit = config.rootpath / "tests" / "unit"
    chosen = [config.invocation_params.dir / arg.split("::")[0] for arg in config.args]
    return not all(path.resolve().is_relative_to(unit) for path in chosen)


def _address(config: pytest.Config, name: str) -> str:
    handed_over: dict[str, str] | None = getattr(config, "workerinput", None)
    return (config.stash[SHARED].urls() if handed_over is None else handed_over)[name]


@pytest.fixture(scope="session")
def mongo_url(pytestconfig: pytest.Config) -> str:
    """The MongoDB of this run. Use `database_name` in it, as other tests are in it too."""
    return _address(pytestconfig, "mongo_url")


@pytest.fixture(scope="session")
def redis_url(pytestconfig: pytest.Config) -> str:
    """The Valkey of this run, shared with the other tests: take names that only you have."""
    return _address(pytestconfig, "redis_url")


@pytest.fixture(scope="session")
def _mongo_admin(mongo_url: str) -> Iterator[MongoClient[dict[str, Any]]]:
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_url)
    with client:
        yield client


@pytest.fixture
def database_name(_mongo_admin: MongoClient[dict[str, Any]]) -> Iterator[str]:
    """The name of a database for one test, dropped afterwards."""
    name = f"test_{secrets.token_hex(8)}"
    yield name
    _mongo_admin.drop_database(name)


@pytest.fixture(scope="session")
def prepared_name(_mongo_admin: MongoClient[dict[str, Any]]) -> Iterator[str]:
    """A database with its indexes for many tests: each takes conversations that only it has.

    Making the indexes costs many times what a test does with them.
    """
    name = f"test_{secrets.token_hex(8)}"
    for collection, indexes in INDEXES.items():
        _mongo_admin[name][collection].create_indexes(indexes)
    yield name
    _mongo_admin.drop_database(name)


@pytest.fixture
def empty_database(_mongo_admin: MongoClient[dict[str, Any]], prepared_name: str) -> str:
    """The same with nothing in it but what this test brings."""
    database = _mongo_admin[prepared_name]
    # not what MongoDB notes while it is watched
    for name in database.list_collection_names(filter={"name": {"$regex": r"^(?!system\.)"}}):
        database[name].delete_many({})
    return prepared_name


@pytest.fixture
def private_mongo(tmp_path: Path) -> Iterator[Server]:
    """A running MongoDB for one test, which may kill it."""
    yield from _private(servers.mongod, tmp_path)


@pytest.fixture
def private_valkey(tmp_path: Path) -> Iterator[Server]:
    """A running Valkey for one test, which may kill it."""
    yield from _private(servers.valkey, tmp_path)


def _private(make: Callable[[DataFolder], Program], path: Path) -> Iterator[Server]:
    server = Server(make, path / "servers")
    try:
        server.start()
        yield server
    finally:
        server.stop()
