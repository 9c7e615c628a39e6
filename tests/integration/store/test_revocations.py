from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from chatserver.domain.revocation import Revocation
from chatserver.store.database import Database, Driver
from chatserver.store.revocations import Revocations

NOW = 1_900_000_000_000  # not in the past: the database forgets by its own clock
HOUR = 3_600_000

pytestmark = pytest.mark.one_driver


def a_token(user: str = "mei", token_id: str = "t1", until: int = NOW + HOUR) -> Revocation:
    return Revocation(user=user, token_id=token_id, until=until, reason="revoked")


def a_person(issued_by: int, until: int = NOW + HOUR) -> Revocation:
    return Revocation(user="mei", issued_by=issued_by, until=until, reason="revoked")


@pytest_asyncio.fixture(params=["motor", "pymongo"])
async def database(
    request: pytest.FixtureRequest, mongo_url: str, empty_database: str
) -> AsyncIterator[Database]:
    driver: Driver = request.param
    database = Database(mongo_url, empty_database, driver=driver)
    yield database
    await database.close()


@pytest.fixture
def revocations(database: Database) -> Revocations:
    return Revocations(database)


async def all_of(revocations: Revocations, now: int = NOW) -> list[Revocation]:
    return [each for _, each in await revocations.since(None, now)]


@pytest.mark.asyncio
async def test_what_is_added_is_read_whole(revocations: Revocations) -> None:
    await revocations.add([a_token(), a_person(NOW)])
    assert sorted(await all_of(revocations), key=str) == sorted([a_token(), a_person(NOW)], key=str)


@pytest.mark.asyncio
async def test_adding_again_changes_nothing(revocations: Revocations) -> None:
    await revocations.add([a_token(), a_token()])
    assert await all_of(revocations) == [a_token()]


@pytest.mark.asyncio
async def test_the_same_token_id_of_two_people_is_two_revocations(revocations: Revocations) -> None:
    await revocations.add([a_token("mei"), a_token("lin")])
    assert len(await all_of(revocations)) == 2


@pytest.mark.asyncio
async def test_a_persons_revocation_only_widens(revocations: Revocations) -> None:
    await revocations.add([a_person(NOW, NOW + 2 * HOUR), a_person(NOW - 5, NOW + HOUR)])
    assert await all_of(revocations) == [a_person(NOW, NOW + 2 * HOUR)]


@pytest.mark.asyncio
async def test_what_is_over_is_not_read(revocations: Revocations) -> None:
    await revocations.add([a_token()])
    assert await all_of(revocations, NOW + HOUR) == []


@pytest.mark.asyncio
async def test_reading_on_gives_what_came_since(revocations: Revocations) -> None:
    await revocations.add([a_token()])
    [(latest, _)] = await revocations.since(None, NOW)
    await revocations.add([a_token(token_id="t2")])
    assert a_token(token_id="t2") in [each for _, each in await revocations.since(latest, NOW)]


@pytest.mark.asyncio
async def test_reading_on_leaves_out_what_is_old(
    revocations: Revocations, database: Database
) -> None:
    await revocations.add([a_token()])
    await revocations.add([a_token(token_id="t2")])
    [(latest, _)] = [row for row in await revocations.since(None, NOW) if row[1].token_id == "t2"]
    await database.collection("revocations").update_one(
        {"_id": "t:mei t1"}, {"$set": {"revoked_at": latest - timedelta(seconds=90)}}
    )
    assert [each for _, each in await revocations.since(latest, NOW)] == [a_token(token_id="t2")]


@pytest.mark.asyncio
async def test_a_database_clock_that_was_ahead_hides_nothing(revocations: Revocations) -> None:
    await revocations.add([a_token()])
    [(latest, _)] = await revocations.since(None, NOW)
    ahead = latest + timedelta(hours=1)
    assert [each for _, each in await revocations.since(ahead, NOW)] == [a_token()]


@pytest.mark.asyncio
async def test_reading_on_uses_the_index(revocations: Revocations, database: Database) -> None:
    await revocations.add([a_token()])
    [(latest, _)] = await revocations.since(None, NOW)
    start = {"$subtract": [{"$min": [latest, "$$NOW"]}, 60_000]}
    query = {"$expr": {"$gte": ["$revoked_at", start]}}
    plan = await database.collection("revocations").find(query).explain()
    assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])
