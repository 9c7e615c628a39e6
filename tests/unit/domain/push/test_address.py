"""Which addresses and settings of notifications people may name."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from chatserver.domain.calls import SendMessage, SetPush, UpdateDevice
from chatserver.domain.message import Draft
from chatserver.domain.person import Caller, Role
from chatserver.domain.push.address import check_address
from chatserver.domain.push.notification import Address, MessageClass, WebKeys
from chatserver.domain.push.prefs import Prefs, Quiet, QuietHours, masked, quiet_of, shown
from chatserver.domain.rights import check_class
from chatserver.domain.wire import parse_call
from chatserver.errors import Forbidden, Invalid

KEYS = WebKeys(p256dh="BPk", auth="aa")
ALICE = "a" * 64


def web(token: str) -> Address:
    return Address(provider="web", token=token, keys=KEYS)


@pytest.mark.parametrize(
    "address",
    [
        Address(provider="fcm", token="c_Uv:APA91bH-_" + "x" * 200),
        Address(provider="apns", token=ALICE, app="shop.ios"),
        Address(provider="wechat", token="o6_bmjrPTlm6_2sgVt7hMZOPfL2M"),
        web("https://fcm.googleapis.com/fcm/send/dx:APA91"),
        web("https://updates.push.services.mozilla.com/wpush/v2/gAAAA"),
        web("https://db5p.notify.windows.com/w/?token=BQYAAAD%2b"),
        web("https://push.example/" + "x" * 3000),
    ],
)
def test_an_address_of_its_providers_form_is_taken(address: Address) -> None:
    check_address(address)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (web("http://push.example/x"), "push.token"),
        (web("http://169.254.169.254/latest/meta-data"), "push.token"),
        (web("https://169.254.169.254/"), "push.token"),
        (web("https://[::1]/"), "push.token"),
        (web("https://10.0.0.1/"), "push.token"),
        (web("https://2130706433/"), "push.token"),
        (web("https://0x7f.1/"), "push.token"),
        (web("https://localhost/"), "push.token"),
        (web("https://db.internal/"), "push.token"),
        (web("https://user:password@push.example/"), "push.token"),
        (web("https://push.example:6379/"), "push.token"),
        (web("https://push.example/\r\nX: y"), "push.token"),
        (web("file:///etc/passwd"), "push.token"),
        (web("x"), "push.token"),
        (Address(provider="web", token="https://push.example/x"), "push.keys"),
        (Address(provider="fcm", token="x", keys=KEYS), "push.keys"),
        (Address(provider="fcm", token="a\0b"), "push.token"),
        (Address(provider="fcm", token="a b"), "push.token"),
        (Address(provider="xiaomi", token="早"), "push.token"),
        (Address(provider="apns", token="../../3/device/" + ALICE), "push.token"),
        (Address(provider="apns", token=ALICE + "a"), "push.token"),
        (Address(provider="sms", token="+8613812340000"), "push.provider"),
    ],
)
def test_any_other_is_refused(address: Address, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_address(address)
    assert refused.value.path == path


def test_only_in_development_a_browser_is_reached_on_this_machine() -> None:
    here = [web("http://127.0.0.1:9000/x"), web("http://localhost/x"), web("https://[::1]:1/")]
    for address in here:
        with pytest.raises(Invalid):
            check_address(address)
        check_address(address, allow_private=True)
    for other in ("http://169.254.169.254/", "http://10.0.0.1/", "http://127.0.0.1.evil.example/"):
        with pytest.raises(Invalid):
            check_address(web(other), allow_private=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("push", {"provider": "web", "token": "https://push.example/" + "x" * 5000, "keys": {}}),
        ("push", {"provider": "pigeon", "token": "x"}),
        ("push", {"provider": "fcm", "token": ""}),
        ("push", {"provider": "fcm", "token": "x", "app": "../x"}),
        ("push", {"provider": "web", "token": "https://p.example/", "keys": {"p256dh": "B k"}}),
        ("push", "x"),
    ],
)
def test_what_is_no_address_is_no_call(field: str, value: Any) -> None:
    with pytest.raises(Invalid):
        parse_call("device.update", {field: value})


def test_null_and_nothing_are_two_things() -> None:
    call = parse_call("device.update", {"push": None})
    assert isinstance(call, UpdateDevice)
    assert call.push is None
    assert parse_call("device.update", {}) != call
    quiet = parse_call("push.set", {"quiet": None})
    assert isinstance(quiet, SetPush)
    assert quiet.quiet is None
    assert parse_call("push.set", {}) != quiet


@pytest.mark.parametrize(
    "fields",
    [
        {"phone": "13812340000"}, {"phone": "+0138123400"}, {"phone": "+86138"},
        {"phone": "+8613812340000000"}, {"phone": "+86138１２３４００００"},
        {"phone": "+86 13812340"},
        {"phone": "+8613812340000\n"}, {"preview": "all"}, {"desktop": "never"},
        {"channels": {"push": True}}, {"paused_until": -1}, {"paused_until": 2**60},
        {"quiet": {"from": "24:00", "to": "08:00", "zone": "UTC"}},
        {"quiet": {"from": "٢٢:٠٠", "to": "08:00", "zone": "UTC"}},
        {"quiet": {"from": "22:00", "to": "8:00", "zone": "UTC"}},
        {"quiet": {"from": "22:00", "to": "08:00", "zone": "x" * 100}},
    ],
)  # fmt: skip
def test_what_is_no_setting_is_no_call(fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        parse_call("push.set", fields)


@pytest.mark.parametrize(
    "zone",
    [
        "Mars/Phobos",
        "../../etc/passwd",
        "/etc/localtime",
        "Asia",
        "Asia/\0",
        "亚洲/上海",
    ],
)
def test_a_zone_is_one_of_the_database(zone: str) -> None:
    with pytest.raises(Invalid) as refused:
        quiet_of(QuietHours(from_="22:00", to="08:00", zone=zone))
    assert refused.value.path == "quiet.zone"


def test_quiet_hours_come_back_as_they_were_said() -> None:
    hours = QuietHours(from_="22:30", to="08:05", zone="Asia/Shanghai")
    quiet = quiet_of(hours)
    assert quiet == Quiet(1350, 485, "Asia/Shanghai")
    assert shown(Prefs(quiet=quiet), None).quiet == hours
    with pytest.raises(Invalid):
        quiet_of(structs.replace(hours, to="22:30"))


@pytest.mark.parametrize(
    ("phone", "seen"),
    [
        ("+8613812340000", "+86138****0000"),
        ("+15550100200", "+155****0200"),
        ("+1234567", "+1****67"),
        ("+123456789012345", "+12345******2345"),
    ],
)
def test_a_number_is_shown_with_its_middle_hidden(phone: str, seen: str) -> None:
    assert masked(phone) == seen
    assert shown(Prefs(), phone).phone == seen


# class -> who may send it: customer, consultant, manager, admin, bot
CLASSES: dict[MessageClass, str] = {
    "chat": ".....",
    "service": "F....",
    "critical": "FF...",
    "marketing": "FF...",
}
ROLES: tuple[Role, ...] = ("customer", "consultant", "manager", "admin", "bot")


@pytest.mark.parametrize("kind", CLASSES)
def test_who_may_send_messages_of_a_class(kind: MessageClass) -> None:
    for role, sign in zip(ROLES, CLASSES[kind], strict=True):
        caller = Caller(user="u", role=role, device="d", connection="c")
        if sign == ".":
            check_class(caller, kind)
        else:
            with pytest.raises(Forbidden) as refused:
                check_class(caller, kind)
            assert refused.value.path == "class"


def test_a_retry_of_another_class_is_another_message() -> None:
    draft = Draft(conversation="c", client_id="1", sender="lin", kind="text", body={"text": "x"})
    service = structs.replace(draft, message_class="service")
    assert draft.digest() != service.digest()
    call = parse_call(
        "message.send",
        {"conversation": "c", "client_id": "1", "kind": "text", "body": {}, "class": "service"},
    )
    assert isinstance(call, SendMessage)
    assert call.message_class == "service"
