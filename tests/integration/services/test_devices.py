"""People arrive with devices, and devices are logged out, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from chatserver.config import Settings
from chatserver.domain.calls import LogoutDevice, UpdateDevice
from chatserver.domain.device import Cut
from chatserver.domain.person import Caller, DeviceInfo, Identity, Person, Platform
from chatserver.errors import Forbidden, NotFound, Unauthorized, Unavailable
from chatserver.services.auth import Auth, Verifier
from chatserver.services.delivery import Delivery
from chatserver.services.devices import Devices
from chatserver.store.database import Database, Driver
from chatserver.store.devices import DeviceRecords
from chatserver.store.revocations import Revocations
from chatserver.store.users import Users

NOW = 1_900_000_000_000
SETTINGS = Settings(jwt_key="a secret of thirty-two bytes or more", devices_per_platform=2)

pytestmark = pytest.mark.one_driver


@dataclass
class Hub:
    """Notes whom it was told to cut."""

    cuts: list[Cut] = field(default_factory=list)

    def cut(self, cut: Cut) -> None:
        self.cuts.append(cut)

    def deliver(self, topic: str, frame: str, skip: str | None = None) -> int:
        return 0

    def here(self, topic: str) -> bool:
        return False


class Bus:
    """Keeps what other nodes would hear."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes]] = []

    def publish(self, topic: str, payload: bytes) -> None:
        self.published.append((topic, payload))


def token(token_id: str = "t1", user: str = "mei", issued_at: int = NOW - 5000) -> Identity:
    return Identity(
        user=user,
        role="customer",
        token_id=token_id,
        issued_at=issued_at,
        expires_at=NOW + 3_600_000,
    )


def caller(device: str, user: str = "mei") -> Caller:
    return Caller(user=user, role="customer", device=device, connection=f"c-{device}")


class Shop:
    """The service with what it leans on."""

    def __init__(self, database: Database) -> None:
        self.hub, self.bus = Hub(), Bus()
        delivery = Delivery(self.hub, self.bus)
        self.auth = Auth(Verifier(SETTINGS), Revocations(database), delivery)
        self.devices = Devices(
            Users(database), DeviceRecords(database), self.auth, delivery, SETTINGS
        )

    async def arrive(
        self, device: str, now: int = NOW, platform: Platform = "web", **says: str
    ) -> Person:
        identity = token(says.get("token_id", f"t-{device}"))
        return await self.devices.arrive(identity, DeviceInfo(device, platform), f"c-{device}", now)

    async def listed(self) -> list[str]:
        return [device.id for device in await self.devices.list(caller("any"))]

    def told_to_leave(self) -> list[tuple[str | None, str | None]]:
        return [(cut.device, cut.reason) for cut in self.hub.cuts if cut.reason]

    def is_revoked(self, identity: Identity) -> bool:
        try:
            self.auth.refuse_revoked(identity)
        except Unauthorized:
            return True
        return False


@pytest_asyncio.fixture(params=["motor", "pymongo"])
async def shop(
    request: pytest.FixtureRequest, mongo_url: str, empty_database: str
) -> AsyncIterator[Shop]:
    driver: Driver = request.param
    database = Database(mongo_url, empty_database, driver=driver)
    yield Shop(database)
    await database.close()


@pytest.mark.asyncio
async def test_whoever_arrives_exists_from_then_on(shop: Shop) -> None:
    assert await shop.arrive("laptop") == Person(user="mei", name="mei", role="customer")
    assert await shop.listed() == ["laptop"]


@pytest.mark.asyncio
async def test_an_earlier_connection_of_the_device_ends_silently(shop: Shop) -> None:
    await shop.arrive("laptop")
    assert shop.hub.cuts == [Cut(user="mei", device="laptop", spare="c-laptop")]
    assert [topic for topic, _ in shop.bus.published] == ["u:mei"]


@pytest.mark.asyncio
async def test_the_newest_device_takes_over_from_the_oldest(shop: Shop) -> None:
    for when, device in enumerate(["a", "b", "c"]):
        await shop.arrive(device, NOW + when)
    assert shop.told_to_leave() == [("a", "device_limit")]
    assert await shop.listed() == ["c", "b"]


@pytest.mark.asyncio
async def test_a_device_that_comes_again_takes_nobodys_place(shop: Shop) -> None:
    for when, device in enumerate(["a", "b", "a", "b"]):
        await shop.arrive(device, NOW + when)
    assert shop.told_to_leave() == []


@pytest.mark.asyncio
async def test_each_platform_has_its_own_limit(shop: Shop) -> None:
    await shop.arrive("a")
    await shop.arrive("b")
    await shop.arrive("c", platform="ios")
    assert shop.told_to_leave() == []


@pytest.mark.asyncio
async def test_other_peoples_devices_do_not_count(shop: Shop) -> None:
    for user in ("mei", "lin", "wang"):
        await shop.devices.arrive(token(user=user), DeviceInfo("same", "web"), "c", NOW)
    assert shop.told_to_leave() == []
    assert await shop.listed() == ["same"]


@pytest.mark.asyncio
async def test_logging_out_another_device_ends_it_and_only_it(shop: Shop) -> None:
    await shop.arrive("laptop")
    await shop.arrive("phone")
    await shop.devices.logout(caller("laptop"), LogoutDevice(device="phone"), NOW)
    assert await shop.listed() == ["laptop"]
    assert shop.is_revoked(token("t-phone"))
    assert not shop.is_revoked(token("t-laptop"))
    assert (("phone", "logged_out")) in shop.told_to_leave()
    assert not any(cut.reason and cut.device == "laptop" for cut in shop.hub.cuts)


@pytest.mark.asyncio
async def test_without_a_device_it_is_this_one(shop: Shop) -> None:
    await shop.arrive("laptop")
    await shop.devices.logout(caller("laptop"), LogoutDevice(), NOW)
    assert await shop.listed() == []
    assert shop.is_revoked(token("t-laptop"))


@pytest.mark.asyncio
async def test_all_tokens_that_the_device_had_end(shop: Shop) -> None:
    await shop.arrive("phone")
    await shop.devices.renewed(caller("phone"), token("renewed"), NOW)
    await shop.devices.logout(caller("phone"), LogoutDevice(), NOW)
    assert shop.is_revoked(token("t-phone"))
    assert shop.is_revoked(token("renewed"))


@pytest.mark.asyncio
@pytest.mark.parametrize("device", ["unknown", "theirs"])
async def test_an_unknown_device_and_somebody_elses_are_alike(shop: Shop, device: str) -> None:
    await shop.devices.arrive(token(user="lin"), DeviceInfo("theirs", "web"), "c", NOW)
    with pytest.raises(NotFound):
        await shop.devices.logout(caller("laptop"), LogoutDevice(device=device), NOW)
    assert len(await shop.devices.list(caller("theirs", user="lin"))) == 1


@pytest.mark.asyncio
async def test_all_devices_can_be_logged_out(shop: Shop) -> None:
    await shop.arrive("laptop")
    await shop.arrive("phone")
    await shop.devices.logout(caller("laptop"), LogoutDevice(all=True), NOW)
    assert await shop.listed() == []
    assert shop.is_revoked(token("never seen"))
    assert not shop.is_revoked(token("new", issued_at=NOW + 1000))
    assert Cut(user="mei", issued_by=NOW, reason="logged_out") in shop.hub.cuts


@pytest.mark.asyncio
async def test_other_nodes_are_told_of_a_logout(shop: Shop) -> None:
    await shop.arrive("phone")
    await shop.devices.logout(caller("phone"), LogoutDevice(), NOW)
    cuts = [msgspec.json.decode(payload[1:], type=Cut) for _, payload in shop.bus.published]
    assert Cut(user="mei", device="phone", reason="logged_out") in cuts


@pytest.mark.asyncio
async def test_somebody_elses_token_does_not_renew(shop: Shop) -> None:
    await shop.arrive("phone")
    with pytest.raises(Forbidden):
        await shop.devices.renewed(caller("phone"), token(user="lin"), NOW)


@pytest.mark.asyncio
async def test_what_is_told_about_a_device_is_listed(shop: Shop) -> None:
    await shop.arrive("phone")
    call = UpdateDevice(foreground=False, device_name="小美的手机")
    await shop.devices.update(caller("phone"), call)
    [device] = await shop.devices.list(caller("phone"))
    assert (device.foreground, device.name) == (False, "小美的手机")


@pytest.mark.asyncio
async def test_a_device_that_was_logged_out_cannot_be_updated(shop: Shop) -> None:
    await shop.arrive("phone")
    await shop.devices.logout(caller("phone"), LogoutDevice(), NOW)
    with pytest.raises(NotFound):
        await shop.devices.update(caller("phone"), UpdateDevice(foreground=True))


@pytest.mark.asyncio
async def test_a_device_that_came_back_just_now_is_not_the_oldest(shop: Shop) -> None:
    for when, device in enumerate(["a", "b", "a", "c"]):
        await shop.arrive(device, NOW + when)
    assert shop.told_to_leave() == [("b", "device_limit")]
    assert await shop.listed() == ["c", "a"]


@pytest.mark.asyncio
async def test_of_many_new_devices_at_once_the_limit_stays(shop: Shop) -> None:
    await asyncio.gather(*(shop.arrive(f"{number}", NOW + number) for number in range(8)))
    assert len(await shop.listed()) == 2
    assert len({device for device, _ in shop.told_to_leave()}) == 6


@pytest.mark.asyncio
async def test_in_a_crowd_everybody_is_served_and_replaces_only_themselves(shop: Shop) -> None:
    crowd = [(f"user-{number}", f"phone-{number}") for number in range(600)]

    async def all_arrive(connection: str, now: int) -> list[Person]:
        return await asyncio.gather(
            *(
                shop.devices.arrive(token(user=user), DeviceInfo(device, "ios"), connection, now)
                for user, device in crowd
            )
        )

    for connection, now in (("first", NOW), ("second", NOW + 1)):
        shop.hub.cuts.clear()
        people = await all_arrive(connection, now)
        assert [person.user for person in people] == [user for user, _ in crowd]
        cuts = {(cut.user, cut.device, cut.spare, cut.reason) for cut in shop.hub.cuts}
        assert cuts == {(user, device, connection, None) for user, device in crowd}


@pytest.mark.asyncio
@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_while_the_database_is_away_everybody_hears_it_in_time(
    private_mongo: Any, driver: Driver
) -> None:
    database = Database(private_mongo.url, "chat", driver=driver, timeout_ms=1500)
    await database.prepare()
    shop = Shop(database)
    await shop.arrive("laptop")
    await asyncio.to_thread(private_mongo.kill)
    async with asyncio.timeout(15):  # one after the other they would take longer
        told = await asyncio.gather(
            *(shop.arrive(f"{number}") for number in range(300)), return_exceptions=True
        )
    assert {type(each) for each in told} == {Unavailable}

    await asyncio.to_thread(private_mongo.start)
    async with asyncio.timeout(60):
        while True:
            try:
                await shop.arrive("laptop")
                break
            except Unavailable:
                continue
    await database.close()
