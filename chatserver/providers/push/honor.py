"""Honor's push service.

https://developer.honor.com/cn/docs/11002/reference/downlink-message
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
    by_code,
    by_status,
    dead,
    refused,
    sent,
)
from chatserver.providers.push.config import Honor as Config
from chatserver.providers.push.fields import click, collapse_number, cut, data, ttl_s, words
from chatserver.providers.push.tokens import JSON, Ask, WithToken, by_client_credentials

SERVER = "https://push-api.cloud.honor.com"
TOKEN_SERVER = "https://iam.developer.honor.com"  # noqa: S105 - an address
TTL_MAX_S = 1_296_000
TITLE_MAX, TEXT_MAX = 100, 500
SUCCESS = "200"
CODES: dict[str, Finding] = {
    "80100000": "dead",  # some tokens are none, and there was one
    "80300007": "dead",
    "80200001": "unauthorized",
    "80200003": "unauthorized",
    "80600003": "failing",
    "81000001": "failing",
}


class _Result(Struct, frozen=True):
    request: str = msgspec.field(default="", name="requestId")
    failed: tuple[str, ...] = msgspec.field(default=(), name="failTokens")
    expired: tuple[str, ...] = msgspec.field(default=(), name="expireTokens")


class _Said(Struct, frozen=True):
    code: str | int = ""
    data: _Result | None = None


class Honor(WithToken):
    """Notifications for one app on Honor's phones."""

    kind: ProviderKind = "honor"

    def __init__(self, config: Config, secret: str, ask: Ask) -> None:
        """`ask` posts to Honor's token server."""
        token_url = f"{config.token_url or config.url or TOKEN_SERVER}/auth/token"
        super().__init__(lambda: by_client_credentials(ask, token_url, config.client_id, secret))
        self._config = config
        self._url = f"{config.url or SERVER}/api/v1/{config.app_id}/sendMessage"

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """A notification, or data for the app alone, which then takes one away."""
        token = await self.token()
        ttl = f"{ttl_s(notification, now_ms, TTL_MAX_S, least=1)}s"
        android: dict[str, Any] = {"ttl": ttl, "targetUserType": 0}
        if notification.shows:
            android["notification"] = self._shown(notification)
        content = {
            "data": msgspec.json.encode(data(notification)).decode(),
            "android": android,
            "token": [address.token],
        }
        headers = {"Authorization": f"Bearer {token}", "timestamp": str(now_ms), **JSON}
        return Request(
            url=self._url,
            content=msgspec.json.encode(content),
            headers=headers,
            credential=token,
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What Honor's code, or what it says of the one token, comes to."""
        said = answer.read(_Said)
        code, result = str(said.code), said.data or _Result()
        if code == SUCCESS and result.expired:
            return dead("expireTokens")
        if code == SUCCESS and result.failed:
            return refused("failTokens")
        if code == SUCCESS:
            return sent(result.request)
        if code in CODES or answer.status == 200:
            return by_code(code, CODES)
        return by_status(answer, now_ms, code)

    def _shown(self, notification: Notification) -> dict[str, Any]:
        title, text = words(notification)
        shown: dict[str, Any] = {
            "title": cut(title, TITLE_MAX),
            "body": cut(text, TEXT_MAX),
            "clickAction": click(self._config.link, notification),
            "notifyId": collapse_number(notification),
            "importance": "NORMAL" if notification.sounds else "LOW",
        }
        if self._config.badge_class:
            number = min(notification.badge, 99)
            shown["badge"] = {"badgeClass": self._config.badge_class, "setNum": number}
        return shown
