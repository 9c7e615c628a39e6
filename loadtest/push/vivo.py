"""vivo's push service."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from loadtest.push.base import Arrived, Fault, Reply, Seen, as_json
from loadtest.push.phones import SECRET, Phones


class VivoService(Phones):
    """vivo's, with its token server."""

    kind = "vivo"
    has_tokens = True
    closes = False
    says_when = False
    push_path = "/message/send"

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder."""
        return {**self.common(folder), "app_id": "1", "app_key": "key-1"}

    def other(self, seen: Seen) -> Reply:
        """Grant a token for a signature."""
        asked = seen.json
        signed = f"1key-1{asked['timestamp']}{SECRET}".encode()
        digest = hashlib.md5(signed, usedforsecurity=False).hexdigest()
        if seen.path != "/message/auth" or asked["sign"] != digest:
            return self.said(10202)
        return as_json({"result": 0, "desc": "请求成功", "authToken": self.grant()})

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, checked as vivo does."""
        if not self.is_good(seen.headers["authtoken"]):
            raise self.wrong(10000)
        message = seen.json
        token = message["regId"]
        self.check(token, 10302, 10101)
        fits = (
            columns(message["title"]) <= 40
            and columns(message["content"]) <= 100
            and 60 <= message["timeToLive"] <= 604_800
            and len(message["clientCustomMap"]) <= 10
        )
        if not fits:
            raise self.wrong(10101)
        arrived = Arrived(
            token=token,
            title=message["title"],
            text=message["content"],
            collapse=str(message["notifyId"]),
            badge=int(message["clientCustomMap"]["badge"]),
            ttl_s=message["timeToLive"],
            link=message.get("skipContent", ""),
            sounds=message["notifyType"] in (2, 4),
            data=message["clientCustomMap"],
        )
        return arrived, self.said(0)

    def said(self, code: object, status: int = 200, **headers: str) -> Reply:
        """vivo's shape."""
        task = {"taskId": f"t{self.pushes}"} if code == 0 else {}
        return as_json({"result": code, "desc": "", **task}, status, **headers)

    def fail(self, fault: Fault) -> Reply:
        """The quota of the day, or a broken server."""
        return self.said(10070) if fault.kind == "limited" else as_json({}, 502)


def columns(text: str) -> int:
    """How wide a text is where what is not ASCII takes two columns."""
    return sum(1 if character.isascii() else 2 for character in text)
