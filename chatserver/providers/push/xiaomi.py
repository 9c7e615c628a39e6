"""Xiaomi's push service (MiPush), by registration id.

https://dev.mi.com/distribute/doc/details?pId=1559
"""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    Answer,
    Finding,
    House,
    Request,
    Verdict,
    by_code,
    by_status,
    dead,
    sent,
)
from chatserver.providers.push.config import Xiaomi as Config
from chatserver.providers.push.fields import collapse_number, cut, data, link, ttl_s, words
from chatserver.providers.push.tokens import FORM

SERVER = "https://api.xmpush.xiaomi.com"
TTL_MAX_S = 1_209_600
TITLE_MAX, TEXT_MAX = 49, 127
ALL, LIGHTS = "-1", "4"
CODES: dict[str, Finding] = {
    "20301": "dead",
    "21301": "unauthorized",
    "10001": "failing",
    "10002": "failing",
    "10003": "failing",
    "10027": "failing",
    "10037": "failing",
    "10009": "busy",
    "10022": "busy",
    "10023": "busy",
    "10024": "busy",
    "200001": "busy",  # the quota of the day
}


class _Data(Struct, frozen=True):
    id: str | int = ""
    bad: str = msgspec.field(default="", name="bad_regids")


class _Said(Struct, frozen=True):
    code: int | None = None
    data: _Data | None = None


class Xiaomi(House):
    """Notifications for one app on Xiaomi's phones."""

    kind: ProviderKind = "xiaomi"

    def __init__(self, config: Config, secret: str) -> None:
        """`secret` is the app's AppSecret."""
        self._config = config
        self._url = f"{config.url or SERVER}/v3/message/regid"
        self._headers = {"Authorization": f"key={secret}", **FORM}

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """A notification, or a message for the app alone, which then takes one away."""
        form = {
            "registration_id": address.token,
            "restricted_package_name": self._config.package,
            "payload": msgspec.json.encode(data(notification)).decode(),
            "pass_through": "0" if notification.shows else "1",
            "time_to_live": str(ttl_s(notification, now_ms, TTL_MAX_S) * 1000),
        }
        if notification.shows:
            form |= self._shown(notification)
        return Request(url=self._url, content=urlencode(form).encode(), headers=self._headers)

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What Xiaomi's code comes to."""
        said = answer.read(_Said)
        if said.code == 0:
            result = said.data or _Data()
            return dead("bad_regids") if result.bad else sent(result.id)
        if said.code is not None:
            return by_code(said.code, CODES, answer.retry_after_ms(now_ms))
        return by_status(answer, now_ms)

    def _shown(self, notification: Notification) -> dict[str, str]:
        title, text = words(notification)
        shown = {
            "title": cut(title, TITLE_MAX),
            "description": cut(text, TEXT_MAX),
            "notify_type": ALL if notification.sounds else LIGHTS,
            "notify_id": str(collapse_number(notification)),
            "extra.notify_effect": "1",
        }
        if self._config.channel:
            shown["extra.channel_id"] = self._config.channel
        if self._config.link:
            shown["extra.notify_effect"] = "2"
            shown["extra.intent_uri"] = link(self._config.link, notification)
        return shown
