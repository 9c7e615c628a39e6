"""JPush, v3 of its REST API: an aggregator of other vendors.

https://docs.jiguang.cn/jpush/server/push/rest_api_v3_push
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec
from msgspec import Struct

from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    Answer,
    Finding,
    House,
    Request,
    Verdict,
    busy,
    by_code,
    by_status,
    sent,
)
from chatserver.providers.push.config import Jpush as Config
from chatserver.providers.push.fields import collapse_key, cut, data, link, ttl_s, words
from chatserver.providers.push.tokens import JSON

SERVER = "https://api.jpush.cn"
TTL_MAX_S = 864_000
TITLE_MAX, TEXT_MAX = 50, 250
QUIET = -1  # Android's priority for what does not interrupt
CODES: dict[str, Finding] = {
    "1011": "dead",  # no such user, or none since 255 days
    "1004": "unauthorized",
    "1000": "failing",
    "1030": "failing",
    "2002": "busy",
    "2008": "busy",
}


class _Error(Struct, frozen=True):
    code: int = 0


class _Said(Struct, frozen=True):
    id: str | int = msgspec.field(default="", name="msg_id")
    error: _Error | None = None


class Jpush(House):
    """Notifications for one app that has JPush's library."""

    kind: ProviderKind = "jpush"

    def __init__(self, config: Config, secret: str) -> None:
        """`secret` is the app's Master Secret."""
        self._config = config
        self._url = f"{config.url or SERVER}/v3/push"
        pair = base64.b64encode(f"{config.app_key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}", **JSON}

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """A notification, or a message for the app alone, which then takes one away."""
        content: dict[str, Any] = {
            "platform": "all",
            "audience": {"registration_id": [address.token]},
            "options": {
                "time_to_live": ttl_s(notification, now_ms, TTL_MAX_S),
                "apns_production": self._config.apns_production,
                "apns_collapse_id": collapse_key(notification),
            },
        }
        if notification.shows:
            content["notification"] = self._shown(notification)
        else:
            content["message"] = {"msg_content": "close", "extras": data(notification)}
        return Request(url=self._url, content=msgspec.json.encode(content), headers=self._headers)

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What JPush's code comes to; when it has enough it says when to go on."""
        said = answer.read(_Said)
        if answer.status == 200 and said.error is None:
            return sent(said.id)
        if answer.status == 429:
            return busy(said.error.code if said.error else 429, _reset_ms(answer))
        if said.error is not None and str(said.error.code) in CODES:
            return by_code(said.error.code, CODES)
        return by_status(answer, now_ms, said.error.code if said.error else "")

    def _shown(self, notification: Notification) -> dict[str, Any]:
        title, text = words(notification)
        title, text, extras = cut(title, TITLE_MAX), cut(text, TEXT_MAX), data(notification)
        android: dict[str, Any] = {
            "title": title,
            "alert": text,
            "extras": extras,
            "badge_set_num": min(notification.badge, 99),
        }
        if self._config.channel:
            android["channel_id"] = self._config.channel
        if self._config.link:
            android["intent"] = {"url": link(self._config.link, notification)}
        if not notification.sounds:
            android |= {"priority": QUIET, "alert_type": 0}
        ios: dict[str, Any] = {
            "alert": {"title": title, "body": text},
            "badge": notification.badge,
            "extras": extras,
            "thread-id": collapse_key(notification),
        }
        if notification.sounds:
            ios["sound"] = "default"
        return {"android": android, "ios": ios}


def _reset_ms(answer: Answer) -> int | None:
    """When the present window of requests ends; at the latest after a day."""
    seconds = answer.headers.get("x-rate-limit-reset", "")
    return min(int(seconds), 86_400) * 1000 if seconds.isdecimal() and len(seconds) < 10 else None
