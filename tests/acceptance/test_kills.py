"""kill -9 under load, again and again; the checker has the last word."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import LostError, eventually, text
from loadtest.faults.recorded import RecordedDevice, verdict
from loadtest.recorder import Recorder
from tests.acceptance.conftest import Cast, Start
from tests.acceptance.proxy import MongoProxy

ROUNDS = 4
DEVICES = (
    ("mei", "phone"),
    ("mei", "tablet"),
    ("lin", "desk"),
    ("lin", "phone"),
    ("yu", "phone"),
)


class Actor:
    """Somebody who talks, reads and changes things as chance has it, through every crash."""

    def __init__(self, device: RecordedDevice, chance: random.Random) -> None:
        self.device = device
        self._chance = chance

    async def act(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if not self.device.connected:
                    await self.device.come_back(within_s=20)
                    await self.device.post()
                await self._one_thing()
            except (LostError, TimeoutError):
                await asyncio.sleep(0.02)

    async def _one_thing(self) -> None:
        room = self._chance.choice(sorted(self.device.shelves))
        thing = self._chance.choices(
            [self._talk, self._read, self._change, self._look], [6, 2, 2, 1]
        )
        await thing[0](room)

    async def _talk(self, room: str) -> None:
        for number in range(self._chance.randrange(1, 6)):
            self.device.write(room, f"number {number}")
        await self.device.post()

    async def _read(self, room: str) -> None:
        seq = self.device.shelf(room).seq
        if seq:
            await self.device.call("read.mark", {"conversation": room, "seq": seq})

    async def _look(self, room: str) -> None:
        after = self._chance.randrange(self.device.shelf(room).seq + 1)
        await self.device.read_history(room, after=after)

    async def _change(self, room: str) -> None:
        shelf = self.device.shelf(room)
        own = [
            seq
            for seq, message in shelf.messages.items()
            if message["sender"] == self.device.user and not message.get("recalled")
        ]
        if not own:
            return
        call = {"conversation": room, "seq": self._chance.choice(own)}
        event = self._chance.choice(["message.edit", "message.react", "message.recall"])
        more = {
            "message.edit": {"body": text(f"better {self._chance.random()}")},
            "message.react": {"reaction": "👍", "on": self._chance.random() < 0.7},
            "message.recall": {},
        }[event]
        await self.device.call(event, {**call, **more})


async def crash_again_and_again(nodes: list[ChatServer], chance: random.Random) -> None:
    for _ in range(ROUNDS):
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        server = chance.choice(nodes)
        server.kill9()
        await server.restart()
    await asyncio.sleep(0.5)


async def all_posted(device: RecordedDevice) -> bool:
    await device.post()
    return not device.outbox


async def come_to_rest(devices: list[RecordedDevice]) -> None:
    """Everything open is sent, everybody has heard everything and says what they show."""
    for device in devices:
        if not device.connected:
            await device.come_back(within_s=10)
        await eventually(lambda one=device: all_posted(one), "everything is sent", within_s=10)
    for device in devices:
        await device.catch_up()
    for device in devices:
        await device.last_view()
        await device.close()


async def live_through(servers: list[ChatServer], cast: Cast, history: Path, seed: int) -> None:
    """Five devices of three people, spread over the nodes, through all crashes and to rest."""
    chance = random.Random(seed)
    with Recorder(history) as recorder:
        devices = [
            RecordedDevice(servers[n % len(servers)].url, cast.name(user), recorder, device=device)
            for n, (user, device) in enumerate(DEVICES)
        ]
        for device in devices:
            await device.connect()
        mei, _, lin, _, yu = devices
        await mei.open(lin.user)
        await yu.open(lin.user)
        for device in devices:
            await device.catch_up()
        stop = asyncio.Event()
        actors = [Actor(device, random.Random(chance.random())) for device in devices]
        acting = [asyncio.create_task(actor.act(stop)) for actor in actors]
        await crash_again_and_again(servers, chance)
        stop.set()
        await asyncio.gather(*acting)
        await come_to_rest(devices)


@pytest.mark.asyncio
@pytest.mark.parametrize("nodes", [1, 2])
async def test_nothing_is_lost_doubled_or_turned_round_by_crashes(
    private_mongo: Any, start: Start, cast: Cast, tmp_path: Path, database_name: str, nodes: int
) -> None:
    # a MongoDB of its own: a crash leaves transactions open, for which dropping would wait
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    servers = [await start(mongo_url=private_mongo.url) for _ in range(nodes)]
    history = tmp_path / "history.jsonl"
    await live_through(servers, cast, history, seed)
    for server in servers:
        server.sigterm()
    for server in servers:
        await server.ended(within_s=10)
    judged = verdict(private_mongo.url, database_name, history)
    print(judged)
    assert judged.ok, f"seed {seed}\n{judged}"
    assert judged.looked_at["acknowledged messages"] > 30


@pytest_asyncio.fixture
async def proxy(mongo_url: str) -> AsyncIterator[MongoProxy]:
    proxy = await MongoProxy(mongo_url).start()
    yield proxy
    await proxy.stop()


@pytest.mark.asyncio
async def test_a_crash_between_stored_and_acknowledged_makes_no_second_message(
    proxy: MongoProxy, start: Start, cast: Cast
) -> None:
    server = await start(mongo_url=proxy.url)
    mei = await cast.join("mei", server)
    lin = await cast.join("lin", server)
    room = await mei.open(lin.user)
    before = await mei.say(room, "before")
    payload = {"conversation": room, "client_id": "c-1", "kind": "text", "body": text("once")}
    proxy.arm(server.kill9)
    with pytest.raises(LostError):
        await mei.call("message.send", payload)
    assert proxy.cuts == 1
    await server.restart()
    await mei.connect()
    await lin.connect()
    again = await mei.call("message.send", {**payload, "retry": True})
    assert again["ok"] is True
    assert (again["seq"], again["duplicate"]) == (before["seq"] + 1, True)
    page = await lin.ask("history.get", conversation=room)
    assert [message["client_id"] for message in page["messages"]].count("c-1") == 1
    after = await lin.say(room, "after")
    assert after["seq"] == again["seq"] + 1


@pytest.mark.asyncio
async def test_a_crash_amid_a_batch_leaves_a_log_without_holes(
    proxy: MongoProxy, start: Start, cast: Cast
) -> None:
    server = await start(mongo_url=proxy.url)
    mei = await cast.join("mei", server)
    lin = await cast.join("lin", server)
    room = await mei.open(lin.user)
    payloads = [
        {"conversation": room, "client_id": f"c-{n}", "kind": "text", "body": text(str(n))}
        for n in range(30)
    ]
    proxy.arm(server.kill9)
    with contextlib.suppress(LostError):
        answers = [await mei.begin("message.send", payload) for payload in payloads]
        await asyncio.gather(*answers, return_exceptions=True)
    await server.restart()
    await mei.connect()
    again = [await mei.ask("message.send", **payload, retry=True) for payload in payloads]
    assert [ack["seq"] for ack in again] == list(range(1, 31))
    assert any(ack.get("duplicate") for ack in again)
    page = await mei.ask("history.get", conversation=room)
    assert [message["seq"] for message in page["messages"]] == list(range(1, 31))
