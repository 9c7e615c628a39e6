from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chatserver.domain.person import Identity, Person
from chatserver.errors import Unavailable
from chatserver.store.database import Database, Driver
from chatserver.store.users import Users

NOW = 1_900_000_000_000


def says(user: str = "mei", **given: object) -> Identity:
    fields = {"role": "customer", "token_id": "t", "issued_at": NOW, "expires_at": NOW + 1}
    return Identity(user=user, **{**fields, **given})  # type: ignore[arg-type]


@pytest_asyncio.fixture(params=["motor", "pymongo"])
async def users(
    request: pytest.FixtureRequest, mongo_url: str, database_name: str
) -> AsyncIterator[Users]:
    driver: Driver = request.param
    database = Database(mongo_url, database_name, driver=driver)
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
async def test_people_are_found_by_id_and_strangers_left_out(users: Users) -> None:
    await users.ensure(says("mei", name="陈小美"), NOW)
    await users.ensure(says("lin", role="consultant"), NOW)
    found = await users.people(["mei", "nobody", "$where", "lin"])
    assert {user: person.name for user, person in found.items()} == {"mei": "陈小美", "lin": "lin"}


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
@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_without_a_database_it_is_unavailable(driver: Driver) -> None:
    database = Database("mongodb://127.0.0.1:9/", "chat", driver=driver, timeout_ms=200)
    with pytest.raises(Unavailable):
        await Users(database).people(["mei"])
    await database.close()
