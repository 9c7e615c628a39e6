from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from chatserver.domain.device import Device
from chatserver.domain.person import DeviceInfo, Identity
from chatserver.store.database import Database, Driver
from chatserver.store.devices import TOKENS_MAX, DeviceRecords, Token

NOW = 1_900_000_000_000
PHONE = DeviceInfo("phone", "ios", "小美的手机")

pytestmark = pytest.mark.one_driver


def token(token_id: str = "t1", until: int = NOW + 1000, user: str = "mei") -> Identity:
    return Identity(user=user, role="customer", token_id=token_id, issued_at=NOW, expires_at=until)


@pytest_asyncio.fixture(params=["motor", "pymongo"])
async def records(
    request: pytest.FixtureRequest, mongo_url: str, empty_database: str
) -> AsyncIterator[DeviceRecords]:
    driver: Driver = request.param
    database = Database(mongo_url, empty_database, driver=driver)
    yield DeviceRecords(database)
    await database.close()


@pytest.mark.asyncio
async def test_a_device_is_new_once(records: DeviceRecords) -> None:
    assert await records.connected(token(), PHONE, NOW)
    assert not await records.connected(token(), PHONE, NOW + 5)
    assert await records.of_user("mei") == [
        Device(id="phone", platform="ios", name="小美的手机", created_at=NOW, connected_at=NOW + 5)
    ]


@pytest.mark.asyncio
async def test_a_device_that_changes_its_platform_is_new_there(records: DeviceRecords) -> None:
    await records.connected(token(), PHONE, NOW)
    assert await records.connected(token(), DeviceInfo("phone", "web"), NOW)


@pytest.mark.asyncio
async def test_a_name_stays_until_another_is_given(records: DeviceRecords) -> None:
    await records.connected(token(), PHONE, NOW)
    await records.connected(token(), DeviceInfo("phone", "ios"), NOW)
    assert [device.name for device in await records.of_user("mei")] == ["小美的手机"]


@pytest.mark.asyncio
async def test_the_last_to_connect_comes_first(records: DeviceRecords) -> None:
    for when, name in enumerate(["a", "b", "c", "a"]):
        await records.connected(token(), DeviceInfo(name, "web"), NOW + when)
    assert [device.id for device in await records.of_user("mei")] == ["a", "c", "b"]


@pytest.mark.asyncio
async def test_a_device_of_somebody_else_is_another_device(records: DeviceRecords) -> None:
    await records.connected(token(), PHONE, NOW)
    assert await records.connected(token(user="lin"), PHONE, NOW)
    await records.remove_all("mei")
    assert len(await records.of_user("lin")) == 1
    assert await records.of_user("mei") == []


@pytest.mark.asyncio
async def test_its_unexpired_tokens_are_remembered_once_each(records: DeviceRecords) -> None:
    await records.connected(token("old", until=NOW + 10), PHONE, NOW)
    await records.connected(token("a"), PHONE, NOW + 1)
    await records.renewed(token("b"), "phone", NOW + 20)
    await records.connected(token("a"), PHONE, NOW + 30)
    assert await records.tokens("mei", "phone") == [Token("b", NOW + 1000), Token("a", NOW + 1000)]


@pytest.mark.asyncio
async def test_remembered_tokens_are_bounded(records: DeviceRecords) -> None:
    await records.connected(token("first"), PHONE, NOW)
    for number in range(TOKENS_MAX):
        await records.renewed(token(f"t{number}"), "phone", NOW)
    tokens = await records.tokens("mei", "phone")
    assert tokens is not None
    assert (len(tokens), tokens[-1].id) == (TOKENS_MAX, f"t{TOKENS_MAX - 1}")


@pytest.mark.asyncio
async def test_removing_gives_the_tokens_and_happens_once(records: DeviceRecords) -> None:
    await records.connected(token(), PHONE, NOW)
    assert await records.remove("mei", "phone") == [Token("t1", NOW + 1000)]
    assert await records.remove("mei", "phone") == []
    assert await records.tokens("mei", "phone") is None


@pytest.mark.asyncio
async def test_renewing_does_not_bring_a_removed_device_back(records: DeviceRecords) -> None:
    await records.renewed(token(), "phone", NOW)
    assert await records.of_user("mei") == []


@pytest.mark.asyncio
async def test_describing_sets_what_is_given(records: DeviceRecords) -> None:
    await records.connected(token(), PHONE, NOW)
    assert await records.describe("mei", "phone", foreground=False, name=None)
    assert await records.describe("mei", "phone", foreground=None, name="新手机")
    assert await records.describe("mei", "phone", foreground=None, name=None)
    assert not await records.describe("mei", "other", foreground=True, name=None)
    [device] = await records.of_user("mei")
    assert (device.foreground, device.name) == (False, "新手机")


@pytest.mark.asyncio
@pytest.mark.parametrize("text", ["$user", "$$ROOT", "a.b", "{}", "$tokens.id"])
async def test_what_clients_say_is_only_text(records: DeviceRecords, text: str) -> None:
    await records.connected(token(text, user=text), DeviceInfo(text, "web", text), NOW)
    await records.renewed(token(text + "2", user=text), text, NOW)
    [device] = await records.of_user(text)
    assert (device.id, device.name) == (text, text)
    assert [each.id for each in await records.remove(text, text)] == [text, text + "2"]


@pytest.mark.asyncio
async def test_ten_connects_at_once_make_one_record(records: DeviceRecords) -> None:
    news = await asyncio.gather(
        *(records.connected(token(f"t{number}"), PHONE, NOW) for number in range(10))
    )
    assert news.count(True) == 1
    assert len(await records.remove("mei", "phone")) == 10


@pytest_asyncio.fixture
async def elsewhere(mongo_url: str, empty_database: str) -> AsyncIterator[DeviceRecords]:
    """Another node."""
    database = Database(mongo_url, empty_database)
    yield DeviceRecords(database)
    await database.close()


async def until_connected_at(records: DeviceRecords, when: int) -> None:
    async with asyncio.timeout(60):
        while [each.connected_at for each in await records.of_user("mei")] != [when]:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.mark.asyncio
async def test_nodes_that_see_a_device_first_at_once_make_one_record(
    records: DeviceRecords, elsewhere: DeviceRecords
) -> None:
    crowd = [DeviceInfo(f"phone-{number}", "ios") for number in range(100)]
    for round_ in range(3):
        news = await asyncio.gather(
            *(
                node.connected(token(f"{round_}-{name}"), device, NOW)
                for device in crowd
                for name, node in (("here", records), ("there", elsewhere))
            )
        )
        assert news.count(True) == (0 if round_ else 100)
    assert len(await records.of_user("mei")) == 100
    tokens = await elsewhere.tokens("mei", "phone-7")
    assert tokens is not None
    assert len(tokens) == 6


@pytest.mark.asyncio
async def test_a_device_that_comes_back_as_it_was_waits_for_no_write(
    records: DeviceRecords, elsewhere: DeviceRecords
) -> None:
    await records.connected(token(), PHONE, NOW)
    assert not await records.connected(token(), PHONE, NOW + 5)
    await until_connected_at(elsewhere, NOW + 5)


@pytest.mark.asyncio
async def test_when_it_came_is_known_here_before_it_is_written(records: DeviceRecords) -> None:
    for name in ("a", "b"):
        await records.connected(token(), DeviceInfo(name, "web"), NOW)
    for when in range(1, 20):
        name = "ab"[when % 2]
        await records.connected(token(), DeviceInfo(name, "web"), NOW + when)
        [first, _] = await records.of_user("mei")
        assert (first.id, first.connected_at) == (name, NOW + when)


@pytest.mark.asyncio
async def test_what_is_written_behind_brings_no_removed_device_back(
    records: DeviceRecords, elsewhere: DeviceRecords
) -> None:
    stays = DeviceInfo("stays", "web")
    for info in (PHONE, stays):
        await records.connected(token(), info, NOW)
        await records.connected(token(), info, NOW + 5)
    await records.remove("mei", "phone")
    await until_connected_at(elsewhere, NOW + 5)
    assert [device.id for device in await elsewhere.of_user("mei")] == ["stays"]


@pytest.mark.asyncio
async def test_a_device_in_the_background_is_in_front_once_it_connects(
    records: DeviceRecords,
) -> None:
    await records.connected(token(), PHONE, NOW)
    await records.describe("mei", "phone", foreground=False, name=None)
    await records.connected(token(), PHONE, NOW + 5)
    [device] = await records.of_user("mei")
    assert (device.foreground, device.connected_at) == (True, NOW + 5)


@pytest.mark.asyncio
async def test_a_token_is_recorded_again_once_another_came_after_it(
    records: DeviceRecords,
) -> None:
    for name in ("a", "b", "a"):
        await records.connected(token(name), PHONE, NOW)
    await records.connected(token("a", until=NOW + 2000), PHONE, NOW)  # issued again for longer
    assert await records.tokens("mei", "phone") == [Token("b", NOW + 1000), Token("a", NOW + 2000)]


@pytest.mark.asyncio
async def test_a_crowd_that_is_known_costs_a_few_look_ups(
    records: DeviceRecords, elsewhere: DeviceRecords, operations: Callable[[], Counter[str]]
) -> None:
    crowd = [token(user=f"user-{number}") for number in range(1200)]
    assert all(await asyncio.gather(*(records.connected(each, PHONE, NOW) for each in crowd)))
    assert len(await records.of_user("user-7")) == 1
    operations()
    assert not any(
        await asyncio.gather(*(records.connected(each, PHONE, NOW + 5) for each in crowd))
    )
    assert operations()["devices.query"] <= 4


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "odd", [DeviceInfo("odd", "web", "\ud83d"), DeviceInfo("\ud83d", "web")], ids=["name", "id"]
)
async def test_a_device_that_cannot_be_stored_takes_nobody_along(
    records: DeviceRecords, odd: DeviceInfo
) -> None:
    crowd = [PHONE, odd, DeviceInfo("laptop", "desktop")]
    told = await asyncio.gather(
        *(records.connected(token(), info, NOW) for info in crowd), return_exceptions=True
    )
    assert told[::2] == [True, True]
    assert isinstance(told[1], UnicodeEncodeError)
    assert {device.id for device in await records.of_user("mei")} == {"phone", "laptop"}
