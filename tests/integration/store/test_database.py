"""A MongoDB that is away, hangs or comes back: an error in time, and then all is well again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from pymongo import MongoClient

from chatserver.config import SettingsError
from chatserver.dev import servers
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import Program
from chatserver.domain.message import Draft
from chatserver.domain.waiting import WaitingRoom
from chatserver.errors import Unavailable
from chatserver.store.changes import Changes
from chatserver.store.cursors import Cursors
from chatserver.store.database import Database, Driver
from chatserver.store.due import DuePeople
from chatserver.store.heads import Heads
from chatserver.store.indexes import INDEXES
from chatserver.store.log import Log
from chatserver.store.messages import Messages
from chatserver.tasks import Tasks
from loadtest.faults.server import Server

NOW = 1_900_000_000_000
TIMEOUT_MS = 400
GRACE_S = 15.0  # the machine may be busy; without a limit a driver waits twice as long

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def silent() -> AsyncIterator[str]:
    """The address of a server that accepts and never answers."""
    ended = asyncio.Event()

    async def listen(_reader: Any, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"mongodb://127.0.0.1:{port}/?directConnection=true"
    ended.set()
    server.close()


@pytest.fixture(params=["nobody listens", "never answers"])
def address(request: pytest.FixtureRequest, silent: str) -> str:
    return "mongodb://127.0.0.1:9/" if request.param == "nobody listens" else silent


@pytest_asyncio.fixture
async def away(address: str, driver: Driver) -> AsyncIterator[Database]:
    database = Database(address, "chat", driver=driver, timeout_ms=TIMEOUT_MS)
    yield database
    await database.close()


async def test_every_question_ends_in_time(away: Database) -> None:
    messages = Messages(away)
    changes = Changes(away, messages)
    cursors = Cursors(away, flush_ms=10)
    heads = Heads(away, messages, changes, cursors)
    cursors.advance("d1", "mei", read=1)
    began = time.monotonic()
    told = await asyncio.gather(
        away.ping(),
        away.prepare(),
        messages.ranges({"d1": (1, 5)}),
        messages.by_id([("d1", 1)]),
        messages.unread("mei", {"d1": (1, 5)}),
        changes.append("d1", 1, lambda _: None),
        changes.ranges({"d1": (1, 5)}),
        cursors.of([("d1", "mei")]),
        cursors.of_user("mei"),
        cursors.flush(),
        heads.of(("d1",)),
        return_exceptions=True,
    )
    assert [type(each) for each in told] == [Unavailable] * len(told)
    assert time.monotonic() - began < TIMEOUT_MS / 1000 + GRACE_S


async def test_a_message_is_not_acknowledged_and_the_sender_told_in_time(away: Database) -> None:
    messages, died = Messages(away), list[BaseException]()
    cursors, tasks = Cursors(away, flush_ms=10), Tasks(died.append)
    heads = Heads(away, messages, Changes(away, messages), cursors)
    log = Log(away, messages, heads, tasks, places=WaitingRoom(10), batch_max=10)
    draft = Draft(conversation="d1", client_id="c", sender="mei", kind="text", body={"text": "x"})
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await log.append(draft, NOW)
    assert time.monotonic() - began < TIMEOUT_MS / 1000 + GRACE_S
    await tasks.stop()
    assert not died


async def test_it_goes_on_by_itself_when_mongodb_is_back(
    private_mongo: Any, driver: Driver
) -> None:
    database = Database(private_mongo.url, "chat", driver=driver, timeout_ms=3000)
    await database.prepare()
    await database.collection("messages").insert_one({"_id": {"c": "d1", "s": 1}, "sender": "mei"})
    private_mongo.kill()
    with pytest.raises(Unavailable):
        await database.ping()
    await asyncio.to_thread(private_mongo.start)
    async with asyncio.timeout(30):
        while not await answers(database):
            pass
    assert await Messages(database).senders_above("d1", 0) == [(1, "mei")]
    await database.close()


async def answers(database: Database) -> bool:
    try:
        await database.ping()
    except Unavailable:
        return False
    return True


async def test_making_the_indexes_again_is_harmless(
    mongo_url: str, database_name: str, driver: Driver
) -> None:
    database = Database(mongo_url, database_name, driver=driver)
    for _ in range(2):
        await database.prepare()
    for name, indexes in INDEXES.items():
        found = await database.collection(name).index_information()
        assert set(found) == {"_id_", *(index.document["name"] for index in indexes)}
    await database.close()


async def test_writes_are_confirmed_by_a_majority_and_journaled(
    mongo_url: str, database_name: str, driver: Driver
) -> None:
    database = Database(mongo_url, database_name, driver=driver, timeout_ms=4000)
    concern = database.collection("messages").write_concern
    assert concern.document == {"w": "majority", "j": True, "wtimeout": 4000}
    assert database.collection("messages").read_concern.level == "majority"
    await database.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://127.0.0.1", "mongodb://", ""])
async def test_an_address_that_is_none_is_refused(url: str, driver: Driver) -> None:
    with pytest.raises(SettingsError):
        Database(url, "chat", driver=driver)


def _may_fail(folder: DataFolder) -> Program:
    """A MongoDB that can be told to fail."""
    program = servers.mongod(folder)
    return replace(program, command=(*program.command, "--setParameter", "enableTestCommands=1"))


@pytest.fixture(scope="module")
def failing_mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoClient[Any]]:
    """Its next findAndModify is not confirmed, because the primary steps down."""
    server = Server(_may_fail, tmp_path_factory.mktemp("failing"))
    server.start()
    with MongoClient[Any](server.url) as client:
        yield client
    server.stop()


async def test_an_update_the_primary_did_not_confirm_is_unavailable(
    failing_mongo: MongoClient[Any], driver: Driver
) -> None:
    """The driver asks once more by itself; the second answer is the one that counts."""
    failing_mongo.admin.command(
        "configureFailPoint",
        "failCommand",
        mode={"times": 2},
        data={
            "failCommands": ["findAndModify"],
            "writeConcernError": {"code": 91, "errmsg": "stepping down"},
            "errorLabels": ["RetryableWriteError"],
        },
    )
    host, port = failing_mongo.address or ("", 0)
    database = Database(f"mongodb://{host}:{port}/?directConnection=true", "chat", driver=driver)
    try:
        with pytest.raises(Unavailable):
            await DuePeople(database).take(NOW, 1000)
        failing_mongo.admin.command("configureFailPoint", "failCommand", mode="off")
        assert await DuePeople(database).take(NOW, 1000) is None
    finally:
        await database.close()
