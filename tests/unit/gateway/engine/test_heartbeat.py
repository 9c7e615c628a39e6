"""Everybody is pinged in turn, and only who stays silent is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import cast

import pytest

from chatserver.gateway.engine.heartbeat import BUCKETS_MAX, TICK_MIN_S, Heartbeat
from tests.unit.gateway.leaping import LeapingLoop

pytestmark = pytest.mark.asyncio(loop_factories=["leaping"])

TIMES = {  # interval and timeout, in seconds
    "as by default": (25.0, 20.0),
    "a timeout longer than the interval": (5.0, 12.0),
    "much longer": (0.5, 10.0),
    "equal": (1.0, 1.0),
    "fractions of seconds": (0.3, 0.2),
    "shorter than a tick": (0.01, 0.005),
}
every_time = pytest.mark.parametrize(("interval_s", "timeout_s"), TIMES.values(), ids=TIMES)


def now() -> float:
    return asyncio.get_running_loop().time()


def tick_s(interval_s: float) -> float:
    """A heartbeat is as exact as this."""
    return max(interval_s / BUCKETS_MAX, min(2 * TICK_MIN_S, interval_s))


class Client:
    """Answers each ping after `answers_in_s`, or never."""

    def __init__(self, answers_in_s: float | None = 0.0) -> None:
        self.bucket = self.pinged = 0
        self.came = now()
        self.pings: list[float] = []
        self.asked = asyncio.Event()
        self.lost: list[float] = []
        self._answers_in_s = answers_in_s

    def ping(self) -> None:
        self.pings.append(now())
        self.asked.set()
        if self._answers_in_s is not None:
            asyncio.get_running_loop().call_later(self._answers_in_s, Heartbeat.answered, self)


class Crowd:
    """A heartbeat and its peers; who is lost is discarded, as an engine does."""

    def __init__(self, interval_s: float, timeout_s: float) -> None:
        self.heartbeat: Heartbeat[Client] = Heartbeat(
            interval_s, timeout_s, lambda client: client.ping(), self._lose
        )

    def add(self, client: Client) -> Client:
        self.heartbeat.add(client)
        return client

    def _lose(self, client: Client) -> None:
        client.lost.append(now())
        self.heartbeat.discard(client)


@every_time
async def test_a_peer_is_pinged_once_an_interval(interval_s: float, timeout_s: float) -> None:
    crowd = Crowd(interval_s, timeout_s)
    clients = [crowd.add(Client()) for _ in range(3)]
    await asyncio.sleep(20.5 * interval_s)
    for client in clients:
        assert client.pings[0] - client.came <= interval_s + 0.001
        gaps = [after - before for before, after in pairwise(client.pings)]
        assert len(gaps) >= 19
        assert all(gap == pytest.approx(interval_s, rel=0.001) for gap in gaps)
    crowd.heartbeat.close()


@every_time
async def test_a_silent_peer_is_lost_once_when_its_time_is_over(
    interval_s: float, timeout_s: float
) -> None:
    crowd = Crowd(interval_s, timeout_s)
    clients = [crowd.add(Client(answers_in_s=None)) for _ in range(300)]
    await asyncio.sleep(3 * (interval_s + timeout_s))
    for client in clients:
        (pinged,), (lost,) = client.pings, client.lost
        assert timeout_s - 0.001 <= lost - pinged <= timeout_s + tick_s(interval_s)
        assert lost - client.came <= interval_s + timeout_s + tick_s(interval_s)
    crowd.heartbeat.close()


@every_time
async def test_whoever_answers_in_time_is_never_lost(interval_s: float, timeout_s: float) -> None:
    crowd = Crowd(interval_s, timeout_s)
    prompt = crowd.add(Client())
    slow = crowd.add(Client(answers_in_s=0.99 * timeout_s))
    await asyncio.sleep(50 * (interval_s + timeout_s))
    assert (prompt.lost, slow.lost) == ([], [])
    assert len(slow.pings) >= 49
    crowd.heartbeat.close()


async def test_who_answered_once_and_fell_silent_is_lost() -> None:
    crowd = Crowd(1.0, 0.5)
    client = crowd.add(Client())
    await asyncio.sleep(10.5)
    client._answers_in_s = None
    await asyncio.sleep(2.0)
    assert len(client.lost) == 1
    crowd.heartbeat.close()


async def test_a_storm_of_arrivals_is_no_storm_of_pings() -> None:
    crowd = Crowd(25.0, 20.0)
    clients = [crowd.add(Client()) for _ in range(10_240)]
    await asyncio.sleep(25.1)
    at_once = Counter(round(client.pings[0], 6) for client in clients)
    assert max(at_once.values()) == 10_240 / BUCKETS_MAX
    crowd.heartbeat.close()


async def test_arrivals_at_any_pace_are_spread() -> None:
    crowd = Crowd(25.0, 20.0)
    clients = []
    for _ in range(4 * BUCKETS_MAX):
        clients.append(crowd.add(Client()))
        await asyncio.sleep(25.0 / BUCKETS_MAX)  # one for each tick: all would meet in one bucket
    assert max(Counter(client.bucket for client in clients).values()) == 4
    crowd.heartbeat.close()


async def test_after_the_loop_stood_still_nobody_is_lost_for_our_fault() -> None:
    loop = cast("LeapingLoop", asyncio.get_running_loop())
    crowd = Crowd(1.0, 0.5)
    clients = [crowd.add(Client(answers_in_s=0.1)) for _ in range(100)]
    for _ in range(20):
        await asyncio.sleep(0.77)
        loop.stall(60.0)
    await asyncio.sleep(2.0)
    assert not [client for client in clients if client.lost]
    silent = crowd.add(Client(answers_in_s=None))
    loop.stall(60.0)
    await asyncio.sleep(1.5 + 2 * tick_s(1.0))
    assert silent.lost
    crowd.heartbeat.close()


async def test_after_the_loop_stood_still_there_is_no_storm_of_pings() -> None:
    loop = cast("LeapingLoop", asyncio.get_running_loop())
    crowd = Crowd(25.0, 20.0)
    clients = [crowd.add(Client()) for _ in range(2 * BUCKETS_MAX)]
    loop.stall(100.0)
    await asyncio.sleep(5.0)
    assert max(Counter(client.pings[0] for client in clients if client.pings).values()) == 2
    crowd.heartbeat.close()


async def test_who_is_discarded_hears_nothing_more() -> None:
    crowd = Crowd(1.0, 0.5)
    gone, waiting = crowd.add(Client()), crowd.add(Client(answers_in_s=None))
    crowd.heartbeat.discard(gone)
    crowd.heartbeat.discard(gone)
    await waiting.asked.wait()
    crowd.heartbeat.discard(waiting)
    await asyncio.sleep(5.0)
    assert (gone.pings, waiting.lost, len(waiting.pings)) == ([], [], 1)
    crowd.heartbeat.close()


async def test_whoever_hears_of_a_loss_may_discard_others() -> None:
    clients: list[Client] = []

    def all_go(client: Client) -> None:
        client.lost.append(now())
        for each in clients:
            heartbeat.discard(each)

    heartbeat: Heartbeat[Client] = Heartbeat(0.02, 0.01, Client.ping, all_go)
    clients += [Client(answers_in_s=None) for _ in range(3)]  # all in the only bucket
    for client in clients:
        heartbeat.add(client)
    await asyncio.sleep(1.0)
    assert max(len(client.lost) for client in clients) == 1
    assert [len(client.pings) for client in clients] == [1, 1, 1]
    heartbeat.close()


async def test_once_closed_it_stands_still() -> None:
    crowd = Crowd(1.0, 0.5)
    client = crowd.add(Client())
    crowd.heartbeat.close()
    crowd.heartbeat.close()
    await asyncio.sleep(5.0)
    assert client.pings == []


async def test_a_pong_that_nobody_asked_for_changes_nothing() -> None:
    crowd = Crowd(1.0, 0.5)
    client = crowd.add(Client(answers_in_s=None))
    assert not Heartbeat.answered(client)
    await client.asked.wait()
    assert Heartbeat.answered(client)
    assert not Heartbeat.answered(client)
    await asyncio.sleep(1.1)
    assert len(client.pings) == 2
    crowd.heartbeat.close()
