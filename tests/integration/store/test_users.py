from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from pymongo import MongoClient

from chatserver.domain.person import Identity, Person
from chatserver.errors import Unavailable
from chatserver.store.database import Database, Driver
from chatserver.store.due import DuePeople
from chatserver.store.users import SEEN_EVERY_MS, Users

NOW = 1_900_000_000_000


def says(user: str = "mei", **given: object) -> Identity:
    fields = {"role": "customer", "token_id": "t", "issued_at": NOW, "expires_at": NOW + 1}
    return Identity(user=user, **{**fields, **given})  # type: ignore[arg-type]


@pytest_asyncio.fixture(params=["motor", "pymongo"])
async def users(
    request: pytest.FixtureRequest, mongo_url: str, empty_database: str
) -> AsyncIterator[Users]:
    driver: Driver = request.param
    database = Database(mongo_url, empty_database, driver=driver)
    yield Users(database)
    await database.close()


@pytest.mark.asyncio
async def test_a_person_without_a_name_is_called_by_their_id(users: Users) -> None:
    assert await users.ensure(says(), NOW) == Person(user="mei", name="mei", role="customer")


@pytest.mark.asyncio
async def test_what_a_token_says_new_replaces_and_what_it_leaves_out_stays(users: Users) -> None:
    await users.ensure(says(name="陈小美", shop="s1"), NOW)
    person = await users.ensure(says(role="bot", shop="s2"), NOW + 1)
    assert person == Person(user="mei", name="陈小美", role="bot", shop="s2")


@pytest.mark.asyncio
@pytest.mark.parametrize("newcomers_due", [False, True])
async def test_newcomers_are_due_where_rules_want_them_and_who_changes_is_always(
    mongo_url: str, empty_database: str, newcomers_due: bool
) -> None:
    database = Database(mongo_url, empty_database)
    users, due = Users(database, newcomers_due=newcomers_due), DuePeople(database)
    try:
        await users.ensure(says(), NOW)
        newcomer = await due.take(NOW, 1)
        assert (newcomer is not None) is newcomers_due
        if newcomer is not None:
            await due.done(newcomer)
        await users.ensure(says(shop="s2"), NOW)
        changed = await due.take(NOW, 1)
        assert changed is not None
        assert changed.user == "mei"
    finally:
        await database.close()


@pytest.mark.asyncio
async def test_people_are_found_by_id_and_strangers_left_out(users: Users) -> None:
    await users.ensure(says("mei", name="陈小美"), NOW)
    await users.ensure(says("lin", role="consultant"), NOW)
    found = await users.people(["mei", "nobody", "$where", "lin"])
    assert {user: person.name for user, person in found.items()} == {"mei": "陈小美", "lin": "lin"}


@pytest.mark.asyncio
async def test_where_nobody_is_looked_for_nothing_is_asked(
    users: Users, operations: Callable[[], Counter[str]]
) -> None:
    assert await users.people(()) == {}
    assert not operations()


@pytest.mark.asyncio
@pytest.mark.parametrize("user", ["$where", "a.b", "$a.$b", "{}", "用户"])
async def test_an_id_is_only_text(users: Users, user: str) -> None:
    assert (await users.ensure(says(user, name="$role"), NOW)).name == "$role"
    assert list(await users.people([user])) == [user]


@pytest.mark.asyncio
async def test_ten_first_sights_at_once_make_one_person(users: Users) -> None:
    people = await asyncio.gather(*(users.ensure(says(), NOW) for _ in range(10)))
    assert people == [Person(user="mei", name="mei", role="customer")] * 10


@pytest.mark.asyncio
async def test_a_crowd_that_is_known_costs_a_few_look_ups_and_no_write(
    users: Users, operations: Callable[[], Counter[str]]
) -> None:
    crowd = [says(f"user-{number}", name=f"{number}") for number in range(1200)]
    people = await asyncio.gather(*(users.ensure(each, NOW) for each in crowd))
    assert [person.name for person in people] == [each.name for each in crowd]
    operations()
    assert await asyncio.gather(*(users.ensure(each, NOW + 1) for each in crowd)) == people
    seen = operations()
    assert set(seen) == {"users.query"}
    assert seen.total() <= 4


@pytest.mark.asyncio
async def test_in_a_crowd_each_is_who_the_own_token_says(users: Users) -> None:
    await users.ensure(says("mei", name="陈小美"), NOW)
    await users.ensure(says("lin", name="林", shop="s1"), NOW)
    crowd = [
        says("mei"),
        says("lin", name="林顾问"),
        says("new"),
        says("mei"),
        says("bot", shop="s"),
    ]
    people = await asyncio.gather(*(users.ensure(each, NOW) for each in crowd))
    assert [(person.user, person.name, person.shop) for person in people] == [
        ("mei", "陈小美", None),
        ("lin", "林顾问", "s1"),
        ("new", "new", None),
        ("mei", "陈小美", None),
        ("bot", "bot", "s"),
    ]
    assert await users.people(["lin"]) == {"lin": people[1]}


@pytest.mark.asyncio
async def test_who_cannot_be_stored_takes_nobody_along(users: Users) -> None:
    crowd = [says("mei"), says("half a smile", name="\ud83d"), says("lin")]
    told = await asyncio.gather(
        *(users.ensure(each, NOW) for each in crowd), return_exceptions=True
    )
    assert isinstance(told[1], UnicodeEncodeError)
    assert set(await users.people(["mei", "half a smile", "lin"])) == {"mei", "lin"}


@pytest.mark.asyncio
async def test_when_somebody_was_last_seen_is_kept_to_the_hour(
    users: Users, mongo_url: str, empty_database: str
) -> None:
    await users.ensure(says(), NOW)
    await users.ensure(says(), NOW + SEEN_EVERY_MS - 1)
    with MongoClient[dict[str, Any]](mongo_url) as client:
        known = client[empty_database]["users"]
        assert known.distinct("seen_at") == [NOW]
        await users.ensure(says(), NOW + SEEN_EVERY_MS)
        async with asyncio.timeout(60):
            while known.distinct("seen_at") == [NOW]:  # noqa: ASYNC110 - it is written behind
                await asyncio.sleep(0.005)
        assert known.distinct("seen_at") == [NOW + SEEN_EVERY_MS]


@pytest.mark.asyncio
async def test_nodes_that_see_somebody_first_at_once_make_one_person(
    users: Users, mongo_url: str, empty_database: str
) -> None:
    other = Database(mongo_url, empty_database)
    nodes = (users, Users(other))
    crowd = [says(f"user-{number}") for number in range(100)]
    await asyncio.gather(*(node.ensure(each, NOW) for node in nodes for each in crowd))
    assert len(await users.people(each.user for each in crowd)) == 100
    await other.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_without_a_database_it_is_unavailable(driver: Driver) -> None:
    database = Database("mongodb://127.0.0.1:9/", "chat", driver=driver, timeout_ms=200)
    users = Users(database)
    with pytest.raises(Unavailable):
        await users.people(["mei"])
    told = await asyncio.gather(
        *(users.ensure(says(f"{number}"), NOW) for number in range(50)), return_exceptions=True
    )
    assert all(isinstance(each, Unavailable) for each in told)
    await database.close()
