"""A server of an operator's that takes notifications by Standard Webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from pathlib import Path
from typing import Any

import msgspec

from chatserver.domain.push.notification import Notification
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

FORGIVEN_S = 300


class WebhookService(Service):
    """Checks signatures, and that none is old."""

    kind = "webhook"

    def __init__(self) -> None:
        super().__init__()
        self._key = secrets.token_bytes(24)

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder; this machine is no public one."""
        text = "whsec_" + base64.b64encode(self._key).decode()
        return {
            "kind": "webhook", "url": f"{self.url}/hook", "allow_private": True,
            "secret": secret(folder, "webhook", text),
        }  # fmt: skip

    def is_push(self, seen: Seen) -> bool:
        """It has no other calls."""
        return True

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A notification, once its signature is checked."""
        stamp, message = seen.headers["webhook-timestamp"], seen.headers["webhook-id"]
        signed = f"{message}.{stamp}.".encode() + seen.body
        digest = hmac.digest(self._key, signed, hashlib.sha256)
        version, _, signature = seen.headers["webhook-signature"].partition(",")
        is_good = hmac.compare_digest(base64.b64decode(signature), digest) and version == "v1"
        if not is_good or abs(time.time() - int(stamp)) > FORGIVEN_S:
            raise Wrong(Reply(status=401))
        content = seen.json["data"]
        token = content["address"]["token"]
        if token in self.dead:
            raise Wrong(Reply(status=410))
        if token in self.refused:
            raise Wrong(Reply(status=422))
        return _arrived(token, msgspec.convert(content["notification"], Notification)), Reply()

    def fail(self, fault: Fault) -> Reply:
        """429 or 500."""
        return as_json({}, 429 if fault.kind == "limited" else 500, **retry_after(fault))


def _arrived(token: str, said: Notification) -> Arrived:
    return Arrived(
        token=token,
        title=said.title,
        text=said.text,
        collapse=said.conversation,
        badge=said.badge,
        ttl_s=(said.expires_at - int(time.time() * 1000)) // 1000,
        link=said.url,
        sounds=said.sounds,
        urgent=said.urgent,
        shows=said.shows,
        data={"id": said.id, "conversation": said.conversation, "seq": str(said.seq)},
    )
