"""What people say of their notifications, and of what class messages are."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from chatserver.config import Settings
from chatserver.domain.person import DeviceInfo, Identity
from chatserver.errors import Forbidden, Invalid, NotFound, RateLimited, Unsupported
from chatserver.providers.push.check import write_key
from tests.integration.services.pushing import Day
from tests.integration.services.rooms import begin

pytestmark = pytest.mark.asyncio

NOW = 1_900_000_000_000
KEYS = (f"k:{base64.b64encode(b'k' * 32).decode()}",)
PHONE = {"provider": "fcm", "token": "token-1"}
PAGE = {
    "provider": "web", "token": "https://push.example/1", "language": "en",
    "keys": {"p256dh": "BPk", "auth": "aa"},
}  # fmt: skip
NUMBER = "+8613812340000"
DEFAULTS = {
    "preview": "full", "quiet": None, "paused_until": None, "desktop": "hold", "phone": None,
    "channels": {"push": True, "wechat": True, "sms": True},
}  # fmt: skip


async def come(node: Any, user: str, device: str = "phone", **given: Any) -> Any:
    """Somebody connects with a device that is recorded."""
    arrived = await node.arrive(user, device, **given)
    await record(arrived)
    return arrived


async def record(device: Any) -> None:
    identity = structs.replace(device.connection.identity, expires_at=NOW + 1000)
    info = DeviceInfo(device.caller.device, "ios")
    await device.node.kept.devices.connected(identity, info, NOW)


async def addresses(node: Any, *users: str) -> dict[str, list[tuple[str, str]]]:
    """Device and token of everything these people are notified by."""
    found = await node.kept.devices.addresses_of(users)
    return {user: [(a.device, a.address.token) for a in those] for user, those in found.items()}


async def test_a_device_says_where_its_notifications_go(node: Any) -> None:
    mei = await come(node, "mei")
    for address in (PHONE, PAGE):
        assert await mei.call("device.update", {"push": address}) == {}
        assert await addresses(node, "mei") == {"mei": [("phone", address["token"])]}
    await mei.call("device.update", {"foreground": False, "name": "x"})
    assert await addresses(node, "mei") == {"mei": [("phone", PAGE["token"])]}
    (device,) = (await mei.call("device.list", {}))["devices"]
    assert "push.example" not in str(device)
    await mei.call("device.update", {"push": None})
    assert await addresses(node, "mei") == {}


async def test_a_device_that_was_logged_out_registers_nothing(node: Any) -> None:
    mei = await node.arrive("mei")
    with pytest.raises(NotFound):
        await mei.call("device.update", {"push": PHONE})


async def test_a_lent_phone_notifies_whoever_uses_it_now_alone(node: Any) -> None:
    mei, lin = await come(node, "mei"), await come(node, "lin", "her-phone")
    await mei.call("device.update", {"push": PHONE})
    await lin.call("device.update", {"push": PHONE})
    assert await addresses(node, "mei", "lin") == {"lin": [("her-phone", "token-1")]}
    await mei.call("device.update", {"push": None})  # takes nothing from her
    assert await addresses(node, "mei", "lin") == {"lin": [("her-phone", "token-1")]}
    await mei.call("device.update", {"push": PHONE})  # at the next start of her app
    assert await addresses(node, "mei", "lin") == {"mei": [("phone", "token-1")]}


@pytest.mark.parametrize("everywhere", [False, True])
async def test_nothing_goes_to_a_device_after_its_log_out(node: Any, everywhere: bool) -> None:
    mei, pad = await come(node, "mei"), await come(node, "mei", "pad")
    await mei.call("device.update", {"push": PHONE})
    await pad.call("device.update", {"push": {**PHONE, "token": "token-2"}})
    given = {"all": True} if everywhere else {"device": "phone"}
    await mei.call("device.logout", given)
    left = {} if everywhere else {"mei": [("pad", "token-2")]}
    assert await addresses(node, "mei") == left


async def test_a_device_beyond_the_limit_is_notified_no_more(start_node: Any) -> None:
    node = await start_node(devices_per_platform=2)
    for number in range(3):
        identity = Identity(
            user="mei", role="customer", token_id="t", issued_at=0, expires_at=2**50
        )
        info = DeviceInfo(f"d{number}", "ios")
        await node.services.devices.arrive(identity, info, f"c{number}", NOW + number)
        device = await node.arrive("mei", f"d{number}")
        await device.call("device.update", {"push": {**PHONE, "token": f"token-{number}"}})
    found = await addresses(node, "mei")
    assert sorted(found["mei"]) == [("d1", "token-1"), ("d2", "token-2")]


async def test_registering_again_and_again_is_too_often_but_for_what_is_known(node: Any) -> None:
    mei = await come(node, "mei")
    for number in range(3):
        await mei.call("device.update", {"push": {**PHONE, "token": f"token-{number}"}})
    with pytest.raises(RateLimited):
        await mei.call("device.update", {"push": PHONE, "name": "x"})
    for _ in range(5):
        await mei.call("device.update", {"push": {**PHONE, "token": "token-2"}})
    (device,) = (await mei.call("device.list", {}))["devices"]
    assert device["name"] == ""  # what is refused changes nothing


async def test_where_a_browser_is_reached_is_looked_at(
    node: Any, start_node: Any, tmp_path: Path
) -> None:
    here = {**PAGE, "token": "http://127.0.0.1:9000/push"}
    mei = await come(node, "mei")
    for token in ("http://169.254.169.254/", here["token"], "https://10.0.0.1/"):
        with pytest.raises(Invalid):
            await mei.call("device.update", {"push": {**PAGE, "token": token}})
    assert await addresses(node, "mei") == {}
    write_key(tmp_path / "vapid.pem")
    file = tmp_path / "push.toml"
    web = f"key = {{file = '{tmp_path}/vapid.pem'}}\nsubject = 'mailto:a@b.example'\n"
    file.write_text(f"[[provider]]\nkind = 'web'\n{web}allow_private = true\n")
    open_node = await start_node(push_file=str(file))
    lin = await come(open_node, "lin")
    await lin.call("device.update", {"push": here})
    assert await addresses(node, "lin") == {"lin": [("phone", here["token"])]}


async def test_people_see_what_the_push_file_can_do_though_a_node_has_no_other_secrets(
    start_node: Any, tmp_path: Path
) -> None:
    web_key, file = write_key(tmp_path / "vapid.pem"), tmp_path / "push.toml"
    web = f"key = {{file = '{tmp_path}/vapid.pem'}}\nsubject = 'mailto:a@b.example'\n"
    fcm = "service_account = {env = 'ONLY_WORKERS_HAVE_IT'}\n"
    file.write_text(f"[[provider]]\nkind = 'web'\n{web}[[provider]]\nkind = 'fcm'\n{fcm}")
    mei = await (await start_node(push_file=str(file))).arrive("mei")
    answer = await mei.call("push.get", {})
    assert (answer["providers"], answer["web_key"]) == (["fcm", "web"], web_key)


async def test_people_say_how_they_are_notified_and_see_it_on_all_devices(start_node: Any) -> None:
    node, other = [await start_node(data_keys=KEYS, profile_changes_per_s=100) for _ in "ab"]
    mei, pad, lin = await node.arrive("mei"), await other.arrive("mei"), await node.arrive("lin")
    assert await mei.call("push.get", {}) == {"prefs": DEFAULTS, "providers": []}
    wanted = {
        "preview": "name", "quiet": {"from": "22:00", "to": "08:00", "zone": "Asia/Shanghai"},
        "paused_until": NOW, "desktop": "also", "phone": NUMBER,
        "channels": {"push": True, "wechat": False, "sms": True},
    }  # fmt: skip
    seen = {**wanted, "phone": "+86138****0000"}
    assert (await mei.call("push.set", wanted))["prefs"] == seen
    assert await pad.call("push.get", {}) == {"prefs": seen, "providers": []}
    assert (await pad.call("push.set", {"desktop": "hold"}))["prefs"] == {**seen, "desktop": "hold"}
    await pad.call("push.set", {"quiet": None, "phone": None})
    assert (await mei.call("push.get", {}))["prefs"]["quiet"] is None
    assert await node.kept.push_prefs.phones_of(["mei"]) == {}
    assert (await lin.call("push.get", {}))["prefs"] == DEFAULTS
    with pytest.raises(Invalid) as refused:
        await mei.call("push.set", {"quiet": {"from": "22:00", "to": "08:00", "zone": "Mars"}})
    assert refused.value.path == "quiet.zone"


async def test_a_server_without_keys_keeps_no_numbers(node: Any) -> None:
    mei = await node.arrive("mei")
    with pytest.raises(Unsupported):
        await mei.call("push.set", {"phone": NUMBER, "preview": "none"})
    assert (await mei.call("push.get", {}))["prefs"] == DEFAULTS


async def test_only_who_is_in_a_conversation_taps_its_notifications(people: Any) -> None:
    room = await begin(people.lin, "mei")
    tap = {"conversation": room, "id": "n1"}
    assert await people.mei.call("push.opened", tap) == {}
    for given in (tap, {**tap, "conversation": "r-0"}):
        with pytest.raises(NotFound):
            await people.eve.call("push.opened", given)


async def test_a_tap_is_noted_for_who_tapped(node: Any, settings: Settings) -> None:
    day = Day(node, settings)
    mei, lin = await node.arrive("mei"), await node.arrive("lin")
    tokens = {user: await day.phone(user) for user in ("mei", "lin")}
    room = await lin.open("mei")
    await lin.say(room)
    await day.passes(3600)
    (told,) = day.post.shown(tokens["mei"])
    for device in (lin, mei):
        for id_ in ("another", told.id):
            assert (await day.burst("mei", room))[1][-1].opened_at == 0
            await device.call("push.opened", {"conversation": room, "id": id_})
    assert (await day.burst("mei", room))[1][-1].opened_at > 0


async def test_a_class_is_kept_for_everybody_who_reads_the_message(people: Any) -> None:
    room = await begin(people.lin, "mei", "fang")
    people.hush()
    order = {"class": "service", "client_id": "1"}
    seq = await people.lin.say(room, "your order is ready", **order)
    (told,) = people.mei.told("message")
    assert told["class"] == "service"
    assert await people.lin.say(room, "your order is ready", retry=True, **order) == seq
    edited = {"conversation": room, "seq": seq, "body": {"text": "ready now"}}
    await people.lin.call("message.edit", edited)
    page = await people.mei.call("history.get", {"conversation": room, "after": seq - 1})
    assert (page["messages"][0]["class"], page["messages"][0]["edits"]) == ("service", 1)
    synced = await people.fang.call("sync", {"have": {}})
    (conversation,) = synced["conversations"]
    assert conversation["messages"][-1]["class"] == "service"
    await people.lin.say(room, "and that is all")
    assert "class" not in people.mei.told("message")[-1]


async def test_what_is_forwarded_is_what_people_say(people: Any) -> None:
    room, other = await begin(people.lin, "mei"), await people.mei.open("fang")
    seq = await people.lin.say(room, "your order is ready", **{"class": "service"})
    given = {"conversation": other, "client_id": "f", "from": room, "seqs": [seq]}
    await people.mei.call("message.forward", given)
    (carried,) = (await people.fang.call("history.get", {"conversation": other}))["messages"]
    assert "class" not in carried


async def test_who_may_not_say_so_sends_nothing_of_another_class(people: Any) -> None:
    room = await begin(people.lin, "mei")
    before = (await people.lin.view(room))["head"]["seq"]
    for device, kinds in (
        (people.mei, ("service", "critical", "marketing")),
        (people.lin, ("critical", "marketing")),
    ):
        for kind in kinds:
            with pytest.raises(Forbidden) as refused:
                await device.say(room, "buy now", **{"class": kind})
            assert refused.value.path == "class"
    assert (await people.lin.view(room))["head"]["seq"] == before
