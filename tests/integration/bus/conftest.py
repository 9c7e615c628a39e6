"""Every shape of Redis: what holds for one server must hold with Sentinel and in a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.bus.shapes import Cluster, Watched


@pytest.fixture(scope="session")
def shared_watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A master, a replica and Sentinels for many tests."""
    with Watched(tmp_path_factory.mktemp("watched")) as watched:
        yield watched


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of three shards for many tests."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def private_watched(tmp_path: Path) -> Iterator[Watched]:
    """The same for one test, which may kill any of them."""
    with Watched(tmp_path) as watched:
        yield watched


@pytest.fixture
def private_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """The same for one test, which may move slots and kill nodes."""
    with Cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture(params=["server", "sentinel", "cluster"])
def any_url(request: pytest.FixtureRequest) -> str:
    """A Redis of each shape, shared with other tests: take names that only you have."""
    if request.param == "server":
        return str(request.getfixturevalue("redis_url"))
    watched = request.param == "sentinel"
    found: str = request.getfixturevalue("shared_watched" if watched else "shared_cluster").url
    return found
