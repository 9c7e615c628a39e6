"""OPPO's push service."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import msgspec

from loadtest.push.base import Arrived, Fault, Reply, Seen, as_json
from loadtest.push.phones import SECRET, Phones


class OppoService(Phones):
    """OPPO's, with its token server."""

    kind = "oppo"
    has_tokens = True
    closes = False
    says_when = False
    push_path = "/server/v1/message/notification/unicast"

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder."""
        return {**self.common(folder), "app_key": "key-1", "channel": "chat"}

    def other(self, seen: Seen) -> Reply:
        """Grant a token for a signature."""
        form = seen.form
        signed = hashlib.sha256(f"key-1{form['timestamp']}{SECRET}".encode()).hexdigest()
        if seen.path != "/server/v1/auth" or form["sign"] != signed:
            return self.said(16)
        data = {"auth_token": self.grant(), "create_time": int(time.time() * 1000)}
        return as_json({"code": 0, "message": "Success", "data": data})

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, checked as OPPO does."""
        if not self.is_good(seen.form["auth_token"]):
            raise self.wrong(11)
        message = msgspec.json.decode(seen.form["message"])
        token, shown = message["target_value"], message["notification"]
        self.check(token, 10000, 41)
        if len(shown["title"]) > 50 or len(shown["content"]) > 50 or message["target_type"] != 2:
            raise self.wrong(41)
        extras = msgspec.json.decode(shown["action_parameters"])
        arrived = Arrived(
            token=token,
            title=shown["title"],
            text=shown["content"],
            collapse=str(shown["notify_id"]),
            badge=int(extras["badge"]),
            ttl_s=shown["off_line_ttl"],
            link=shown.get("click_action_url", ""),
            sounds=shown.get("notify_level") != 1,
            data=extras,
        )
        return arrived, self.said(0)

    def said(self, code: object, status: int = 200, **headers: str) -> Reply:
        """OPPO's shape."""
        data = {"messageId": f"m{self.pushes}", "status": "call_success"} if code == 0 else {}
        return as_json({"code": code, "message": "", "data": data}, status, **headers)

    def fail(self, fault: Fault) -> Reply:
        """Flow control, or a service that is away."""
        return self.said(-2 if fault.kind == "limited" else -1)
