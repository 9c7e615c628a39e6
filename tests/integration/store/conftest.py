"""The stores of a node over the real MongoDB, by both drivers; as many nodes as a test asks for."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from pymongo import MongoClient

from chatserver.domain.message import Draft
from chatserver.domain.waiting import WaitingRoom
from chatserver.store.changes import Changes
from chatserver.store.conversations import Conversations
from chatserver.store.cursors import Cursors
from chatserver.store.database import Database, Driver
from chatserver.store.heads import Heads
from chatserver.store.log import Log
from chatserver.store.messages import Messages
from chatserver.tasks import Tasks

NOW = 1_900_000_000_000


class Node:
    """What one process keeps of the store. Its loops do not run: a test flushes when it wants."""

    def __init__(self, url: str, name: str, driver: Driver, **limits: Any) -> None:
        self.died: list[BaseException] = []
        self.tasks = Tasks(self.died.append)
        self.database = Database(url, name, driver=driver)
        self.messages = Messages(self.database)
        self.changes = Changes(self.database, self.messages)
        self.conversations = Conversations(self.database)
        self.cursors = Cursors(self.database, flush_ms=20)
        self.heads = Heads(self.database, self.messages, self.changes, self.cursors)
        self.log = Log(
            self.database,
            self.messages,
            self.heads,
            self.tasks,
            places=WaitingRoom(limits.get("waiting_max", 1000), chatter_percent=50),
            batch_max=limits.get("batch_max", 500),
        )

    async def numbers(self, conversation: str) -> list[int]:
        """Every number stored in a conversation, ascending."""
        return [seq for seq, _ in await self.messages.senders_above(conversation, 0)]

    async def stop(self) -> None:
        await self.tasks.stop()
        await self.database.close()


@pytest.fixture(params=["motor", "pymongo"])
def driver(request: pytest.FixtureRequest) -> Driver:
    found: Driver = request.param
    return found


@pytest_asyncio.fixture
async def start(
    mongo_url: str, prepared_name: str, driver: Driver
) -> AsyncIterator[Callable[..., Node]]:
    """Starts a node; `name` is that of another database."""
    nodes: list[Node] = []

    def start(name: str = prepared_name, **limits: Any) -> Node:
        nodes.append(Node(mongo_url, name, driver, **limits))
        return nodes[-1]

    yield start
    for node in nodes:
        await node.stop()


@pytest_asyncio.fixture
async def node(start: Callable[..., Node]) -> AsyncIterator[Node]:
    """A node in which nothing may die."""
    node = start()
    yield node
    assert not node.died


@pytest.fixture
def operations(mongo_url: str, empty_database: str) -> Iterator[Callable[[], Counter[str]]]:
    """What MongoDB did in the test's database since the last time, as `collection.operation`."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        database = client[empty_database]
        database.command("profile", 2)

        def operations() -> Counter[str]:
            database.command("profile", 0)
            seen = list(database["system.profile"].find())
            database["system.profile"].drop()
            database.command("profile", 2)
            return Counter(f"{each['ns'].partition('.')[2]}.{each['op']}" for each in seen)

        yield operations
        database.command("profile", 0)
        database["system.profile"].drop()


@pytest.fixture
def place() -> str:
    """The id of a conversation that only this test has."""
    return f"d{secrets.token_hex(8)}"


@pytest.fixture
def write(place: str) -> Callable[..., Draft]:
    """A message of somebody, in this test's conversation unless said otherwise."""

    def write(client_id: str, sender: str = "mei", text: str = "", **fields: Any) -> Draft:
        given = {"conversation": place, "body": {"text": text or client_id}, **fields}
        return Draft(client_id=client_id, sender=sender, kind="text", **given)

    return write
