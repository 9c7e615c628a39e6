"""How soon the nodes find each other again, whatever happened to Redis."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.crc import key_slot
from redis.exceptions import ConnectionError as ConnectionLost

from chatserver.bus.finding import FoundConnection, Sentinels
from chatserver.bus.lanes import _TAGS, Lanes
from chatserver.bus.presence import PresenceBoard
from chatserver.dev import ports
from tests.integration.bus.cable import cable
from tests.integration.bus.nodes import PATIENCE_S, Node, running, until
from tests.integration.bus.shapes import SERVICE, Cluster, Watched

pytestmark = pytest.mark.asyncio

BACK_WITHIN_S = 1.0
SENTINELS_S = 120.0  # until they make a replica of a master that comes back, in their own time
TOPICS = [f"u:{number}" for number in range(64)]  # some on every lane


async def hear_each_other(east: Node, west: Node, within_s: float = BACK_WITHIN_S) -> None:
    """Both hear of every topic what the other one says."""
    east.heard.clear()
    west.heard.clear()
    for topic in TOPICS:
        east.bus.publish(topic, b"from east")
        west.bus.publish(topic, b"from west")
    want = (sorted((t, b"from west") for t in TOPICS), sorted((t, b"from east") for t in TOPICS))
    await until(lambda: (sorted(east.heard), sorted(west.heard)) == want, within_s)


async def listening(*nodes: Node) -> None:
    for node in nodes:
        for topic in TOPICS:
            node.bus.subscribe(topic)
        await node.settled()


def up(*nodes: Node) -> bool:
    return all(node.bus.healthy for node in nodes)


def down(*nodes: Node) -> bool:
    return not any(node.bus.healthy for node in nodes)


@pytest.mark.parametrize("gone_s", [0.3, 5.0])
async def test_nodes_are_back_within_a_second_after_redis_is(
    private_valkey: Any, gone_s: float
) -> None:
    async with running(private_valkey.url, "east", "west") as (east, west):
        await listening(east, west)
        await asyncio.to_thread(private_valkey.kill)
        await until(lambda: down(east, west))
        await asyncio.sleep(gone_s)
        await asyncio.to_thread(private_valkey.start)
        await until(lambda: up(east, west), BACK_WITHIN_S)
        await until(lambda: east.heals >= 1 and west.heals >= 1, BACK_WITHIN_S)
        await hear_each_other(east, west)


async def test_a_node_cut_from_redis_alone_notices_within_six_seconds_and_heals(
    redis_url: str,
) -> None:
    async with cable(redis_url) as line, running(redis_url, "east") as (east,):
        west = Node(line.url, "west", east.space)
        task = asyncio.create_task(west.bus.run())
        await listening(east, west)
        await hear_each_other(east, west)

        line.cut()
        await until(lambda: not west.bus.healthy, 6.5)
        west.bus.publish("u:0", b"nobody hears this")
        assert not await west.bus.flushed()
        await until(lambda: west.bus._lines[0].publisher._owes_notice, 3.0)
        assert east.bus.healthy

        line.mend()
        await until(lambda: west.heals >= 1, 3.0)
        await until(lambda: east.heals >= 1, 3.0)  # as what west said meanwhile was lost
        await west.settled()
        await hear_each_other(east, west)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await west.bus.close()


async def test_after_a_failover_the_nodes_meet_at_the_new_master(private_watched: Watched) -> None:
    async with running(private_watched.url, "east", "west") as (east, west):
        await listening(east, west)
        old = private_watched.master_port()
        await asyncio.to_thread(private_watched.one.kill)
        await until(lambda: down(east, west))
        east.bus.publish("u:0", b"into the void")

        await until(lambda: private_watched.master_port() != old)
        await until(lambda: up(east, west), BACK_WITHIN_S)
        await until(lambda: east.heals >= 1 and west.heals >= 1, BACK_WITHIN_S)
        assert await east.bus.flushed(PATIENCE_S)
        await east.settled()
        await hear_each_other(east, west)
        await east.bus.ping()

        # the old master comes back, and is a replica now: nobody goes astray there
        await asyncio.to_thread(private_watched.one.start)
        await until(lambda: private_watched.one.client.role()[0] == b"slave", SENTINELS_S)
        assert up(east, west)
        await hear_each_other(east, west)


async def test_however_many_ask_at_once_no_sentinel_is_forgotten(shared_watched: Watched) -> None:
    nobody = ("127.0.0.1", ports.pick(1))
    places = [nobody, *(("127.0.0.1", each.port) for each in shared_watched.sentinels)]
    sentinels = Sentinels(places, SERVICE, {})
    found = await asyncio.gather(*(sentinels.master() for _ in range(20)))
    assert set(found) == {("127.0.0.1", shared_watched.master_port())}
    assert len(set(sentinels._sentinel.sentinels)) == len(places)
    await sentinels.aclose()


async def test_a_server_that_is_no_master_is_refused(shared_watched: Watched) -> None:
    async def replica() -> tuple[str, int]:
        master = shared_watched.master_port()
        return "127.0.0.1", next(
            each.port for each in (shared_watched.one, shared_watched.two) if each.port != master
        )

    connection = FoundConnection(find=replica, master=True)
    with pytest.raises(ConnectionLost, match="the master has changed"):
        await connection.connect()
    await connection.disconnect()


async def test_a_lane_follows_its_slot_to_another_shard(private_cluster: Cluster) -> None:
    slots = [key_slot(str(tag).encode()) for tag in _TAGS]
    board = PresenceBoard(private_cluster.url, "east")
    async with running(private_cluster.url, "east", "west") as (east, west):
        await listening(east, west)
        await board.arrived(*TOPICS)
        await hear_each_other(east, west)

        for slot in slots[:3]:
            await asyncio.to_thread(private_cluster.give, slot, private_cluster.nodes[2])

        await until(lambda: up(east, west) and east.heals >= 1 and west.heals >= 1, 3.0)
        await east.settled()
        await hear_each_other(east, west)
        assert all(state == ("online", None) for state in (await board.states(TOPICS)).values())
        assert set(await board.states(TOPICS)) == set(TOPICS)
    await board.close()


async def test_a_shard_that_is_gone_takes_only_its_own_lanes_with_it(
    private_cluster: Cluster,
) -> None:
    for node in private_cluster.nodes:
        node.client.config_set("cluster-require-full-coverage", "no")
    gone = private_cluster.nodes[1]
    async with running(private_cluster.url, "east", "west") as (east, west):
        await listening(east, west)
        lanes = Lanes(private_cluster.url, timeout_s=1)
        alive = [t for t in TOPICS if not await lives_on(private_cluster, lanes, t, gone)]
        await asyncio.to_thread(gone.kill)
        await until(lambda: down(east, west))
        assert not await east.bus.settled()

        for topic in TOPICS:
            west.bus.publish(topic, b"meanwhile")
        await until(lambda: sorted(topic for topic, _ in east.heard) == sorted(alive))

        await asyncio.to_thread(gone.start)
        await until(lambda: up(east, west), 5.0)
        await until(lambda: east.heals >= 1 and west.heals >= 1, BACK_WITHIN_S)
        await west.settled()
        await hear_each_other(east, west, 3.0)
        await lanes.aclose()


async def lives_on(cluster: Cluster, lanes: Lanes, topic: str, node: Any) -> bool:
    """Whether the topic's lane is on that node."""
    slot = key_slot(lanes[lanes.index(topic)].prefix.encode())
    return cluster.owner(slot) is node
