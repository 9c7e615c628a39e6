"""Apple's push service."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import jwt

from chatserver.providers.push.encryption import new_private_key
from loadtest.push.base import (
    Arrived,
    Fault,
    Reply,
    Seen,
    Service,
    Wrong,
    as_json,
    retry_after,
    secret,
)
from loadtest.push.keys import public

TOPIC = "com.example.shop"
TEAM = "TEAM123456"
KEY_ID = "KEY1234567"
TOKEN_S = 3600
GONE_AT = 1_700_000_000_000


class ApnsService(Service):
    """Takes notifications for one app, over HTTP/2 only."""

    kind = "apns"
    has_tokens = True

    def __init__(self) -> None:
        super().__init__()
        self._pem = new_private_key()
        self._public = public(self._pem)
        self._verified: set[str] = set()

    def config(self, folder: Path) -> dict[str, Any]:
        """With the key in the folder."""
        return {
            "kind": "apns", "url": self.url, "team": TEAM, "key_id": KEY_ID, "topic": TOPIC,
            "key": secret(folder, "apns.p8", self._pem),
        }  # fmt: skip

    def token(self, name: str) -> str:
        """A device token is 32 bytes in hexadecimal."""
        return name.encode().hex().ljust(64, "0")

    def is_push(self, seen: Seen) -> bool:
        """It has no other calls."""
        return True

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A notification, checked as Apple does."""
        self._authorize(seen.bearer)
        headers, token = seen.headers, seen.path.removeprefix("/3/device/")
        if headers["apns-topic"] != TOPIC:
            raise _wrong(400, "BadTopic")
        if len(headers["apns-collapse-id"].encode()) > 64:
            raise _wrong(400, "BadCollapseId")
        if len(seen.body) > 4096:
            raise _wrong(413, "PayloadTooLarge")
        uuid.UUID(headers["apns-id"])
        if token in self.dead:
            raise Wrong(as_json({"reason": "Unregistered", "timestamp": GONE_AT}, 410))
        if token in self.refused:
            raise _wrong(400, "PayloadEmpty")
        arrived = _arrived(token, seen)
        return arrived, Reply(headers={"apns-id": headers["apns-id"]})

    def fail(self, fault: Fault) -> Reply:
        """TooManyRequests or ServiceUnavailable."""
        if fault.kind == "limited":
            reason = {"reason": "TooManyProviderTokenUpdates"}
            return as_json(reason, 429, **retry_after(fault))
        return as_json({"reason": "ServiceUnavailable"}, 503, **retry_after(fault))

    def _authorize(self, token: str) -> None:
        if token in self.revoked:
            raise _wrong(403, "ExpiredProviderToken")
        if token in self._verified:
            return
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(token, self._public, algorithms=["ES256"], issuer=TEAM)
        except jwt.PyJWTError:
            raise _wrong(403, "InvalidProviderToken") from None
        if header.get("kid") != KEY_ID:
            raise _wrong(403, "InvalidProviderToken")
        if abs(time.time() - claims["iat"]) > TOKEN_S:
            raise _wrong(403, "ExpiredProviderToken")
        self._verified.add(token)
        self.granted.append(token)


def _arrived(token: str, seen: Seen) -> Arrived:
    headers, payload = seen.headers, seen.json
    aps = payload.pop("aps")
    shows = headers["apns-push-type"] == "alert"
    if shows == ("alert" not in aps) or (not shows and aps != {"content-available": 1}):
        raise _wrong(400, "InvalidPushType")
    if not shows and headers["apns-priority"] != "5":
        raise _wrong(400, "BadPriority")
    alert = aps.get("alert", {})
    return Arrived(
        token=token,
        title=alert.get("title", ""),
        text=alert.get("body", ""),
        collapse=headers["apns-collapse-id"],
        badge=aps.get("badge", int(payload["badge"])),
        ttl_s=int(headers["apns-expiration"]) - int(time.time()),
        link=payload["url"],
        sounds=aps.get("sound") == "default" if shows else None,
        urgent=aps.get("interruption-level") == "time-sensitive",
        shows=shows,
        data=payload,
    )


def _wrong(status: int, reason: str) -> Wrong:
    return Wrong(as_json({"reason": reason}, status))
