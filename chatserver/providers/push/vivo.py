"""Push of vivo, to one registration id.

https://dev.vivo.com.cn/documentCenter/doc/362
"""

from __future__ import annotations

import hashlib
from typing import Any

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
    dead,
    refused,
    sent,
)
from chatserver.providers.push.config import Vivo as Config
from chatserver.providers.push.credentials import Token
from chatserver.providers.push.fields import collapse_number, cut_wide, data, link, ttl_s, words
from chatserver.providers.push.tokens import JSON, Ask, WithToken, asked, denied

SERVER = "https://api-push.vivo.com.cn"
TOKEN_S = 7200  # it holds for a day; vivo asks for a new one every hour or two
TTL_MIN_S, TTL_MAX_S = 60, 604_800
TITLE_COLUMNS, TEXT_COLUMNS = 40, 100
SILENT, RINGS_AND_SHAKES = 1, 4
OPEN_APP, OPEN_LINK = 1, 4
SYSTEM = 1  # no advertisement
NOT_FOR_TESTS = 4
CODES: dict[str, Finding] = {
    "10302": "dead",
    "10000": "unauthorized",
    "10094": "unauthorized",
    "10070": "busy",  # the quota of the day
    "10072": "busy",
    "10073": "busy",
    "10071": "later",  # advertisements rest at night
}


class _User(Struct, frozen=True):
    status: int = 0


class _Said(Struct, frozen=True):
    result: int | None = None
    task: str | int = msgspec.field(default="", name="taskId")
    token: str = msgspec.field(default="", name="authToken")
    invalid: _User | None = msgspec.field(default=None, name="invalidUser")


class Vivo(WithToken):
    """Notifications for one app on phones of vivo and iQOO."""

    kind: ProviderKind = "vivo"

    def __init__(self, config: Config, secret: str, ask: Ask) -> None:
        """`secret` is the app's AppSecret, `ask` posts to vivo."""
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
        return Request(
            url=f"{self._server}/message/send",
            content=msgspec.json.encode(self._message(address, notification, now_ms)),
            headers={"authToken": token, **JSON},
            credential=token,
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What vivo's code, or what it says of the one user, comes to."""
        said = answer.read(_Said)
        if said.result == 0 and said.invalid is not None:
            status = said.invalid.status
            return refused("invalidUser 4") if status == NOT_FOR_TESTS else dead("invalidUser")
        if said.result == 0:
            return sent(said.task)
        if said.result is not None:
            return by_code(said.result, CODES, answer.retry_after_ms(now_ms))
        return by_status(answer, now_ms)

    def _message(self, address: Address, notification: Notification, now_ms: int) -> dict[str, Any]:
        title, text = words(notification)
        message: dict[str, Any] = {
            "appId": self._config.app_id,
            "regId": address.token,
            "requestId": notification.id[:64],
            "notifyType": RINGS_AND_SHAKES if notification.sounds else SILENT,
            "title": cut_wide(title, TITLE_COLUMNS),
            "content": cut_wide(text, TEXT_COLUMNS),
            "timeToLive": ttl_s(notification, now_ms, TTL_MAX_S, TTL_MIN_S),
            "skipType": OPEN_APP,
            "networkType": -1,
            "classification": 0 if notification.kind == "marketing" else SYSTEM,
            "category": self._config.category,
            "clientCustomMap": data(notification),
            "notifyId": collapse_number(notification),
        }
        if self._config.link:
            opened = link(self._config.link, notification)
            message |= {"skipType": OPEN_LINK, "skipContent": opened}
        return message

    async def _renew(self) -> Token:
        now = clock.now_ms()
        config = self._config
        signed = f"{config.app_id}{config.app_key}{now}{self._secret}".encode()
        content = {
            "appId": config.app_id,
            "appKey": config.app_key,
            "timestamp": now,
            "sign": hashlib.md5(signed, usedforsecurity=False).hexdigest(),  # vivo wants that one
        }
        url = f"{self._server}/message/auth"
        request = Request(url=url, content=msgspec.json.encode(content), headers=JSON)
        answer = await asked(self._ask, request)
        said = answer.read(_Said)
        if said.result == 0 and said.token:
            return Token(said.token, TOKEN_S)
        raise Withheld(denied(answer, said.result))
