"""A push service of a browser's maker."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.exceptions import InvalidTag

from chatserver.domain.push.notification import Address, Notification
from chatserver.providers.push.encryption import new_private_key, public_key
from loadtest.push.base import Arrived, Fault, Reply, Seen, Service, Wrong, retry_after, secret
from loadtest.push.keys import Browser, decoded, point

BODY_MAX = 4096
_VAPID = re.compile(r"vapid t=([^,\s]+), *k=([A-Za-z0-9_-]+)\Z")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
_URGENCIES = frozenset({"very-low", "low", "normal", "high"})


class WebService(Service):
    """Keeps messages for browsers, and reads them as those would."""

    kind = "web"
    has_tokens = True

    def __init__(self) -> None:
        super().__init__()
        self.browser = Browser()
        self._pem = new_private_key()
        self._verified: set[str] = set()

    def config(self, folder: Path) -> dict[str, Any]:
        """With the VAPID key in the folder; this service is no public one."""
        return {
            "kind": "web", "key": secret(folder, "vapid.pem", self._pem),
            "subject": "mailto:push@example.com", "allow_private": True,
        }  # fmt: skip

    def address(self, token: str) -> Address:
        """A subscription of the one browser."""
        return Address(provider="web", token=token, keys=self.browser.keys)

    def token(self, name: str) -> str:
        """The endpoint of a subscription."""
        return f"{self.url}/wpush/v2/{name}"

    def is_push(self, seen: Seen) -> bool:
        """It has no other calls."""
        return True

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, checked as the RFCs say, and decrypted."""
        self._authorize(seen.headers.get("authorization", ""))
        token = self.url + seen.path
        if token in self.dead:
            raise Wrong(Reply(status=410))
        if len(seen.body) > BODY_MAX:
            raise Wrong(Reply(status=413))
        headers = seen.headers
        fits = (
            token not in self.refused
            and headers.get("content-encoding") == "aes128gcm"
            and headers.get("ttl", "").isdecimal()
            and _TOPIC.match(headers.get("topic", "x"))
            and headers.get("urgency", "normal") in _URGENCIES
        )
        if not fits:
            raise Wrong(Reply(status=400))
        location = {"location": f"{self.url}/message/{self.pushes}"}
        return self._arrived(token, seen), Reply(status=201, headers=location)

    def fail(self, fault: Fault) -> Reply:
        """429 or 503."""
        status = 429 if fault.kind == "limited" else 503
        named = {name.replace("_", "-"): value for name, value in retry_after(fault).items()}
        return Reply(status=status, headers=named)

    def _authorize(self, proof: str) -> None:
        parts = _VAPID.match(proof)
        if parts is None or parts[1] in self.revoked:
            raise Wrong(Reply(status=401))
        if parts[2] != public_key(self._pem):
            raise Wrong(Reply(status=403))
        if parts[1] in self._verified:
            return
        key = point(decoded(parts[2]))
        try:
            claims = jwt.decode(parts[1], key, algorithms=["ES256"], audience=self.url)
        except jwt.PyJWTError:
            raise Wrong(Reply(status=401)) from None
        if claims["exp"] > time.time() + 86_400 or not claims["sub"].startswith("mailto:"):
            raise Wrong(Reply(status=401))
        self._verified.add(parts[1])
        self.granted.append(parts[1])

    def _arrived(self, token: str, seen: Seen) -> Arrived:
        try:
            content = self.browser.decrypt(seen.body)
        except (InvalidTag, ValueError):
            raise Wrong(Reply(status=400)) from None
        said = msgspec.json.decode(content, type=Notification)
        return Arrived(
            token=token,
            title=said.title,
            text=said.text,
            collapse=seen.headers["topic"],
            badge=said.badge,
            ttl_s=int(seen.headers["ttl"]),
            link=said.url,
            sounds=said.sounds,
            urgent=seen.headers["urgency"] == "high",
            shows=said.shows,
            data={"id": said.id, "conversation": said.conversation, "seq": str(said.seq)},
        )
