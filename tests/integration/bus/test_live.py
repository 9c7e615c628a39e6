"""Live delivery between nodes while Redis is well."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from structlog.testing import capture_logs

from chatserver import metrics
from chatserver.bus import publishing
from chatserver.bus.live import PAYLOAD_BYTES_MAX, Bus
from chatserver.errors import Unavailable
from tests.integration.bus.nodes import PATIENCE_S, lasting_at_most, running, until

pytestmark = pytest.mark.asyncio

NOBODY = "redis://127.0.0.1:1"


async def test_a_node_hears_what_another_publishes_to_its_topics(any_url: str) -> None:
    async with running(any_url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        west.bus.subscribe("u:lin")
        await east.settled()
        await west.settled()

        west.bus.publish("u:mei", b"hello")
        east.bus.publish("u:lin", b"\x00\xff binary")

        await until(lambda: bool(east.heard and west.heard))
        assert east.heard == [("u:mei", b"hello")]
        assert west.heard == [("u:lin", b"\x00\xff binary")]


async def test_a_node_does_not_hear_itself(any_url: str) -> None:
    async with running(any_url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        await east.settled()

        east.bus.publish("u:mei", b"own")
        west.bus.publish("u:mei", b"other")

        await until(lambda: bool(east.heard))
        assert east.heard == [("u:mei", b"other")]


async def test_a_node_whose_name_begins_like_another_is_another(any_url: str) -> None:
    async with running(any_url, "node-1", "node-10") as (one, ten):
        one.bus.subscribe("u:mei")
        ten.bus.subscribe("u:mei")
        await one.settled()
        await ten.settled()

        one.bus.publish("u:mei", b"from one")
        ten.bus.publish("u:mei", b"from ten")

        await until(lambda: bool(one.heard and ten.heard))
        assert one.heard == [("u:mei", b"from ten")]
        assert ten.heard == [("u:mei", b"from one")]


async def test_deployments_that_share_a_redis_do_not_hear_each_other(any_url: str) -> None:
    async with (
        running(any_url, "east") as (staging,),
        running(any_url, "east", "west") as (east, west),
    ):
        for node in (staging, east):
            node.bus.subscribe("u:mei")
            await node.settled()

        west.bus.publish("u:mei", b"hello")

        await until(lambda: bool(east.heard))
        assert staging.heard == []


async def test_what_is_published_to_one_topic_arrives_in_order(any_url: str) -> None:
    sent = [str(number).encode() for number in range(3000)]
    async with running(any_url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        await east.settled()

        for number, payload in enumerate(sent):
            west.bus.publish("u:mei", payload)
            if number % 700 == 0:
                await asyncio.sleep(0)

        await until(lambda: len(east.heard) >= len(sent))
        assert [payload for _, payload in east.heard] == sent


async def test_an_unsubscribed_topic_is_silent(any_url: str) -> None:
    async with running(any_url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        east.bus.subscribe("u:lin")
        await east.settled()
        east.bus.unsubscribe("u:mei")
        await east.settled()

        west.bus.publish("u:mei", b"unheard")
        west.bus.publish("u:lin", b"heard")

        await until(lambda: bool(east.heard))
        assert east.heard == [("u:lin", b"heard")]


async def test_the_last_word_on_a_topic_counts(any_url: str) -> None:
    async with running(any_url, "east", "west") as (east, west):
        for topic in ("u:mei", "u:lin"):
            east.bus.subscribe(topic)
            east.bus.unsubscribe(topic)
        east.bus.subscribe("u:lin")
        await east.settled()

        west.bus.publish("u:mei", b"unheard")
        west.bus.publish("u:lin", b"heard")

        await until(lambda: bool(east.heard))
        assert east.heard == [("u:lin", b"heard")]


async def test_settled_means_that_redis_knows_every_subscription(any_url: str) -> None:
    topics = [f"u:{number}" for number in range(2000)]
    async with running(any_url, "east", "west") as (east, west):
        await east.settled()
        await west.settled()  # also with nothing subscribed
        for topic in topics:
            east.bus.subscribe(topic)
        assert await east.bus.settled(PATIENCE_S)

        for topic in topics[::20]:
            assert await east.subscribers(topic) == 1


async def test_many_may_wait_until_all_is_settled(any_url: str) -> None:
    async with running(any_url, "east") as (east,):

        async def join(number: int) -> bool:
            east.bus.subscribe(f"u:{number}")
            return await east.bus.settled(PATIENCE_S)

        await east.settled()
        assert all(await asyncio.gather(*(join(number) for number in range(500))))


async def test_nothing_is_settled_where_redis_does_not_answer() -> None:
    async with running(NOBODY, "east") as (east,):
        east.bus.subscribe("u:mei")
        assert not await east.bus.settled(timeout_s=5.0)
        assert not east.bus.healthy


async def test_ping_says_whether_redis_answers(any_url: str) -> None:
    async with running(any_url, "east") as (east,):
        await east.bus.ping()
    async with running(NOBODY, "east") as (east,):
        with pytest.raises(Unavailable):
            await east.bus.ping()


async def test_the_health_shows_in_the_metrics(any_url: str) -> None:
    async with running(any_url, "east") as (east,):
        await until(lambda: east.bus.healthy)
        assert metrics.bus_up._value.get() == 1
    assert not east.bus.healthy
    assert metrics.bus_up._value.get() == 0


async def test_a_huge_payload_is_refused_and_logged(any_url: str) -> None:
    async with running(any_url, "east", "west") as (east, west):
        east.bus.subscribe("u:mei")
        await east.settled()

        with capture_logs() as logs:
            west.bus.publish("u:mei", b"x" * (PAYLOAD_BYTES_MAX + 1))
            west.bus.publish("u:mei", b"y" * PAYLOAD_BYTES_MAX)

        await until(lambda: bool(east.heard))
        assert [len(payload) for _, payload in east.heard] == [PAYLOAD_BYTES_MAX]
        assert [line["log_level"] for line in logs] == ["error"]
        assert "yyy" not in str(logs)


async def test_what_waits_is_bounded_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "WAITING_MAX", 10)
    dropped = metrics.bus_dropped._value.get()
    bus = Bus(NOBODY, "east")

    for _ in range(25):
        bus.publish("u:mei", b"hello")

    assert len(bus._lines[0].publisher._waiting) == 10
    assert metrics.bus_dropped._value.get() - dropped == 15
    await bus.close()


async def test_what_waits_is_bounded_in_bytes() -> None:
    bus = Bus(NOBODY, "east")

    for _ in range(100):
        bus.publish("u:mei", b"x" * PAYLOAD_BYTES_MAX)

    assert bus._lines[0].publisher._bytes <= publishing.WAITING_BYTES_MAX
    await bus.close()


async def test_what_waits_is_sent_before_closing(any_url: str) -> None:
    async with running(any_url, "east") as (east,):
        east.bus.subscribe("u:mei")
        await east.settled()
        west = Bus(any_url, "west", space=east.space)
        for number in range(1200):
            west.publish("u:mei", str(number).encode())

        await west.close()

        await until(lambda: len(east.heard) >= 1200)


async def test_a_message_that_cannot_be_handled_costs_no_other(any_url: str) -> None:
    async with running(any_url, "east", "west") as (east, west):
        heard: list[bytes] = []

        def on_message(_topic: str, payload: bytes) -> None:
            if not payload:
                raise ValueError("nothing")
            heard.append(payload)

        east.bus.listen(on_message, lambda: None)
        east.bus.subscribe("u:mei")
        await east.settled()

        with capture_logs() as logs:
            west.bus.publish("u:mei", b"")
            west.bus.publish("u:mei", b"x")
            await until(lambda: heard == [b"x"])

        assert [line["log_level"] for line in logs] == ["error"]


async def test_it_ends_at_once_whenever_it_is_told_to(any_url: str) -> None:
    for number in range(0, 20, 4):
        async with AsyncExitStack() as ends:
            (east,) = await ends.enter_async_context(running(any_url, "east"))
            await east.settled()
            await asyncio.sleep(number / 10_000)  # in the midst of its first beat, say
            async with lasting_at_most(1.0):
                await ends.aclose()
