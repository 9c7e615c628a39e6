"""Apple Push Notification service, over HTTP/2 with a provider token.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns,
https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns,
https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from chatserver.domain.push.notification import Address, Notification, ProviderKind
from chatserver.providers.push.base import (
    Answer,
    House,
    Request,
    Verdict,
    by_status,
    dead,
    later,
    refused,
    sent,
    unauthorized,
)
from chatserver.providers.push.credentials import SelfSigned, Token
from chatserver.providers.push.fields import collapse_key, cut_bytes, data, ttl_s
from chatserver.providers.push.signing import Signer

SERVER = "https://api.push.apple.com"
SANDBOX = "https://api.sandbox.push.apple.com"
TTL_MAX_S = 2_592_000
TOKEN_S = 2400  # Apple wants one to be used for 20 minutes at least and 60 at most
TITLE_BYTES, TEXT_BYTES = 400, 2000  # of 4,096 in all
DEAD = frozenset({"BadDeviceToken", "DeviceTokenNotForTopic", "Unregistered", "ExpiredToken"})
OURS = frozenset(
    {"ExpiredProviderToken", "InvalidProviderToken", "MissingProviderToken", "TopicDisallowed"}
)
_DEVICE = re.compile(r"[0-9a-fA-F]{1,200}\Z")


class _Said(Struct, frozen=True):
    reason: str = ""


class Apns(House):
    """Notifications for one app on Apple's devices."""

    kind: ProviderKind = "apns"

    def __init__(
        self,
        signer: Signer,
        team: str,
        topic: str,
        *,
        server: str = SERVER,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`signer` has the team's key, `topic` is the app's bundle id."""
        self._signer = signer
        self._team = team
        self._topic = topic
        self._server = server
        self._clock = clock
        self._tokens = SelfSigned(self._make)

    async def request(
        self, address: Address, notification: Notification, now_ms: int
    ) -> Request | Verdict:
        """An alert, or in the background what takes one away."""
        if not _DEVICE.match(address.token):
            return dead("BadDeviceToken")
        token = self._tokens.get()
        ends = now_ms // 1000 + ttl_s(notification, now_ms, TTL_MAX_S)
        return Request(
            url=f"{self._server}/3/device/{address.token}",
            content=msgspec.json.encode(_payload(notification)),
            credential=token,
            headers={
                "authorization": f"bearer {token}",
                "apns-topic": self._topic,
                "apns-push-type": "alert" if notification.shows else "background",
                "apns-priority": _priority(notification),
                "apns-expiration": str(ends),
                "apns-collapse-id": collapse_key(notification),
                "apns-id": _id(notification, address),
            },
        )

    def verdict(self, answer: Answer, now_ms: int) -> Verdict:
        """What Apple's reason comes to."""
        reason = answer.read(_Said).reason
        if answer.status == 200:
            return sent(answer.headers.get("apns-id"))
        if reason in DEAD or answer.status == 410:
            return dead(reason or 410)
        if reason in OURS:
            return unauthorized(reason)
        if reason == "TooManyRequests":  # for this device alone
            return later(reason, answer.retry_after_ms(now_ms))
        if answer.status == 403:
            return refused(reason or 403)
        return by_status(answer, now_ms, reason)

    def forget(self, credential: str) -> None:
        """Make a new provider token for the next one."""
        self._tokens.forget(credential)

    def _make(self, _audience: str) -> Token:
        claims = {"iss": self._team, "iat": int(self._clock())}
        return Token(self._signer.sign(claims), TOKEN_S)


def _id(notification: Notification, address: Address) -> str:
    """The same for the same one to the same device."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{notification.id}/{address.token}"))


def _payload(notification: Notification) -> dict[str, Any]:
    """What Apple reads is in `aps`, what the app reads beside it."""
    if not notification.shows:
        return {"aps": {"content-available": 1}, **data(notification)}
    aps: dict[str, Any] = {
        "alert": {
            "title": cut_bytes(notification.title, TITLE_BYTES),
            "body": cut_bytes(notification.text, TEXT_BYTES),
        },
        "badge": notification.badge,
        "thread-id": collapse_key(notification),
        "mutable-content": 1,
    }
    if notification.sounds:
        aps["sound"] = "default"
    if notification.urgent:
        aps["interruption-level"] = "time-sensitive"
    return {"aps": aps, **data(notification)}


def _priority(notification: Notification) -> str:
    """10 is at once; what does not show must have 5, and what is silent may wait for power."""
    return "10" if notification.shows and notification.sounds else "5"
