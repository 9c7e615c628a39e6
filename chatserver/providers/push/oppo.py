"""OPPO Push, to one registration id.

https://open.oppomobile.com/new/developmentDoc/info?id=11238 (send),
https://open.oppomobile.com/new/developmentDoc/info?id=11236 (its message),
https://open.oppomobile.com/new/developmentDoc/info?id=11234 (token)
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from chatserver import clock
from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    CANNOT_CLOSE,
    Answer,
    Finding,
    Request,
    Verdict,
    Withheld,
    by_code,
    by_status,
    sent,
)
from chatserver.providers.push.config import Oppo as Config
from chatserver.providers.push.credentials import Token
from chatserver.providers.push.fields import collapse_number, cut, data, link, ttl_s, words
from chatserver.providers.push.tokens import FORM, Ask, WithToken, asked, denied

SERVER = "https://api.push.oppomobile.com"
TOKEN_S = 86_400
TTL_MAX_S = 864_000
TITLE_MAX, TEXT_MAX = 50, 50
TO_REGISTRATION_ID = 2
OPEN_APP, OPEN_LINK = 0, 5
BAR_ONLY = 1  # without sound, banner and locked screen
CODES: dict[str, Finding] = {
    "10000": "dead",
    "11": "unauthorized",
    "14": "unauthorized",
    "16": "unauthorized",
    "29": "unauthorized",
    "-1": "failing",
    "-2": "busy",
    "13": "busy",
    "33": "busy",  # the quota of the day
    "55": "busy",
}


class _Data(Struct, frozen=True):
    id: str | int = msgspec.field(default="", name="messageId")
    token: str = msgspec.field(default="", name="auth_token")


class _Said(Struct, frozen=True):
    code: int | None = None
    data: _Data | None = None


class Oppo(WithToken):
    """Notifications for one app on phones of OPPO, OnePlus and realme."""

    kind: ProviderKind = "oppo"

    def __init__(self, config: Config, secret: str, ask: Ask) -> None:
        """`secret` is the app's MasterSecret, `ask` posts to OPPO."""
        super().__init__(self._renew)
        self._config = config
        self._secret = secret
        self._ask = ask
        self._server = config.url or SERVER

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """A notification; there is nothing that would take one away."""
        if not notification.shows:
            return CANNOT_CLOSE
        token = await self.token()
        message = {
            "target_type": TO_REGISTRATION_ID,
            "target_value": address.token,
            "verify_registration_id": True,
            "notification": self._shown(notification, now_ms),
        }
        form = {"auth_token": token, "message": msgspec.json.encode(message).decode()}
        return Request(
            url=f"{self._server}/server/v1/message/notification/unicast",
            content=urlencode(form).encode(),
            headers=FORM,
            credential=token,
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What OPPO's code comes to."""
        said = answer.read(_Said)
        if said.code == 0:
            return sent((said.data or _Data()).id)
        if said.code is not None:
            return by_code(said.code, CODES, answer.retry_after_ms(now_ms))
        return by_status(answer, now_ms)

    def _shown(self, notification: Notification, now_ms: int) -> dict[str, Any]:
        """OPPO gives the same `app_message_id` to a phone once, however often it is sent."""
        title, text = words(notification)
        shown: dict[str, Any] = {
            "app_message_id": notification.id,
            "style": 1,
            "title": cut(title, TITLE_MAX),
            "content": cut(text, TEXT_MAX),
            "click_action_type": OPEN_APP,
            "action_parameters": msgspec.json.encode(data(notification)).decode(),
            "off_line": True,
            "off_line_ttl": ttl_s(notification, now_ms, TTL_MAX_S, least=1),
            "notify_id": collapse_number(notification),
        }
        if self._config.channel:
            shown |= {"channel_id": self._config.channel, "category": self._config.category}
            if not notification.sounds:
                shown["notify_level"] = BAR_ONLY
        if self._config.link:
            opened = link(self._config.link, notification)
            shown |= {"click_action_type": OPEN_LINK, "click_action_url": opened}
        return shown

    async def _renew(self) -> Token:
        now = str(clock.now_ms())
        signed = self._config.app_key + now + self._secret
        form = {
            "app_key": self._config.app_key,
            "timestamp": now,
            "sign": hashlib.sha256(signed.encode()).hexdigest(),
        }
        answer = await asked(
            self._ask,
            Request(
                url=f"{self._server}/server/v1/auth", content=urlencode(form).encode(), headers=FORM
            ),
        )
        said = answer.read(_Said)
        if said.data is not None and said.data.token:
            return Token(said.data.token, TOKEN_S)
        raise Withheld(denied(answer, said.code))
