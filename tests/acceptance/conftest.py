"""A running server and people who come to it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pymongo import MongoClient

from loadtest.faults.nodes import PRODUCT, ChatServer, faults_in
from loadtest.faults.people import Person
from loadtest.faults.stage import GENEROUS, Databases, databases

Start = Callable[..., Awaitable[ChatServer]]


class Cast:
    """The people of one test; their names are only theirs, as servers are shared by tests."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        self._people: list[Person] = []

    def name(self, who: str) -> str:
        return f"{who}-{self._suffix}"

    def person(
        self, who: str, server: ChatServer, client: type[Person] = Person, **more: Any
    ) -> Person:
        """Somebody who has not come in yet."""
        person = client(server.url, self.name(who), **more)
        self._people.append(person)
        return person

    async def join(self, who: str, server: ChatServer, **more: Any) -> Person:
        """Somebody who has come in."""
        return await self.person(who, server, **more).connect()

    async def leave(self) -> None:
        for person in self._people:
            await person.close()


@pytest_asyncio.fixture
async def cast() -> AsyncIterator[Cast]:
    cast = Cast(secrets.token_hex(4))
    yield cast
    await cast.leave()


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """A MongoDB of three members and a Valkey for all plays that break them."""
    with databases(tmp_path_factory.mktemp("databases")) as found:
        yield found


@pytest.fixture(scope="session")
def _house(
    tmp_path_factory: pytest.TempPathFactory, mongo_url: str, redis_url: str
) -> Iterator[ChatServer]:
    """One server for all tests that leave it as it is."""
    name = f"acceptance_{secrets.token_hex(6)}"
    environment = {
        "CHAT_MONGO_URL": mongo_url, "CHAT_REDIS_URL": redis_url, "CHAT_MONGO_DATABASE": name,
        **GENEROUS,
    }  # fmt: skip
    server = ChatServer(tmp_path_factory.mktemp("house"), environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        with MongoClient[Any](mongo_url) as client:
            client.drop_database(name)


@pytest.fixture
def house(_house: ChatServer) -> Iterator[ChatServer]:
    """The shared server; its log must stay clean."""
    size = _house.log_size()
    yield _house
    assert _house.exit_status is None, _house.log()[-4000:]
    assert not faults_in(_house.log_since(size))


@pytest_asyncio.fixture
async def start(
    tmp_path: Path, mongo_url: str, redis_url: str, database_name: str
) -> AsyncIterator[Start]:
    """Starts servers of this test's own, with settings of its own; their logs must stay clean."""
    servers: list[ChatServer] = []

    async def start(*, program: Sequence[str] = PRODUCT, **settings: Any) -> ChatServer:
        environment = {
            "CHAT_MONGO_URL": mongo_url,
            "CHAT_REDIS_URL": redis_url,
            "CHAT_MONGO_DATABASE": database_name,
            **GENEROUS,
            **{f"CHAT_{name.upper()}": str(value) for name, value in settings.items()},
        }
        server = ChatServer(tmp_path / f"node-{len(servers)}", environment, program)
        servers.append(server)
        await server.restart()
        return server

    yield start
    for server in servers:
        await asyncio.to_thread(server.stop)
    assert not [fault for server in servers for fault in faults_in(server.log())]
