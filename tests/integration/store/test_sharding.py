"""Fit for shards: every command names its shard key, and the keys keep what is unique unique.

There is no mongos in the tests. What is tested is what it goes by: the commands as they are sent.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)
from structlog.testing import capture_logs

from chatserver.domain.calls import SearchMessages
from chatserver.domain.conversation import Conversation
from chatserver.domain.customer import Context, ViewedPage
from chatserver.domain.media import About, Media, Upload
from chatserver.domain.message import Deed, Draft, Message
from chatserver.domain.person import DeviceInfo, Identity
from chatserver.domain.push.burst import Decision
from chatserver.domain.push.notification import Address
from chatserver.domain.search import wish
from chatserver.domain.snippet import Snippet
from chatserver.store import database as database_module
from chatserver.store import sharding
from chatserver.store.customers import Customers
from chatserver.store.database import Database
from chatserver.store.devices import DeviceRecords
from chatserver.store.gridfs import GridFSBlobs
from chatserver.store.indexes import INDEXES
from chatserver.store.media import MediaRecords
from chatserver.store.memberships import Memberships
from chatserver.store.push_prefs import PushPrefs
from chatserver.store.pushes import News, Pushes, Record
from chatserver.store.search import SIDES, SearchIndex
from chatserver.store.sharding import SHARD_KEYS
from chatserver.store.snippets import Snippets
from chatserver.store.uploads import Uploads
from chatserver.store.users import Users
from chatserver.store.vault import MasterKeys, Vault
from tests.integration.store.conftest import NOW, Node

SCATTERED = {
    # where `_id` is a list, and the conversations of one person: one look-up, on all shards
    "memberships.find",
    # what is due, whosever it is
    "pushes.find",
    # what somebody has begun or uploaded before, and what is to be swept: rare look-ups
    "uploads.find",
    "media.find",
    # GridFS looks whether there is anything at all, before its first write
    "media.files.find",
    "media.chunks.find",
}


class Recorder(CommandListener):
    """Writes down every command that is sent."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.sent.append(event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to note."""


def conditions(command: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Operation and condition of everything in a command that mongos has to find shards for."""
    if "findAndModify" in command:  # which has an update too
        yield "findAndModify", command["query"]
    elif "insert" in command:
        yield from (("insert", document) for document in command["documents"])
    elif "update" in command:
        yield from (("update", each["q"]) for each in command["updates"])
    elif "delete" in command:
        yield from (("delete", each["q"]) for each in command["deletes"])
    elif "find" in command:
        yield "find", command["filter"]
    elif "aggregate" in command:
        yield "aggregate", command["pipeline"][0]["$match"]


def names_key(condition: Mapping[str, Any], key: str) -> bool:
    """Whether mongos can tell from a condition which shards it is about."""
    if key in condition:
        value = condition[key]
        return not isinstance(value, Mapping) or bool({"$eq", "$in"} & set(value))
    whole, _, part = key.partition(".")
    value = condition.get(whole)
    if isinstance(value, Mapping) and part:
        return part in value.get("$eq", value)  # equal to a whole document
    return "$or" in condition and all(names_key(each, key) for each in condition["$or"])


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    find_class = database_module._client_class

    def listening(driver: Any) -> Callable[..., Any]:
        def client(url: str, **options: Any) -> Any:
            return find_class(driver)(url, event_listeners=[recorder], **options)

        return client

    monkeypatch.setattr(database_module, "_client_class", listening)
    return recorder


@pytest_asyncio.fixture
async def sharded(recorder: Recorder, start: Callable[..., Node]) -> AsyncIterator[Node]:
    """A node that takes its MongoDB for a mongos."""
    node = start()
    node.database.sharded = True
    yield node
    assert not node.died


def edited(message: Message) -> Deed:
    return Deed(seq=message.seq, by="mei", type="edit", at=NOW, body={"text": "other"})


async def use_the_log(node: Node, place: str, write: Callable[..., Draft]) -> None:
    members = ("mei", "lin")
    await node.conversations.begin(
        Conversation(id=place, kind="direct", members=members, created_at=NOW)
    )
    await node.cursors.join(place, members, NOW)
    drafts = [write(f"c{number}", mentions=("lin",)) for number in range(5)]
    await asyncio.gather(*(node.log.append(draft, NOW) for draft in drafts))
    node.log._recent.clear()
    again = await node.log.append(drafts[0], NOW)
    assert again.duplicate
    assert (await node.changes.append(place, 1, edited)).mod == 1
    assert len((await node.messages.ranges({place: (1, 5)}))[place]) == 5
    assert len((await node.changes.ranges({place: (1, 5)}))[place]) == 1
    assert len(await node.messages.by_id([(place, 1), (f"{place}x", 2)])) == 1
    assert (await node.messages.unread("lin", {place: (1, 5)}))[place].unread == 5
    node.heads.forget(place)
    assert (await node.heads.of((place,)))[place].seq == 5
    await node.heads.flush()
    node.cursors.advance(place, "lin", read=3)
    await node.cursors.flush()
    await node.cursors.set_prefs(place, "lin", {"pinned": True}, NOW)
    assert (await node.cursors.of([(place, "lin")]))[(place, "lin")].read == 3
    assert place in await node.cursors.of_user("lin")
    assert place in await node.conversations.get_all((place, "other"))
    assert await node.messages.existing([(place, 5), (f"{place}x", 1)]) == {place}


async def use_the_people(database: Database, user: str) -> None:
    users, devices = Users(database), DeviceRecords(database)
    identity = Identity(
        user=user, role="customer", token_id="t1", issued_at=NOW, expires_at=NOW * 2, name="Mei"
    )
    info = DeviceInfo(id="phone", platform="ios", name="phone")
    await users.ensure(identity, NOW)
    await users.ensure(identity, NOW * 2)
    assert user in await users.people((user, "other"))
    for _ in range(2):
        await devices.connected(identity, info, NOW)
    await devices.renewed(identity, "phone", NOW)
    assert await devices.describe(user, "phone", foreground=False, name=None)
    assert len(await devices.of_user(user)) == 1
    assert await devices.tokens(user, "phone")
    address = Address(provider="fcm", token="t")
    for token in ("t", "u"):
        assert await devices.set_address(user, "phone", replace(address, token=token))
    assert user in await devices.addresses_of((user, "other"))
    await devices.forget_address(user, "phone", "u")
    assert await devices.address(user, "phone") is None
    await devices.set_address(user, "phone", address)
    assert await devices.remove(user, "phone")
    await devices.remove_all(user)
    prefs = PushPrefs(database, Vault(database, MasterKeys(())))
    await prefs.change(user, {"preview": "none"})
    assert (await prefs.prefs_of((user, "other")))[user].preview == "none"
    assert await prefs.phones_of((user, "other")) == {}


async def use_the_pushes(node: Node, user: str) -> None:
    pushes = Pushes(node.database, gather_ms=1)
    listeners = await Memberships(node.database).listeners([(user, "mei"), (f"{user}x", "lin")])
    assert [each.user for each in listeners] == ["mei"]
    news = News(user=user, conversation="d1", first=1, last=1, since=NOW, at=NOW, due=1)
    await pushes.enqueue([news], NOW)
    (burst,) = await pushes.claim(1, 1000, 10)
    decision = Decision(at=NOW, first=1, last=1, action="send", why="sent", id="n1")
    await pushes.record(Record(before=burst, after=burst, decision=decision, due=None), NOW)
    await pushes.wake({(user, "d1"): 1}, NOW)
    assert await pushes.opened(user, "d1", "n1", NOW)
    assert await pushes.look(user, "d1")
    assert (await pushes.queue(NOW)).depth == 0


async def use_the_desk(database: Database, user: str) -> None:
    snippets, customers = Snippets(database), Customers(database)
    snippet = Snippet(id="a", shortcut="hi", title="", text="hi")
    assert (await snippets.save(user, snippet)).rev == await snippets.rev(user) == 1
    assert await snippets.page(user, None, 10) == [snippet]
    assert (await snippets.remove(user, "a")).is_news
    await customers.set_tags("renmin", user, ("a",))
    assert await customers.tags("renmin", user) == ("a",)
    context = Context(page=ViewedPage(url="https://shop.example/"), product=None, at=NOW)
    await customers.set_context("renmin", user, context)
    assert await customers.context("renmin", user, NOW) == context


async def use_the_words(node: Node, place: str) -> None:
    index = SearchIndex(node.database)
    messages = (await node.messages.ranges({place: (1, 5)}))[place]
    await index.write(messages, SIDES)
    asked = wish(SearchMessages(query="other", sender="mei"))
    found = await index.find(asked, (place, f"{place}x"), None, 10)
    assert [seq for _, seq, _ in found] == [1]


async def use_the_media(database: Database, user: str) -> None:
    uploads, media, blobs = Uploads(database), MediaRecords(database), GridFSBlobs(database)
    upload = Upload(id=f"{user}u", owner=user, kind="file", length=5, expires_at=2 * NOW)
    await uploads.begin(upload)
    upload = await uploads.keep(upload, b"12", 2 * NOW)
    assert [piece async for piece in uploads.read(upload)] == [b"12"]
    assert (await uploads.unfinished(user, NOW)).count == 1
    medium = Media(
        id=f"{user}m", owner=user, kind="file", source="x", about=About(type="a/b", size=5)
    )
    await uploads.attempt(upload, medium.id, 2 * NOW)
    key = f"{medium.id}/original"

    async def content() -> AsyncIterator[bytes]:
        yield b"12345"

    await blobs.put(key, content())
    assert [part async for part in blobs.read(key)] == [b"12345"]
    await media.add(medium, NOW)
    await uploads.finish(upload, medium.id)
    assert await media.same(user, "file", "x", None, NOW) == medium
    assert await media.use((medium.id,), NOW) == await media.all_of((medium.id,)) == [medium]
    await media.unused((medium.id,), NOW)
    await media.use_on(medium.id, NOW)
    assert medium.id in await media.due(NOW, 1000)
    assert await media.take(medium.id, NOW)
    await media.give_back(medium.id, NOW)
    assert (await media.get(medium.id)).id == medium.id
    await blobs.delete(key)
    await media.remove(medium.id)
    assert not await media.known(medium.id)
    await uploads.remove(upload.id)


@pytest.mark.asyncio
async def test_every_command_names_its_shard_key(
    sharded: Node, recorder: Recorder, place: str, write: Callable[..., Draft]
) -> None:
    await use_the_log(sharded, place, write)
    await use_the_people(sharded.database, place)
    await use_the_pushes(sharded, place)
    await use_the_desk(sharded.database, place)
    await use_the_words(sharded, place)
    await use_the_media(sharded.database, place)
    used = set()
    for command in recorder.sent:
        for operation, condition in conditions(command):
            collection = str(next(iter(command.values())))
            used.add(collection)
            if f"{collection}.{operation}" not in SCATTERED and collection in SHARD_KEYS:
                assert names_key(condition, SHARD_KEYS[collection]), (collection, condition)
    assert used >= set(SHARD_KEYS)


@pytest.mark.asyncio
async def test_on_a_replica_set_nothing_is_said_for_shards(
    start: Callable[..., Node], place: str, write: Callable[..., Draft]
) -> None:
    node = start()
    await use_the_log(node, place, write)
    assert node.database.within("messages", (place,)) == {}
    assert await node.database.unsharded() == []


@pytest.mark.asyncio
async def test_who_may_not_shard_is_told_and_goes_on(start: Callable[..., Node]) -> None:
    client = start().database._client  # a replica set knows no such command, as if forbidden
    name = f"test_{secrets.token_hex(8)}"
    with capture_logs() as logs:
        await sharding.shard(client, name)
    assert [line["event"] for line in logs] == ["not all collections could be sharded"]
    assert await sharding.unsharded(client, name) == list(SHARD_KEYS)
    assert "_id.c_hashed" in await client[name]["messages"].index_information()
    await client.drop_database(name)


def test_what_is_unique_begins_with_the_shard_key() -> None:
    for collection, indexes in INDEXES.items():
        for index in indexes:
            if index.document.get("unique"):
                assert next(iter(index.document["key"])) == SHARD_KEYS[collection]


def test_a_shard_key_is_part_of_the_id() -> None:
    keys = {name: key for name, key in SHARD_KEYS.items() if name != "media.chunks"}
    assert all(key.partition(".")[0] == "_id" for key in keys.values())  # GridFS chose its own


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ({"_id.c": "d1"}, True),
        ({"_id": {"$gt": {"c": "d1"}}, "_id.c": {"$in": ["d1", "d2"]}}, True),
        ({"_id": {"c": "d1", "s": 1}}, True),
        ({"_id": {"$eq": {"c": "d1", "s": 1}}}, True),
        ({"$or": [{"_id.c": "d1"}, {"_id.c": "d2"}]}, True),
        ({"$or": [{"_id.c": "d1"}, {"sender": "mei"}]}, False),
        ({"_id": {"$eq": {"c": "d1"}}, "$or": [{"sender": "mei"}, {"at": 1}]}, True),
        ({"_id": {"$in": [{"c": "d1", "s": 1}]}}, False),
        ({"_id": {"$gt": {"c": "d1", "s": 1}}}, False),
        ({"_id.c": {"$gt": "d1"}}, False),
        ({}, False),
    ],
)
def test_the_check_knows_what_mongos_looks_at(condition: dict[str, Any], named: bool) -> None:
    assert names_key(condition, "_id.c") is named


def test_mongos_is_told_from_a_replica_set() -> None:
    assert sharding.is_router({"msg": "isdbgrid", "isWritablePrimary": True})
    assert not sharding.is_router({"setName": "rs0", "isWritablePrimary": True})


def test_the_advice_can_be_typed_in_mongosh() -> None:
    assert sharding.advice("chat", ["messages", "users"]) == (
        'sh.shardCollection("chat.messages", {"_id.c": "hashed"}); '
        'sh.shardCollection("chat.users", {"_id": "hashed"})'
    )
