"""Subscribe messages of WeChat's mini programs: one for each time the person agreed to one.

https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html
and, for the token,
https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-access-token/getStableAccessToken.html
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from msgspec import Struct

from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    CANNOT_CLOSE,
    Answer,
    Finding,
    Request,
    Verdict,
    by_code,
    by_status,
    refused,
    sent,
)
from chatserver.providers.push.config import Wechat as Config
from chatserver.providers.push.credentials import Token
from chatserver.providers.push.fields import link
from chatserver.providers.push.templates import chosen, filled
from chatserver.providers.push.tokens import JSON, Ask, WithToken, granted

SERVER = "https://api.weixin.qq.com"
LONGEST = {"thing": 20, "name": 10, "phrase": 5, "character_string": 32, "number": 32, "": 20}
LANGUAGES = {"zh": "zh_CN", "en": "en_US"}
CODES: dict[str, Finding] = {
    "40003": "dead",  # no open id
    "40001": "unauthorized",
    "40014": "unauthorized",
    "41001": "unauthorized",
    "42001": "unauthorized",
    "-1": "failing",
    "45009": "busy",  # the quota of the day
    "45011": "busy",
}


class _Said(Struct, frozen=True):
    errcode: int | None = None
    msgid: int | str = ""


class Wechat(WithToken):
    """Messages of one mini program, by a template for each class."""

    kind: ProviderKind = "wechat"

    def __init__(self, config: Config, secret: str, ask: Ask) -> None:
        """`secret` is the mini program's AppSecret, `ask` posts to WeChat."""
        super().__init__(self._renew)
        self._config = config
        self._secret = secret
        self._ask = ask
        self._server = config.url or SERVER

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """A message by the template of its class; nothing takes one away."""
        if not notification.shows:
            return CANNOT_CLOSE
        template = chosen(self._config.templates, notification)
        if template is None:
            return refused("no_template")
        fields = filled(template, notification, now_ms, LONGEST)
        content: dict[str, object] = {
            "touser": address.token,
            "template_id": template.id,
            "miniprogram_state": self._config.state,
            "lang": LANGUAGES[notification.language],
            "data": {name: {"value": text} for name, text in fields.items()},
        }
        if self._config.page:
            content["page"] = link(self._config.page, notification)
        token = await self.token()
        return Request(
            url=f"{self._server}/cgi-bin/message/subscribe/send?access_token={quote(token)}",
            content=msgspec.json.encode(content),
            headers=JSON,
            credential=token,
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What WeChat's code comes to; 43101 is a person who did not agree, and may yet."""
        said = answer.read(_Said)
        if said.errcode is None:
            return by_status(answer, now_ms) if answer.status != 200 else refused("no_code")
        return sent(said.msgid) if said.errcode == 0 else by_code(said.errcode, CODES)

    async def _renew(self) -> Token:
        content = {
            "grant_type": "client_credential",
            "appid": self._config.app_id,
            "secret": self._secret,
            "force_refresh": False,
        }
        url = f"{self._server}/cgi-bin/stable_token"
        return await granted(
            self._ask, Request(url=url, content=msgspec.json.encode(content), headers=JSON)
        )
