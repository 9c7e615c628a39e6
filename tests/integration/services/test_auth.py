"""Revocation through the store: what one node does, all others know within two seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chatserver.config import Settings
from chatserver.domain.device import Cut
from chatserver.domain.person import Person
from chatserver.errors import Unauthorized, Unavailable
from chatserver.services.auth import Auth, Verifier, mint
from chatserver.services.delivery import Delivery
from chatserver.store.database import Database
from chatserver.store.revocations import Revocations

SETTINGS = Settings(jwt_key="a secret of thirty-two bytes or more")
HOUR = 3_600_000
GRACE_S = 20  # the machine may be busy


def clock() -> int:
    return time.time_ns() // 1_000_000


class Hub:
    """Notes whom it was told to cut."""

    def __init__(self) -> None:
        self.cuts: list[Cut] = []

    def cut(self, cut: Cut) -> None:
        self.cuts.append(cut)

    def deliver(self, topic: str, frame: str, skip: str | None = None) -> int:
        return 0

    def here(self, topic: str) -> bool:
        return False


class DeadBus:
    """Redis is down: nothing gets to other nodes."""

    def publish(self, topic: str, payload: bytes) -> None:
        pass


class Node:
    """One of several servers on the same database."""

    def __init__(self, database: Database) -> None:
        self.hub = Hub()
        delivery = Delivery(self.hub, DeadBus())
        self.auth = Auth(Verifier(SETTINGS), Revocations(database), delivery)

    async def takes(self, token: str, now: int | None = None) -> bool:
        try:
            await self.auth.authenticate(token, clock() if now is None else now)
        except Unauthorized:
            return False
        return True


def a_token(user: str = "mei", token_id: str = "t1", ago_ms: int = 0) -> str:
    person = Person(user=user, name="", role="customer")
    return mint(SETTINGS, person, ttl_s=3600, now_ms=clock() - ago_ms, token_id=token_id)


@pytest_asyncio.fixture
async def database(mongo_url: str, empty_database: str) -> AsyncIterator[Database]:
    database = Database(mongo_url, empty_database)
    yield database
    await database.close()


@pytest.mark.asyncio
async def test_a_revoked_token_is_refused_and_its_connections_end(database: Database) -> None:
    node = Node(database)
    assert await node.takes(a_token())
    await node.auth.revoke_token("mei", "t1", clock() + HOUR)
    assert not await node.takes(a_token())
    assert await node.takes(a_token(token_id="t2"))
    assert node.hub.cuts == [Cut(user="mei", token_id="t1", reason="revoked")]


@pytest.mark.asyncio
async def test_a_token_that_was_taken_before_is_refused_once_revoked(database: Database) -> None:
    node = Node(database)
    mei, lin = a_token("mei"), a_token("lin")
    for token in (mei, lin, mei, lin):
        assert await node.takes(token)
    await node.auth.revoke_token("mei", "t1", clock() + HOUR)
    await node.auth.revoke_person("lin", clock())
    assert not await node.takes(mei)
    assert not await node.takes(lin)


@pytest.mark.asyncio
async def test_a_revoked_person_needs_a_new_token(database: Database) -> None:
    node = Node(database)
    now = clock()
    await node.auth.revoke_person("mei", now)
    assert not await node.takes(a_token(ago_ms=5000))
    assert not await node.takes(a_token())
    assert await node.takes(a_token(ago_ms=-1000))
    assert node.hub.cuts == [Cut(user="mei", issued_by=now, reason="revoked")]


@pytest.mark.asyncio
async def test_another_node_knows_within_two_seconds_without_the_bus(database: Database) -> None:
    here, there = Node(database), Node(database)
    await there.auth.catch_up(clock())
    following = asyncio.create_task(there.auth.follow(clock))
    await asyncio.sleep(0.1)  # it is between two looks
    await here.auth.revoke_token("mei", "t1", clock() + HOUR)
    async with asyncio.timeout(2 + GRACE_S):
        while await there.takes(a_token()):  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.02)
    assert there.hub.cuts == [Cut(user="mei", token_id="t1", reason="revoked")]
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following


@pytest.mark.asyncio
async def test_a_cut_is_made_once_however_often_it_is_read(database: Database) -> None:
    here, there = Node(database), Node(database)
    await here.auth.revoke_token("mei", "t1", clock() + HOUR)
    for _ in range(3):
        await there.auth.catch_up(clock())
        await here.auth.catch_up(clock())
    assert len(there.hub.cuts) == len(here.hub.cuts) == 1


@pytest.mark.asyncio
async def test_a_later_revocation_of_the_same_person_is_seen(database: Database) -> None:
    here, there = Node(database), Node(database)
    now = clock()
    await here.auth.revoke_person("mei", now - 1000)
    await there.auth.catch_up(now)
    await here.auth.revoke_person("mei", now)
    await there.auth.catch_up(now)
    assert [cut.issued_by for cut in there.hub.cuts] == [now - 1000, now]


@pytest.mark.asyncio
async def test_a_node_that_starts_knows_what_is_still_valid(database: Database) -> None:
    await Node(database).auth.revoke_token("mei", "t1", clock() + HOUR)
    late = Node(database)
    await late.auth.catch_up(clock())
    assert not await late.takes(a_token())


@pytest.mark.asyncio
@pytest.mark.parametrize("wrong_by_ms", [-40 * 60_000, 40 * 60_000])
async def test_a_nodes_wrong_clock_hides_no_revocation(
    database: Database, wrong_by_ms: int
) -> None:
    here, there = Node(database), Node(database)
    await there.auth.catch_up(clock() + wrong_by_ms)
    await here.auth.revoke_token("mei", "t1", clock() + HOUR)
    await there.auth.catch_up(clock() + wrong_by_ms)
    assert not await there.takes(a_token())


@pytest.mark.asyncio
async def test_what_came_between_authenticating_and_being_reachable_is_found(
    database: Database,
) -> None:
    node = Node(database)
    identity = await node.auth.authenticate(a_token(), clock())
    await node.auth.revoke_person("mei", clock())
    with pytest.raises(Unauthorized):
        node.auth.refuse_revoked(identity)


@pytest.mark.asyncio
async def test_without_the_database_what_is_known_still_counts() -> None:
    database = Database("mongodb://127.0.0.1:9/", "chat", timeout_ms=100)
    node = Node(database)
    following = asyncio.create_task(node.auth.follow(clock))
    with pytest.raises(Unavailable):
        await node.auth.revoke_token("mei", "t1", clock() + HOUR)
    assert await node.takes(a_token())
    assert not following.done()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await database.close()
