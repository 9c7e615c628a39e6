"""Huawei Push Kit, v1 of its calls.

https://developer.huawei.com/consumer/cn/doc/HMSCore-References/https-send-api-0000001050986197 and,
for the token, https://developer.huawei.com/consumer/cn/doc/HMSCore-Guides/oauth2-0000001212610981
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    Answer,
    Finding,
    Request,
    Verdict,
    busy,
    by_code,
    by_status,
    sent,
)
from chatserver.providers.push.config import Huawei as Config
from chatserver.providers.push.fields import click, collapse_number, cut, data, ttl_s, words
from chatserver.providers.push.tokens import JSON, Ask, WithToken, by_client_credentials

SERVER = "https://push-api.cloud.huawei.com"
TOKEN_SERVER = "https://oauth-login.cloud.huawei.com"  # noqa: S105 - an address
TTL_MAX_S = 1_296_000
TITLE_MAX, TEXT_MAX = 100, 500  # of 4,096 bytes in all
SUCCESS = "80000000"
CODES: dict[str, Finding] = {
    "80100000": "dead",  # some tokens are none, and there was one
    "80300007": "dead",
    "80200001": "unauthorized",
    "80200003": "unauthorized",
    "80200005": "unauthorized",
    "80100017": "busy",
    "80600003": "failing",
    "81000001": "failing",
}


class _Said(Struct, frozen=True):
    code: str | int = ""
    request: str = msgspec.field(default="", name="requestId")


class Huawei(WithToken):
    """Notifications for one app on Huawei's phones."""

    kind: ProviderKind = "huawei"

    def __init__(self, config: Config, secret: str, ask: Ask) -> None:
        """`ask` posts to Huawei's token server."""
        token_url = f"{config.token_url or config.url or TOKEN_SERVER}/oauth2/v3/token"
        super().__init__(lambda: by_client_credentials(ask, token_url, config.app_id, secret))
        self._config = config
        self._url = f"{config.url or SERVER}/v1/{config.app_id}/messages:send"

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """A notification, or a message for the app alone, which then takes one away."""
        token = await self.token()
        android: dict[str, Any] = {
            "category": self._config.category,
            "ttl": f"{ttl_s(notification, now_ms, TTL_MAX_S, least=1)}s",
        }
        if notification.shows:
            android["notification"] = self._shown(notification)
        message = {
            "data": msgspec.json.encode(data(notification)).decode(),
            "android": android,
            "token": [address.token],
        }
        return Request(
            url=self._url,
            content=msgspec.json.encode({"validate_only": False, "message": message}),
            headers={"Authorization": f"Bearer {token}", **JSON},
            credential=token,
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What Huawei's code comes to; its status 503 is no fault but too much traffic."""
        said = answer.read(_Said)
        code = str(said.code)
        if answer.status == 503:
            return busy(code or 503, answer.retry_after_ms(now_ms))
        if code == SUCCESS:
            return sent(said.request)
        if code in CODES or answer.status == 200:
            return by_code(code, CODES)
        return by_status(answer, now_ms, code)

    def _shown(self, notification: Notification) -> dict[str, Any]:
        """Told apart by `notify_id`; `collapse_key` has 100 values, and conversations are more."""
        title, text = words(notification)
        shown: dict[str, Any] = {
            "title": cut(title, TITLE_MAX),
            "body": cut(text, TEXT_MAX),
            "click_action": click(self._config.link, notification),
            "notify_id": collapse_number(notification),
            "importance": "NORMAL" if notification.sounds else "LOW",
        }
        if self._config.badge_class:
            number = min(notification.badge, 99)
            shown["badge"] = {"class": self._config.badge_class, "set_num": number}
        return shown
