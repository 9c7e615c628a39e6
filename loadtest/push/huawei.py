"""Push services of Huawei and of Honor, which are much alike."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from loadtest.push.base import Arrived, Fault, Reply, Seen, Wrong, as_json, retry_after
from loadtest.push.phones import SECRET, Phones


class HuaweiService(Phones):
    """Huawei's, with its token server."""

    kind = "huawei"
    has_tokens = True
    push_path = "/v1/app-1/messages:send"

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder."""
        return {**self.common(folder), "app_id": "app-1", "badge_class": "com.example.Main"}

    def other(self, seen: Seen) -> Reply:
        """Grant a token."""
        form = {"grant_type": "client_credentials", "client_id": "app-1", "client_secret": SECRET}
        if seen.path != "/oauth2/v3/token" or seen.form != form:
            return as_json({"error": 1101, "sub_error": 20045}, 400)
        return as_json({"access_token": self.grant(), "expires_in": 3600, "token_type": "Bearer"})

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, checked as Huawei does."""
        if not self.is_good(seen.bearer):
            raise self.wrong("80200003")
        if len(seen.body) > 4096:
            raise self.wrong("80300008")
        message = seen.json["message"]
        (token,) = message["token"]
        self.check(token, "80300007", "80100003")
        android, extras = message["android"], msgspec.json.decode(message["data"])
        shown = android.get("notification", {})
        arrived = Arrived(
            token=token,
            title=shown.get("title", ""),
            text=shown.get("body", ""),
            collapse=str(shown.get("notify_id", "")),
            badge=shown.get("badge", {}).get("set_num", int(extras["badge"])),
            ttl_s=int(android["ttl"].removesuffix("s")),
            link=shown.get("click_action", {}).get("intent", ""),
            sounds=shown.get("importance") == "NORMAL",
            shows=bool(shown),
            data=extras,
        )
        return arrived, self.said("80000000")

    def said(self, code: object, status: int = 200, **headers: str) -> Reply:
        """Huawei's shape."""
        content = {"code": code, "msg": "Success", "requestId": f"1606{self.pushes}"}
        return as_json(content, status, **headers)

    def fail(self, fault: Fault) -> Reply:
        """503 is flow control here."""
        if fault.kind == "limited":
            return as_json({}, 503, **retry_after(fault))
        return self.said("81000001", 500)


class HonorService(Phones):
    """Honor's, with its token server."""

    kind = "honor"
    has_tokens = True
    push_path = "/api/v1/app-1/sendMessage"

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder."""
        named = {"app_id": "app-1", "client_id": "client-1", "badge_class": "com.example.Main"}
        return {**self.common(folder), **named}

    def other(self, seen: Seen) -> Reply:
        """Grant a token."""
        form = seen.form
        good = (form["client_id"], form["client_secret"]) == ("client-1", SECRET)
        if seen.path != "/auth/token" or not good:
            return as_json({"error": "invalid_client"}, 401)
        return as_json({"access_token": self.grant(), "expires_in": 3600, "token_type": "Bearer"})

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, checked as Honor does."""
        if not self.is_good(seen.bearer):
            raise self.wrong(80200003)
        if abs(int(seen.headers["timestamp"]) / 1000 - time.time()) > 600:
            raise self.wrong(80100003)
        message = seen.json
        (token,) = message["token"]
        if token in self.dead:
            raise Wrong(self.said(200, expireTokens=token))
        self.check(token, 80300007, 80100003)
        android, extras = message["android"], msgspec.json.decode(message["data"])
        shown = android.get("notification", {})
        arrived = Arrived(
            token=token,
            title=shown.get("title", ""),
            text=shown.get("body", ""),
            collapse=str(shown.get("notifyId", "")),
            badge=shown.get("badge", {}).get("setNum", int(extras["badge"])),
            ttl_s=int(android["ttl"].removesuffix("s")),
            link=shown.get("clickAction", {}).get("intent", ""),
            sounds=shown.get("importance") == "NORMAL",
            shows=bool(shown),
            data=extras,
        )
        return arrived, self.said(200)

    def said(self, code: object, status: int = 200, **lists: str) -> Reply:
        """Honor's shape."""
        result: dict[str, Any] = {
            "sendResult": not lists, "requestId": f"r{self.pushes}",
            "failTokens": [], "expireTokens": [],
        }  # fmt: skip
        result |= {name: [token] for name, token in lists.items()}
        good = code == 200
        return as_json({"code": code, "message": "", "data": result if good else None}, status)

    def fail(self, fault: Fault) -> Reply:
        """429, or a broken server."""
        if fault.kind == "limited":
            return as_json({}, 429, **retry_after(fault))
        return self.said(81000001)
