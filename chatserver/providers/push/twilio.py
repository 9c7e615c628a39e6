"""Short messages by Twilio.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource,
https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import base64
from urllib.parse import urlencode

from msgspec import Struct

from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    CANNOT_CLOSE,
    Answer,
    Finding,
    House,
    Request,
    Verdict,
    by_code,
    by_status,
    sent,
)
from chatserver.providers.push.config import Twilio as Config
from chatserver.providers.push.fields import cut, link, ttl_s, words
from chatserver.providers.push.tokens import FORM

SERVER = "https://api.twilio.com"
TTL_MAX_S = 14_400
BODY_MAX = 300
CODES: dict[str, Finding] = {
    "21211": "dead",  # no number
    "21214": "dead",
    "21610": "dead",  # this person said STOP
    "21614": "dead",  # no mobile phone
    "20003": "unauthorized",
    "20429": "busy",
    "21611": "busy",  # the sender's queue is full
    "30001": "busy",
    "20500": "failing",
    "20503": "failing",
}


class _Said(Struct, frozen=True):
    sid: str = ""
    code: int | None = None


class TwilioSms(House):
    """Short messages with the words themselves, and a link."""

    kind: ProviderKind = "sms"

    def __init__(self, config: Config, token: str, template: str, server: str = SERVER) -> None:
        """`token` is the account's, or the API key's secret; `template` that of the link."""
        self._template = template
        self._url = f"{server}/2010-04-01/Accounts/{config.account}/Messages.json"
        pair = f"{config.key_id or config.account}:{token}".encode()
        self._headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}", **FORM}
        by_service = config.sender.startswith("MG")
        self._sender = {"MessagingServiceSid" if by_service else "From": config.sender}

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """A message; nothing takes one away."""
        if not notification.shows:
            return CANNOT_CLOSE
        form = {
            "To": address.token,
            "Body": self._body(notification),
            "ValidityPeriod": str(ttl_s(notification, now_ms, TTL_MAX_S, least=1)),
            **self._sender,
        }
        return Request(url=self._url, content=urlencode(form).encode(), headers=self._headers)

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What Twilio's code comes to."""
        said = answer.read(_Said)
        if answer.status in (200, 201):
            return sent(said.sid)
        if said.code is not None and str(said.code) in CODES:
            return by_code(said.code, CODES, answer.retry_after_ms(now_ms))
        return by_status(answer, now_ms, said.code or "")

    def _body(self, notification: Notification) -> str:
        title, text = words(notification)
        said = cut(f"{title}: {text}", BODY_MAX)
        return f"{said}\n{link(self._template, notification)}" if self._template else said
