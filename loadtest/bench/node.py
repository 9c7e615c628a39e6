"""What a benchmark runs against: a private MongoDB, and nodes that have nothing but stores."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NoReturn

from pymongo import MongoClient

from chatserver.config import Settings
from chatserver.dev import servers
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import Child
from chatserver.store.database import Database, Driver
from chatserver.store.stores import Stores, open_stores
from chatserver.tasks import Tasks

_PRELOAD = 1000  # documents in one write


@contextmanager
def mongo(url: str | None) -> Iterator[str]:
    """The MongoDB at `url`, or a fresh one of its own that is gone afterwards."""
    if url is not None:
        yield url
        return
    path = Path(tempfile.mkdtemp(prefix="chatserver-bench-"))
    try:
        folder = DataFolder(path)
        child = Child(servers.mongod(folder), folder)
        try:
            child.start()
            child.wait_ready()
            yield child.program.url
        finally:
            child.stop()
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Processor:
    """The processor time of a MongoDB; zero where its system does not tell."""

    def __init__(self, url: str) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(url)

    def __enter__(self) -> Processor:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def used_s(self) -> float:
        """Seconds since it started."""
        info = self._client.admin.command("serverStatus")["extra_info"]
        return float(info.get("user_time_us", 0) + info.get("system_time_us", 0)) / 1e6


@asynccontextmanager
async def node(url: str, database: str, driver: Driver) -> AsyncIterator[Stores]:
    """The stores of one node with the loops that write behind the log, as the server runs them."""
    tasks = Tasks(_die)
    settings = Settings(mongo_url=url, mongo_database=database, mongo_driver=driver)
    kept = open_stores(settings, tasks)
    try:
        await kept.database.prepare()
        tasks.spawn("cursors", kept.cursors.run())
        tasks.spawn("heads", kept.heads.run())
        yield kept
    finally:
        await tasks.stop()
        await kept.database.close()


@asynccontextmanager
async def fresh_name(url: str) -> AsyncIterator[str]:
    """The name of a database that is dropped afterwards."""
    name = f"bench_{secrets.token_hex(8)}"
    try:
        yield name
    finally:
        database = Database(url, name)
        await database.drop()
        await database.close()


async def populate(database: Database, members: Sequence[tuple[str, str]]) -> None:
    """Conversations and memberships as they are before the first message, so writes behind the
    log find something to update."""
    people: dict[str, list[str]] = {}
    for conversation, user in members:
        people.setdefault(conversation, []).append(user)
    await fill(database, "conversations", [_conversation(*each) for each in people.items()])
    await fill(database, "memberships", [membership(*each) for each in members])


async def fill(database: Database, collection: str, documents: Sequence[dict[str, Any]]) -> None:
    """Insert many documents."""
    for first in range(0, len(documents), _PRELOAD):
        await database.collection(collection).insert_many(documents[first : first + _PRELOAD])


def _conversation(conversation: str, members: list[str]) -> dict[str, object]:
    return {
        "_id": conversation,
        "kind": "direct",
        "members": members,
        "created_at": 0,
        "head": {"seq": 0, "mod": 0},
    }


def membership(conversation: str, user: str) -> dict[str, Any]:
    """A member of a direct conversation who has seen nothing of it yet."""
    return {
        "_id": {"c": conversation, "u": user},
        "conversation": conversation,
        "user": user,
        "read": 0,
        "delivered": 0,
        "joined_at": 0,
        "touched_at": 0,
    }


def _die(error: BaseException) -> NoReturn:
    raise error
