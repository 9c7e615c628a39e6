"""A server of the operator's own, told as Standard Webhooks has it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from chatserver.config import SettingsError
from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    Answer,
    House,
    Request,
    Verdict,
    by_status,
    dead,
    failing,
    sent,
)

PREFIX = "whsec_"
SECRET_BYTES_MIN = 24


class Webhook(House):
    """Posts each notification with its address, signed."""

    kind: ProviderKind = "webhook"

    def __init__(self, url: str, secret: str) -> None:
        """`secret` is `whsec_` and base64 of 24 bytes or more.

        Raises:
            SettingsError: it is no such secret.
        """
        self._url = url
        self._key = signing_key(secret)

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """The notification and its address as JSON; the same id again when it is sent again."""
        content = msgspec.json.encode(
            {
                "type": "notification" if notification.shows else "notification.closed",
                "timestamp": now_ms,
                "data": {"address": address, "notification": notification},
            }
        )
        seconds = str(now_ms // 1000)
        return Request(
            url=self._url,
            content=content,
            headers={
                "Content-Type": "application/json",
                "webhook-id": notification.id,
                "webhook-timestamp": seconds,
                "webhook-signature": sign(self._key, notification.id, seconds, content),
            },
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What the status comes to; the server says 410 of an address that is none any more."""
        if 200 <= answer.status < 300:
            return sent()
        if answer.status == 410:
            return dead(410)
        if answer.status in (408, 409):
            return failing(answer.status)
        return by_status(answer, now_ms)


def signing_key(secret: str) -> bytes:
    """The key in a secret.

    Raises:
        SettingsError: it is no secret; nothing of it is repeated.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not secret.startswith(PREFIX) or len(key) < SECRET_BYTES_MIN:
        raise SettingsError(
            f"a webhook's secret is {PREFIX} and base64 of {SECRET_BYTES_MIN} bytes or more"
        )
    return key


def sign(key: bytes, message_id: str, seconds: str, content: bytes) -> str:
    """The signature of version 1."""
    signed = f"{message_id}.{seconds}.".encode() + content
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
