"""Where notifications go and how people want them: what is stored, whoever writes at once."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from bson import encode
from msgspec import structs

from chatserver.domain.device import Addressed
from chatserver.domain.person import DeviceInfo, Identity
from chatserver.domain.push.notification import Address, WebKeys
from chatserver.domain.push.prefs import DEFAULTS, Channels, Quiet
from chatserver.errors import Unsupported
from chatserver.store.database import Database, Driver
from chatserver.store.devices import DeviceRecords
from chatserver.store.push_prefs import PushPrefs
from chatserver.store.vault import MasterKeys, Vault

NOW = 1_900_000_000_000
KEY = f"k:{base64.b64encode(b'k' * 32).decode()}"
PHONE = Address(provider="fcm", token="token-1", app="shop", language="en")
PAGE = Address(
    provider="web",
    token="https://push.example/1",
    keys=WebKeys(p256dh="BPk", auth="aa"),
)
NUMBER = "+8613812340000"

pytestmark = [pytest.mark.asyncio, pytest.mark.one_driver]


@pytest_asyncio.fixture(params=["motor", "pymongo"])
async def database(
    request: pytest.FixtureRequest, mongo_url: str, empty_database: str
) -> AsyncIterator[Database]:
    driver: Driver = request.param
    database = Database(mongo_url, empty_database, driver=driver)
    yield database
    await database.close()


@pytest.fixture
def records(database: Database) -> DeviceRecords:
    return DeviceRecords(database)


@pytest.fixture
def prefs(database: Database) -> PushPrefs:
    return PushPrefs(database, Vault(database, MasterKeys((KEY,))))


async def connect(records: DeviceRecords, user: str, device: str = "phone") -> None:
    identity = Identity(
        user=user, role="customer", token_id="t", issued_at=NOW, expires_at=NOW + 1000
    )
    await records.connected(identity, DeviceInfo(device, "android"), NOW)


async def held(database: Database) -> list[tuple[str, str, bytes]]:
    """Every registration on a device's record: of whom, and its claim."""
    found = await database.collection("devices").find({"push": {"$exists": True}}).to_list(None)
    return [(each["user"], each["device"], each["push"]["claim"]) for each in found]


async def noted(database: Database) -> list[tuple[str, str, bytes]]:
    """The same by the register of tokens."""
    found = await database.collection("push_tokens").find({}).to_list(None)
    return [(each["user"], each["device"], each["claim"]) for each in found]


async def test_a_device_has_the_address_it_told_last(records: DeviceRecords) -> None:
    await connect(records, "mei")
    for address in (PAGE, PHONE, PHONE):
        assert await records.set_address("mei", "phone", address)
        assert await records.address("mei", "phone") == address
        expected = {"mei": [Addressed("phone", "android", address)]}
        assert await records.addresses_of(["mei", "lin"]) == expected
    await connect(records, "mei")  # coming back changes nothing
    assert await records.address("mei", "phone") == PHONE
    assert await records.set_address("mei", "phone", None)
    assert await records.addresses_of(["mei"]) == {}


async def test_nobody_registers_for_a_device_that_is_gone(
    records: DeviceRecords, database: Database
) -> None:
    assert not await records.set_address("mei", "phone", PHONE)
    assert not await records.set_address("mei", "phone", None)
    assert await records.address("mei", "phone") is None
    assert await noted(database) == []


async def test_a_token_moves_to_the_device_that_registers_it_whoever_had_it(
    records: DeviceRecords, database: Database
) -> None:
    for user, device in (("mei", "phone"), ("lin", "phone"), ("lin", "pad")):
        await connect(records, user, device)
        await records.set_address(user, device, PHONE)
        assert await records.addresses_of(["mei", "lin"]) == {
            user: [Addressed(device, "android", PHONE)]
        }
        assert await held(database) == await noted(database)


async def test_the_same_token_of_another_app_or_provider_is_another_one(
    records: DeviceRecords,
) -> None:
    others = [
        PHONE, structs.replace(PHONE, app="till"), structs.replace(PHONE, provider="huawei"),
    ]  # fmt: skip
    for number, address in enumerate(others):
        await connect(records, "mei", f"d{number}")
        await records.set_address("mei", f"d{number}", address)
    assert len((await records.addresses_of(["mei"]))["mei"]) == 3


async def test_of_many_who_register_a_token_at_once_one_has_it(
    records: DeviceRecords, database: Database
) -> None:
    places = [(f"user-{n}", f"d{m}") for n in range(3) for m in range(2)]
    for place in places:
        await connect(records, *place)

    async def register(place: tuple[str, str]) -> None:
        for _ in range(3):
            await records.set_address(*place, PHONE)

    await asyncio.gather(*map(register, places))
    assert len(await held(database)) == 1
    assert await held(database) == await noted(database)


async def test_whoever_dies_while_registering_leaves_no_token_with_two(
    records: DeviceRecords, database: Database
) -> None:
    chance = random.Random(5)
    for user in ("mei", "lin"):
        await connect(records, user)
    for number in range(24):
        user = ("mei", "lin")[number % 2]
        attempt = asyncio.create_task(records.set_address(user, "phone", PHONE))
        await asyncio.wait([attempt], timeout=chance.uniform(0, 0.006))
        attempt.cancel()
        with suppress(asyncio.CancelledError):
            await attempt
        assert len(await held(database)) <= 1
    await records.set_address("mei", "phone", PHONE)
    assert [user for user, *_ in await held(database)] == ["mei"]
    assert await held(database) == await noted(database)


async def test_a_thousand_registrations_leave_one(
    records: DeviceRecords, database: Database
) -> None:
    await connect(records, "mei")
    for number in range(30):
        await records.set_address("mei", "phone", structs.replace(PHONE, token=f"t{number}"))
    assert len(await noted(database)) == 1
    assert await held(database) == await noted(database)


async def test_whatever_happens_everybody_has_what_they_told_last_and_nobody_took(
    records: DeviceRecords, database: Database
) -> None:
    chance = random.Random(3)
    told: dict[tuple[str, str], str | None] = {}  # the token of every device there is
    for _ in range(80):
        place = chance.choice("ab"), chance.choice(("phone", "pad"))
        token = chance.choice(("t1", "t2", "t3"))
        match chance.choice(("connect", "set", "set", "set", "unset", "forget", "remove", "all")):
            case "connect":
                await connect(records, *place)
                told.setdefault(place, None)
            case "set":
                address = structs.replace(PHONE, token=token)
                assert await records.set_address(*place, address) is (place in told)
                if place in told:
                    told = {each: None if has == token else has for each, has in told.items()}
                    told[place] = token
            case "unset":
                assert await records.set_address(*place, None) is (place in told)
                told.update({place: None} if place in told else {})
            case "forget":
                await records.forget_address(*place, token)
                told.update({place: None} if told.get(place) == token else {})
            case "remove":
                await records.remove(*place)
                told.pop(place, None)
            case "all":
                await records.remove_all(place[0])
                told = {each: has for each, has in told.items() if each[0] != place[0]}
        found = await records.addresses_of("ab")
        assert {
            (user, each.device): each.address.token
            for user, those in found.items()
            for each in those
        } == {place: has for place, has in told.items() if has}
        assert sorted(await held(database)) == sorted(await noted(database))


async def test_a_log_out_takes_the_address_along(
    records: DeviceRecords, database: Database
) -> None:
    for device in ("phone", "pad", "old"):
        await connect(records, "mei", device)
        address = structs.replace(PHONE, token=device)
        await records.set_address("mei", device, address)
    await records.remove("mei", "old")
    assert len(await noted(database)) == 2
    await records.remove_all("mei")
    assert await noted(database) == []
    await connect(records, "mei")
    assert await records.addresses_of(["mei"]) == {}


async def test_a_dead_address_is_forgotten_only_where_it_is_unchanged(
    records: DeviceRecords, database: Database
) -> None:
    await connect(records, "mei")
    await records.set_address("mei", "phone", structs.replace(PHONE, token="token-2"))
    await records.forget_address("mei", "phone", "token-1")
    assert "mei" in await records.addresses_of(["mei"])
    for _ in range(2):
        await records.forget_address("mei", "phone", "token-2")
        assert await records.addresses_of(["mei"]) == {}
        assert await noted(database) == []
    assert await records.set_address("mei", "phone", PHONE)


async def test_who_said_nothing_has_the_defaults(prefs: PushPrefs) -> None:
    assert await prefs.prefs_of(["mei", "lin"]) == {"mei": DEFAULTS, "lin": DEFAULTS}
    kept = await prefs.get("mei")
    assert (kept.prefs, kept.phone) == (DEFAULTS, None)
    assert (await prefs.change("mei", {})).prefs == DEFAULTS


async def test_two_devices_may_change_two_things_at_once(prefs: PushPrefs) -> None:
    changes: list[dict[str, Any]] = [
        {"preview": "name"},
        {"quiet": Quiet(22 * 60, 8 * 60, "Asia/Shanghai")},
        {"paused_until": NOW},
        {"desktop": "also"},
        {"channels": Channels(push=True, wechat=False, sms=False)},
    ]
    await asyncio.gather(*(prefs.change("mei", each) for each in changes))
    expected = structs.replace(DEFAULTS, **{k: v for each in changes for k, v in each.items()})
    assert (await prefs.prefs_of(["mei"]))["mei"] == expected
    await prefs.change("mei", {"quiet": None, "paused_until": None})
    kept = (await prefs.get("mei")).prefs
    assert (kept.quiet, kept.paused_until, kept.desktop) == (None, None, "also")


async def test_a_number_is_sealed_and_goes_with_the_persons_key(
    prefs: PushPrefs, database: Database
) -> None:
    assert (await prefs.change("mei", {}, NUMBER)).phone == NUMBER
    await prefs.change("lin", {"preview": "none"}, "+15550100200")
    assert await prefs.phones_of(["mei", "lin", "fang"]) == {
        "mei": NUMBER,
        "lin": "+15550100200",
    }
    found = await database.collection("push_prefs").find({}).to_list(None)
    assert all(NUMBER.encode() not in encode(document) for document in found)
    await prefs._vault.forget("mei")
    assert (await prefs.get("mei")).phone is None
    assert await prefs.phones_of(["mei"]) == {}
    assert (await prefs.change("lin", {}, None)).phone is None
    assert await prefs.phones_of(["lin"]) == {}


async def test_a_server_without_keys_keeps_everything_but_numbers(database: Database) -> None:
    prefs = PushPrefs(database, Vault(database, MasterKeys(())))
    with pytest.raises(Unsupported):
        await prefs.change("mei", {"preview": "none"}, NUMBER)
    assert (await prefs.change("mei", {"preview": "name"}, None)).prefs.preview == "name"
