"""Whoever must know that a publication reached Redis before the next step can wait for that."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from chatserver.bus import publishing
from tests.integration.bus.nodes import PATIENCE_S, admin, lasting_at_most, running, until

pytestmark = pytest.mark.asyncio

AT_ONCE_S = 0.5


async def test_what_others_publish_after_the_confirmation_is_heard_after_it(redis_url: str) -> None:
    async with running(redis_url, "east", "west", "listener") as (east, west, listener):
        for topic in ("u:mei", "r:shop"):
            listener.bus.subscribe(topic)
        await listener.settled()
        for number in range(50):
            for _ in range(40):
                east.bus.publish("u:nobody", b"in the way")
            east.bus.publish("u:mei", b"removed %d" % number)
            assert await east.bus.flushed(PATIENCE_S)
            west.bus.publish("r:shop", b"next %d" % number)
            assert await west.bus.flushed(PATIENCE_S)

        await until(lambda: len(listener.heard) == 100)
        told = [payload for _, payload in listener.heard]
        assert told == [b"%s %d" % (what, n) for n in range(50) for what in (b"removed", b"next")]


async def test_with_nothing_on_its_way_it_is_confirmed_at_once(any_url: str) -> None:
    async with running(any_url, "east") as (east,):
        await east.settled()
        assert await east.bus.flushed(timeout_s=0)
        east.bus.publish("u:mei", b"hello")
        assert not await east.bus.flushed(timeout_s=0)
        assert await east.bus.flushed(PATIENCE_S)
        assert await east.bus.flushed(timeout_s=0)


async def test_many_may_wait_for_the_same_confirmation(any_url: str) -> None:
    async with running(any_url, "east", "west") as (east, west):
        west.bus.subscribe("u:mei")
        await west.settled()

        async def say(number: int) -> bool:
            east.bus.publish("u:mei", str(number).encode())
            return await east.bus.flushed(PATIENCE_S)

        assert all(await asyncio.gather(*(say(number) for number in range(1500))))
        await until(lambda: len(west.heard) == 1500)
        assert [payload for _, payload in west.heard] == [b"%d" % n for n in range(1500)]


async def test_who_stops_waiting_stops_nobody_else(any_url: str) -> None:
    async with running(any_url, "east") as (east,):
        await east.settled()
        east.bus.publish("u:mei", b"hello")
        waiting = [asyncio.create_task(east.bus.flushed(PATIENCE_S)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        assert await asyncio.gather(*waiting[1:]) == [True, True]


async def test_during_an_outage_it_is_denied_within_the_bound_then_at_once(
    private_valkey: Any,
) -> None:
    async with running(private_valkey.url, "east") as (east,):
        east.bus.publish("u:mei", b"before")
        assert await east.bus.flushed(PATIENCE_S)
        os.kill(private_valkey.pid, signal.SIGSTOP)
        try:
            east.bus.publish("u:mei", b"meanwhile")
            async with lasting_at_most(0.5 + AT_ONCE_S):
                assert not any(await asyncio.gather(*(east.bus.flushed(0.5) for _ in range(20))))
            await until(lambda: east.bus._lines[0].publisher._owes_notice)
            async with lasting_at_most(AT_ONCE_S):
                assert not await east.bus.flushed(5.0)
        finally:
            os.kill(private_valkey.pid, signal.SIGCONT)
        await until(lambda: east.bus.flushed(0.5))


async def test_a_server_that_is_gone_is_told_at_once_and_its_return_too(
    private_valkey: Any,
) -> None:
    async with running(private_valkey.url, "east") as (east,):
        await until(lambda: east.bus.healthy)
        await asyncio.to_thread(private_valkey.kill)
        east.bus.publish("u:mei", b"meanwhile")
        async with lasting_at_most(1.0):
            assert not await east.bus.flushed(5.0)
        await asyncio.to_thread(private_valkey.start)
        await until(lambda: east.bus.flushed(0.5))


async def test_what_was_dropped_unsaid_denies_the_confirmation(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "WAITING_MAX", 5)
    async with running(redis_url, "east") as (east,):
        for _ in range(6):
            east.bus.publish("u:mei", b"hello")
        assert not await east.bus.flushed()
        await until(east.bus.flushed)


async def test_waiting_for_confirmations_keeps_batches_together(private_valkey: Any) -> None:
    async with (
        running(private_valkey.url, "east") as (east,),
        admin(private_valkey.url) as client,
    ):

        async def say(number: int) -> None:
            east.bus.publish("u:mei", str(number).encode())
            assert await east.bus.flushed(PATIENCE_S)

        await asyncio.gather(*(say(number) for number in range(1000)))
        calls = (await client.info("commandstats"))["cmdstat_eval"]["calls"]
        assert calls <= 4
