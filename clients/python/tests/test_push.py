"""Notifications with the client: what is said, and what is left as it is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatclient.model import ConversationView, Draft, Message
from chatclient.outbox import Pending
from chatclient.push import Address, Channels, PushCalls, PushPrefs, QuietHours, WebKeys

pytestmark = pytest.mark.asyncio


class Server(PushCalls):
    """Writes down what goes over the wire, and answers with what anybody has at first."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def on_described(self, conversation: ConversationView) -> None:
        raise AssertionError("nothing is described")

    async def call(self, name: str, /, **fields: Any) -> dict[str, Any]:
        self.asked.append((name, self.told(fields)))
        prefs = msgspec.to_builtins(PushPrefs())
        return {"ok": True, "prefs": prefs, "providers": ["web"], "web_key": "B"}


async def test_a_device_says_where_its_notifications_go_or_that_they_go_nowhere() -> None:
    server = Server()
    keys = WebKeys(p256dh="BP", auth="aa")
    await server.set_push(Address(provider="web", token="https://push.example/1", keys=keys))
    await server.set_push(Address(provider="fcm", token="t"))
    await server.set_push(None)
    assert [fields["push"] for _, fields in server.asked] == [
        {
            "provider": "web", "token": "https://push.example/1", "app": "", "language": "zh",
            "keys": {"p256dh": "BP", "auth": "aa"},
        },
        {"provider": "fcm", "token": "t", "app": "", "language": "zh"},
        None,
    ]  # fmt: skip


async def test_of_the_settings_what_is_left_out_stays_and_none_takes_away() -> None:
    server = Server()
    quiet = QuietHours(from_="22:00", to="08:00", zone="Asia/Shanghai")
    await server.set_push_prefs(preview="name", quiet=quiet, channels=Channels(sms=False))
    settings = await server.set_push_prefs(quiet=None, phone=None)
    await server.push_opened("d1", "n1")
    assert server.asked == [
        (
            "push.set",
            {
                "preview": "name",
                "quiet": {"from": "22:00", "to": "08:00", "zone": "Asia/Shanghai"},
                "channels": {"push": True, "wechat": True, "sms": False},
            },
        ),
        ("push.set", {"quiet": None, "phone": None}),
        ("push.opened", {"conversation": "d1", "id": "n1"}),
    ]
    assert (settings.prefs, settings.providers, settings.web_key) == (PushPrefs(), ("web",), "B")
    assert await server.push_prefs() == settings


async def test_a_message_says_its_class_where_it_is_not_what_people_say() -> None:
    draft = Draft(conversation="d1", client_id="c", body={"text": "x"}, at=0)
    assert "class" not in Pending(draft).payload()
    service = msgspec.structs.replace(draft, message_class="service")
    assert Pending(service).payload()["class"] == "service"
    assert msgspec.json.decode(msgspec.json.encode(service), type=Draft) == service
    told = {**msgspec.to_builtins(draft), "seq": 1, "sender": "lin", "class": "critical"}
    assert msgspec.convert(told, Message).message_class == "critical"
