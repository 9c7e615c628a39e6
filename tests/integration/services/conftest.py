"""Nodes with all their services on real databases, and people with devices at them.

Between the nodes stands a bus in memory that a test can cut; a device's calls and events go
through the wire's parsers, as if it were connected.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from chatserver.app import build_services
from chatserver.bus.presence import PresenceBoard
from chatserver.clock import now_ms
from chatserver.config import Settings
from chatserver.domain import wire
from chatserver.domain.person import HANDHELD, Caller, Identity, Platform, Role
from chatserver.gateway.engine import packets
from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.handlers import Handlers
from chatserver.gateway.hub import Connection, Hub
from chatserver.services.delivery import Delivery, of_user
from chatserver.store.stores import open_stores
from chatserver.tasks import Tasks
from tests.integration.services.rooms import People


class Bus:
    """Hands what a node publishes to the other nodes that listen; what is cut is lost."""

    def __init__(self, others: list[Bus]) -> None:
        self._others = others
        self._topics: set[str] = set()
        self.published: list[str] = []
        self.cut = False
        self.hear: Callable[[str, bytes], None] = lambda _topic, _payload: None
        others.append(self)

    def subscribe(self, topic: str) -> None:
        self._topics.add(topic)

    def unsubscribe(self, topic: str) -> None:
        self._topics.remove(topic)

    def publish(self, topic: str, payload: bytes) -> None:
        self.published.append(topic)
        for bus in self._others:
            if bus is not self and topic in bus._topics and not (self.cut or bus.cut):
                bus.hear(topic, payload)

    async def settled(self) -> bool:
        return True

    async def flushed(self, timeout_s: float) -> bool:
        return not any(bus.cut for bus in self._others)


class Device:
    """A connected device of a person: calls and their answers, and the events it was told."""

    def __init__(self, node: Node, caller: Caller, identity: Identity, platform: Platform) -> None:
        self.node = node
        self.caller = caller
        handheld = platform in HANDHELD
        self.connection = Connection(self, caller, identity, handheld=handheld)
        self.frames: list[str] = []  # Socket.IO packets

    def push(self, frame: Frame) -> None:
        self.frames.append(frame.text.removeprefix("4"))

    def close(self) -> None:
        self.frames.append("closed")

    async def call(self, name: str, payload: Any) -> Any:
        """The fields of the acknowledgement, as plain data; a refusal is raised."""
        event = packets.event(packets.parse("2" + json.dumps([name, payload])))
        try:
            call = wire.decode_call(event.name, event.payload)
            answer = await self.node.handlers.handle(self.connection, call)
            return json.loads(msgspec.json.encode(answer))
        finally:
            self.connection.answer(Frame.message("ack"))

    @property
    def events(self) -> list[tuple[str, Any]]:
        """Every event this device was told, in order."""
        return [tuple(json.loads(each[1:])) for each in self.frames if each.startswith("2")]

    def told(self, name: str) -> list[Any]:
        """What it was told by events of this name."""
        return [data for event, data in self.events if event == name]

    def leave(self) -> None:
        self.node.hub.remove(self.connection)

    async def open(self, other: str) -> str:
        """The id of the conversation with somebody."""
        answer = await self.call("conversation.open", {"kind": "direct", "with": other})
        id_: str = answer["conversation"]["id"]
        return id_

    async def say(self, conversation: str, text: str = "hi", **fields: Any) -> int:
        """Send a message; its number."""
        payload = {
            "conversation": conversation,
            "client_id": secrets.token_hex(6),
            "kind": "text",
            "body": {"text": text},
            **fields,
        }
        seq: int = (await self.call("message.send", payload))["seq"]
        return seq

    async def view(self, conversation: str) -> Any:
        return (await self.call("conversation.get", {"conversation": conversation}))["conversation"]


class Node:
    """One node of the server, without sockets."""

    def __init__(self, settings: Settings, buses: list[Bus], space: str) -> None:
        self.died: list[BaseException] = []
        self.tasks = Tasks(self.died.append)
        self.kept = open_stores(settings, self.tasks)
        self.bus = Bus(buses)
        self.hub = Hub(self.bus)
        self.board = PresenceBoard(settings.redis_url, secrets.token_hex(4), space=space)
        self.delivery = Delivery(self.hub, self.bus)
        self.bus.hear = self.delivery.heard
        self.services = build_services(settings, self.kept, self.delivery, self.board)
        self.handlers = Handlers(self.services, self.hub, on_renewed=lambda _connection: None)
        self.tasks.spawn("cursors", self.kept.cursors.run())
        self.tasks.spawn("heads", self.kept.heads.run())

    async def arrive(
        self,
        user: str,
        device: str = "phone",
        role: Role = "customer",
        shop: str | None = None,
        platform: Platform = "ios",
    ) -> Device:
        """Somebody connects with a device."""
        identity = Identity(
            user=user,
            role=role,
            token_id="t",
            issued_at=0,
            expires_at=2**50,
            name=user.title(),
            shop=shop,
        )
        await self.kept.users.ensure(identity, now_ms())
        caller = Caller(
            user=user,
            role=role,
            shop=shop,
            device=device,
            connection=f"{user}-{device}-{secrets.token_hex(3)}",
        )
        arrived = Device(self, caller, identity, platform)
        self.hub.join(arrived.connection, of_user(user))
        return arrived

    async def stop(self) -> None:
        await self.tasks.stop()
        await self.services.media.workshop.close()
        await self.board.close()
        await self.kept.database.close()


StartNode = Callable[..., Awaitable[Node]]
MakeNode = Callable[..., Node]


@pytest.fixture
def settings(mongo_url: str, redis_url: str, empty_database: str) -> Settings:
    """Rates so high that only a test of them meets them."""
    return Settings(
        mongo_url=mongo_url,
        mongo_database=empty_database,
        redis_url=redis_url,
        jwt_key="a secret of thirty-two bytes or more",
        sends_per_s=10_000,
        room_sends_per_s=10_000,
        read_marks_per_s=10_000,
        searches_per_s=10_000,
        cursor_flush_ms=5,
        read_together_ms=0,
    )


@pytest.fixture
def make_node(settings: Settings) -> MakeNode:
    """Makes a node for a test that starts and stops it itself; `buses` are its neighbours'."""
    space = secrets.token_hex(8)  # what other tests left in Valkey is not there

    def make_node(buses: list[Bus], **changed: Any) -> Node:
        return Node(msgspec.structs.replace(settings, **changed), buses, space)

    return make_node


@pytest_asyncio.fixture
async def start_node(make_node: MakeNode) -> AsyncIterator[StartNode]:
    """Starts a node on the test's database; settings can be changed."""
    nodes: list[Node] = []
    buses: list[Bus] = []

    async def start_node(**changed: Any) -> Node:
        nodes.append(make_node(buses, **changed))
        return nodes[-1]

    yield start_node
    for node in nodes:
        await node.stop()
    assert not [died for node in nodes for died in node.died]


@pytest_asyncio.fixture
async def node(start_node: StartNode) -> Node:
    return await start_node()


@pytest_asyncio.fixture
async def people(start_node: StartNode) -> AsyncIterator[People]:
    """People on two nodes. Whatever they do, Eve hears nothing and finds nothing."""
    one, other = await start_node(), await start_node()
    people = People(
        [one, other],
        lin=await one.arrive("lin", role="consultant"),
        mei=await other.arrive("mei"),
        fang=await one.arrive("fang"),
        eve=await other.arrive("eve"),
    )
    yield people
    assert not people.eve.events
    assert (await people.eve.call("conversation.list", {}))["conversations"] == []
    assert (await people.eve.call("sync", {}))["conversations"] == []
