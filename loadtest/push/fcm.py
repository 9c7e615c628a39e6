"""Firebase Cloud Messaging and Google's token server."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

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

PROJECT = "shop-7"
ACCOUNT = "push@shop-7.iam.gserviceaccount.com"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


class FcmService(Service):
    """Takes messages of one project."""

    kind = "fcm"
    has_tokens = True

    def __init__(self) -> None:
        super().__init__()
        self._key = _account_key()

    def config(self, folder: Path) -> dict[str, Any]:
        """With the account's file in the folder."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "k1",
            "private_key": pem,
            "client_email": ACCOUNT,
            "token_uri": f"{self.url}/token",
        }
        file = secret(folder, "fcm.json", msgspec.json.encode(account).decode())
        return {"kind": "fcm", "url": self.url, "service_account": file, "channel": "chat"}

    def is_push(self, seen: Seen) -> bool:
        """All but the token server."""
        return seen.path != "/token"

    def other(self, seen: Seen) -> Reply:
        """Grant a token for an assertion that is signed by the account."""
        form = seen.form
        try:
            claims = jwt.decode(
                form["assertion"],
                self._key.public_key(),
                algorithms=["RS256"],
                audience=f"{self.url}/token",
                issuer=ACCOUNT,
                options={"require": ["iat", "exp"]},
            )
        except (jwt.PyJWTError, KeyError):
            return as_json({"error": "invalid_grant"}, 400)
        if form["grant_type"] != GRANT or claims["scope"] != SCOPE:
            return as_json({"error": "unsupported_grant_type"}, 400)
        if claims["exp"] - claims["iat"] > 3600:
            return as_json({"error": "invalid_grant"}, 400)
        return as_json({"access_token": self.grant(), "expires_in": 3599, "token_type": "Bearer"})

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, checked as FCM does."""
        if not self.is_good(seen.bearer):
            raise Wrong(_error(401, "UNAUTHENTICATED"))
        if seen.path != f"/v1/projects/{PROJECT}/messages:send" or len(seen.body) > 8192:
            raise Wrong(_error(404, "NOT_FOUND"))
        message = seen.json["message"]
        if any(not isinstance(value, str) for value in message["data"].values()):
            raise Wrong(_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"))
        if message["token"] in self.dead:
            raise Wrong(_error(404, "NOT_FOUND", "UNREGISTERED"))
        if message["token"] in self.refused:
            raise Wrong(_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"))
        return _arrived(message), as_json({"name": f"projects/{PROJECT}/messages/0:1{self.pushes}"})

    def fail(self, fault: Fault) -> Reply:
        """QUOTA_EXCEEDED or UNAVAILABLE."""
        if fault.kind == "limited":
            return _error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", **retry_after(fault))
        return _error(503, "UNAVAILABLE", "UNAVAILABLE", **retry_after(fault))


@cache
def _account_key() -> rsa.RSAPrivateKey:
    """One for all services of a process: making one takes long."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def _arrived(message: dict[str, Any]) -> Arrived:
    android = message["android"]
    shown = android.get("notification", {})
    if "tag" in shown and shown["tag"] != android["collapse_key"]:
        raise Wrong(_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"))
    said = message.get("notification", {})
    return Arrived(
        token=message["token"],
        title=said.get("title", ""),
        text=said.get("body", ""),
        collapse=android["collapse_key"],
        badge=shown.get("notification_count", int(message["data"]["badge"])),
        ttl_s=int(android["ttl"].removesuffix("s")),
        link=message["data"]["url"],
        sounds=shown.get("sound") == "default" if said else None,
        urgent=android["priority"] == "HIGH",
        shows=bool(said),
        data=message["data"],
    )


def _error(status: int, word: str, code: str = "", **headers: str) -> Reply:
    detail = {
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
        "errorCode": code,
    }
    error = {"code": status, "status": word, "message": word, "details": [detail] if code else []}
    return as_json({"error": error}, status, **headers)
