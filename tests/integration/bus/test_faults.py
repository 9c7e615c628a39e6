"""Redis crashes, hangs, or drops a connection: nothing fails, and everybody is told afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest
from structlog.testing import capture_logs

from chatserver import metrics
from chatserver.bus import publishing
from chatserver.bus.lanes import Lanes
from chatserver.bus.listening import DeafError, Listener
from tests.integration.bus.nodes import PATIENCE_S, Node, admin, running, until

pytestmark = pytest.mark.asyncio

BACK_WITHIN_S = 1.0


async def kill(server: Any) -> None:
    """End the server and wait for it, without holding up the nodes."""
    await asyncio.to_thread(server.kill)


async def both_down(east: Node, west: Node) -> None:
    await until(lambda: not (east.bus.healthy or west.bus.healthy))


async def both_up(east: Node, west: Node) -> None:
    await until(lambda: east.bus.healthy and west.bus.healthy)


async def test_after_a_crash_the_nodes_hear_each_other_again_within_a_second(
    private_valkey: Any,
) -> None:
    async with running(private_valkey.url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        west.bus.subscribe("u:lin")
        await both_up(east, west)

        await kill(private_valkey)
        await both_down(east, west)
        for _ in range(100):
            east.bus.publish("u:lin", b"into the void")
        east.bus.subscribe("u:an")
        assert not await east.bus.settled()

        await asyncio.to_thread(private_valkey.start)
        await until(lambda: east.bus.healthy and west.bus.healthy, BACK_WITHIN_S)

        await until(lambda: east.heals >= 1 and west.heals >= 1)
        await east.settled()
        west.heard.clear()
        west.bus.publish("u:mei", b"again")
        west.bus.publish("u:an", b"new")
        east.bus.publish("u:lin", b"too")
        await until(lambda: len(east.heard) == 2 and len(west.heard) == 1)
        assert (east.heals, west.heals) == (1, 1), "one outage is told once"


async def test_a_crash_is_logged_once_and_so_is_its_end(private_valkey: Any) -> None:
    async with running(private_valkey.url, "east") as (east,):
        await until(lambda: east.bus.healthy)
        with capture_logs() as logs:
            await kill(private_valkey)
            await until(lambda: not east.bus.healthy)
            east.bus.publish("u:mei", b"lost")
            dropped = metrics.bus_dropped._value.get()
            await until(lambda: metrics.bus_dropped._value.get() > dropped)
            await asyncio.to_thread(private_valkey.start)
            await until(lambda: east.heals == 1)

    assert [line["event"] for line in logs] == ["the bus is lost", "the bus is back"]


async def test_a_redis_that_comes_up_after_the_nodes_is_found(private_valkey: Any) -> None:
    await kill(private_valkey)
    async with running(private_valkey.url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        assert not await east.bus.settled()

        await asyncio.to_thread(private_valkey.start)

        await until(lambda: east.heals == 1 and west.heals == 1)
        west.bus.publish("u:mei", b"hello")
        await until(lambda: bool(east.heard))


async def test_a_dropped_listening_connection_is_made_anew(private_valkey: Any) -> None:
    async with (
        running(private_valkey.url, "east", "west") as (east, west),
        admin(private_valkey.url) as client,
    ):
        east.bus.subscribe("u:mei")
        await both_up(east, west)

        await client.client_kill_filter(_type="pubsub")

        await until(lambda: east.heals == 1 and west.heals == 1)
        west.bus.publish("u:mei", b"again")
        await until(lambda: bool(east.heard))


async def test_a_first_connection_is_no_healing(redis_url: str) -> None:
    async with running(redis_url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        await both_up(east, west)
        west.bus.publish("u:mei", b"hello")
        await until(lambda: bool(east.heard))
        assert (east.heals, west.heals) == (0, 0)


async def test_a_connection_dropped_under_the_publisher_costs_nothing(private_valkey: Any) -> None:
    async with (
        running(private_valkey.url, "east", "west") as (east, west),
        admin(private_valkey.url) as client,
    ):
        east.bus.subscribe("u:mei")
        await east.settled()
        west.bus.publish("u:mei", b"before")
        await until(lambda: len(east.heard) == 1)

        await client.client_kill_filter(_type="normal", skipme=True)
        west.bus.publish("u:mei", b"after")

        await until(lambda: len(east.heard) == 2)
        assert east.heals == 0


async def test_a_connection_that_closes_just_before_a_write_is_a_lost_one(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(redis_url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        await both_up(east, west)

        async def closed(*_: object) -> None:  # what uvloop says then
            raise RuntimeError("unable to perform operation; the handler is closed")

        with monkeypatch.context() as broken:
            broken.setattr(west.bus._lanes[0], "_eval", closed)
            dropped = metrics.bus_dropped._value.get()
            west.bus.publish("u:mei", b"lost")
            await until(lambda: metrics.bus_dropped._value.get() > dropped)

        await until(lambda: east.heals == 1)
        west.bus.publish("u:mei", b"again")
        await until(lambda: ("u:mei", b"again") in east.heard)


async def test_nodes_are_told_when_another_one_had_to_drop_something(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(redis_url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        await both_up(east, west)
        monkeypatch.setattr(publishing, "WAITING_MAX", 5)

        for _ in range(20):
            west.bus.publish("u:mei", b"hello")

        await until(lambda: east.heals == 1)
        assert len(east.heard) == 5
        assert west.heals == 0, "its own devices were served without the bus"


async def test_a_deaf_listener_notices(redis_url: str) -> None:
    async with running(redis_url, "east", "west", beat_s=0.2) as (east, west):
        east.bus.subscribe("u:mei")
        await east.settled()

        # the connection stays, but the server no longer knows that anything was subscribed on it
        east.bus._lines[0].listener._change("u:mei", False)
        east.bus._lines[0].listener._change(east.bus._lines[0].listener._own, False)

        await until(lambda: east.heals == 1)
        west.bus.publish("u:mei", b"again")
        await until(lambda: bool(east.heard))


async def test_a_quiet_listener_is_not_taken_for_deaf(redis_url: str) -> None:
    async with running(redis_url, "east", "witness", beat_s=0.1) as (east, witness):
        await both_up(east, witness)
        beats = 0

        def count(_channel: str, _data: bytes) -> None:
            nonlocal beats
            beats += 1

        witness.bus._lines[0].listener.listen(count, lambda: None)
        witness.bus._lines[0].listener.subscribe(east.bus._lines[0].listener._own)

        await until(lambda: beats >= 6)
        assert east.bus.healthy
        assert east.heals == 0


async def test_a_redis_that_hangs_is_noticed_and_recovered_from(private_valkey: Any) -> None:
    async with running(private_valkey.url, "east", "west", beat_s=0.1) as (east, west):
        east.bus.subscribe("u:mei")
        await east.settled()

        os.kill(private_valkey.pid, signal.SIGSTOP)
        try:
            west.bus.publish("u:mei", b"meanwhile")
            await both_down(east, west)
            assert not await east.bus.settled()
        finally:
            os.kill(private_valkey.pid, signal.SIGCONT)

        await until(lambda: east.heals >= 1 and west.heals >= 1)
        east.heard.clear()

        def told_again() -> bool:  # so short a beat may take a slow machine for deaf meanwhile
            west.bus.publish("u:mei", b"again")
            return ("u:mei", b"again") in east.heard

        await until(told_again)


async def test_a_short_pause_is_no_loss(private_valkey: Any) -> None:
    async with running(private_valkey.url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        await east.settled()
        async with admin(private_valkey.url) as client:
            await client.client_pause(300)
        west.bus.publish("u:mei", b"patience")

        await until(lambda: bool(east.heard))
        assert (east.heals, west.heals) == (0, 0)


async def test_it_ends_although_its_connection_breaks_at_that_moment(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks_when_cancelled(_listener: Listener) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            # what a TaskGroup does when its task fails while it is cancelled
            raise ExceptionGroup("", [DeafError()]) from None

    monkeypatch.setattr(Listener, "_session", breaks_when_cancelled)
    listener = Listener(Lanes(redis_url, timeout_s=1)[0], ("own",), beat_s=1)
    task = asyncio.create_task(listener.run())
    await asyncio.sleep(0)
    task.cancel()
    ended, _ = await asyncio.wait([task], timeout=PATIENCE_S)
    assert ended
