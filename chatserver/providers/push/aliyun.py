"""Short messages by Aliyun: SendSms, signed by version 3 (ACS3-HMAC-SHA256).

https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms,
https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature (signature),
https://help.aliyun.com/zh/sms/developer-reference/api-error-codes
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec
from msgspec import Struct
from yarl import URL

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
    refused,
    sent,
)
from chatserver.providers.push.config import Aliyun as Config
from chatserver.providers.push.templates import chosen, filled

SERVER = "https://dysmsapi.aliyuncs.com"
VERSION, ACTION = "2017-05-25", "SendSms"
ALGORITHM = "ACS3-HMAC-SHA256"
LONGEST = {"": 35}
HOME = "+86"
CODES: dict[str, Finding] = {
    "isv.MOBILE_NUMBER_ILLEGAL": "dead",
    "isv.BUSINESS_LIMIT_CONTROL": "later",  # so many for one number
    "isv.DAY_LIMIT_CONTROL": "busy",
    "isv.MONTH_LIMIT_CONTROL": "busy",
    "isv.AMOUNT_NOT_ENOUGH": "failing",
    "isv.OUT_OF_SERVICE": "failing",
    "isp.SYSTEM_ERROR": "failing",
    "isp.GATEWAY_TIMEOUT": "failing",
    "ServiceUnavailable": "failing",
    "InternalError": "failing",
    "Throttling": "busy",
    "Throttling.User": "busy",
    "Throttling.Api": "busy",
    "SignatureDoesNotMatch": "unauthorized",
    "SignatureNonceUsed": "later",
    "InvalidTimeStamp.Expired": "unauthorized",
    "InvalidAccessKeyId.NotFound": "unauthorized",
    "InvalidAccessKeyId.Inactive": "unauthorized",
    "isp.RAM_PERMISSION_DENY": "unauthorized",
}


class _Said(Struct, frozen=True):
    code: str = msgspec.field(default="", name="Code")
    id: str = msgspec.field(default="", name="BizId")


class AliyunSms(House):
    """Short messages by a template for each class."""

    kind: ProviderKind = "sms"

    def __init__(self, config: Config, secret: str, server: str = SERVER) -> None:
        """`secret` is the access key's."""
        self._config = config
        self._secret = secret.encode()
        self._server = server
        self._host = URL(server).authority

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """A message by the template of its class; nothing takes one away."""
        if not notification.shows:
            return CANNOT_CLOSE
        template = chosen(self._config.templates, notification)
        if template is None:
            return refused("no_template")
        params = filled(template, notification, now_ms, LONGEST)
        query = canonical_query(
            {
                "PhoneNumbers": _number(address.token),
                "SignName": self._config.sign,
                "TemplateCode": template.id,
                "TemplateParam": msgspec.json.encode(params).decode(),
                "OutId": notification.id,
            }
        )
        return Request(
            url=f"{self._server}/?{query}", content=b"", headers=self._signed(query, now_ms)
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What Aliyun's code comes to, whatever the status."""
        said = answer.read(_Said)
        if said.code == "OK":
            return sent(said.id)
        if said.code in CODES or (said.code and answer.status < 500):
            return by_code(said.code, CODES, answer.retry_after_ms(now_ms))
        return by_status(answer, now_ms, said.code)

    def _signed(self, query: str, now_ms: int) -> dict[str, str]:
        when = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        headers = {
            "host": self._host,
            "x-acs-action": ACTION,
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
            "x-acs-date": when,
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-version": VERSION,
        }
        signature = sign(self._secret, query, headers)
        names = ";".join(sorted(headers))
        del headers["host"]  # the connection sets it
        credential = f"Credential={self._config.key_id},SignedHeaders={names}"
        return {**headers, "Authorization": f"{ALGORITHM} {credential},Signature={signature}"}


def canonical_query(values: Mapping[str, str]) -> str:
    """A query as it is signed and sent: by name, all but letters, digits and -_.~ escaped."""
    return "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}"
        for name, value in sorted(values.items())
    )


def sign(secret: bytes, query: str, headers: Mapping[str, str]) -> str:
    """The signature of a request without a body; `headers` are those it covers."""
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    names = ";".join(sorted(headers))
    canonical = "\n".join(("POST", "/", query, lines, names, headers["x-acs-content-sha256"]))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.new(secret, f"{ALGORITHM}\n{digest}".encode(), hashlib.sha256).hexdigest()


def _number(phone: str) -> str:
    """Numbers of China without the country's code, others with it, none with a plus."""
    return phone.removeprefix(HOME).removeprefix("+")
