"""What doctor says of each shape of Redis, and of a URL that leads to the wrong one."""

from __future__ import annotations

import pytest

from chatserver.bus.probe import redis_facts
from chatserver.config import Settings
from chatserver.doctor import Finding, _redis
from tests.integration.bus.shapes import Cluster, Watched

pytestmark = pytest.mark.asyncio


async def finding(url: str) -> Finding:
    return await _redis(Settings(redis_url=url))


async def test_every_shape_is_well_and_named(
    redis_url: str, shared_watched: Watched, shared_cluster: Cluster
) -> None:
    reached = {
        redis_url: "one server",
        shared_watched.url: "the master that Sentinel names",
        shared_cluster.url: "a cluster of 3 shards",
    }
    for url, how in reached.items():
        found = await finding(url)
        assert found.ok, found.says
        assert found.says.endswith(f", {how}")
        assert (await redis_facts(url)).name == "valkey"


async def test_a_node_of_a_cluster_or_a_sentinel_is_no_server(
    shared_watched: Watched, shared_cluster: Cluster
) -> None:
    node = await finding(f"redis://{shared_cluster.nodes[0].place}")
    assert "redis+cluster://" in node.says
    sentinel = await finding(f"redis://{shared_watched.sentinels[0].place}")
    assert "redis+sentinel://" in sentinel.says
    assert (node.ok, sentinel.ok) == (False, False)


async def test_a_service_or_a_cluster_that_is_not_there_is_named(shared_watched: Watched) -> None:
    place = shared_watched.sentinels[0].place
    for url in (f"redis+sentinel://{place}/other", "redis+cluster://127.0.0.1:1"):
        found = await finding(url)
        assert not found.ok
        assert "CHAT_REDIS_URL" in found.says
