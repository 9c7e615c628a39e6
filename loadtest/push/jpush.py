"""JPush, the aggregator."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from loadtest.push.base import Arrived, Fault, Reply, Seen, as_json
from loadtest.push.phones import SECRET, Phones


class JpushService(Phones):
    """JPush's."""

    kind = "jpush"
    push_path = "/v3/push"

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder."""
        return {**self.common(folder), "app_key": "key-1"}

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A push, checked as JPush does."""
        pair = base64.b64encode(f"key-1:{SECRET}".encode()).decode()
        if seen.headers["authorization"] != f"Basic {pair}":
            raise self.wrong(1004, 401)
        push = seen.json
        (token,) = push["audience"]["registration_id"]
        if token in self.dead:
            raise self.wrong(1011, 400)
        if token in self.refused:
            raise self.wrong(1003, 400)
        said, options = push.get("notification", {}), push["options"]
        android, ios = said.get("android", {}), said.get("ios", {})
        if len(options["apns_collapse_id"].encode()) > 64:
            raise self.wrong(1003, 400)
        extras = android.get("extras") or push["message"]["extras"]
        arrived = Arrived(
            token=token,
            title=android.get("title", ""),
            text=android.get("alert", ""),
            collapse=options["apns_collapse_id"],
            badge=ios.get("badge", int(extras["badge"])),
            ttl_s=options["time_to_live"],
            link=android.get("intent", {}).get("url", ""),
            sounds=ios.get("sound") == "default" and android.get("alert_type") != 0,
            shows=bool(said),
            data=extras,
        )
        return arrived, as_json({"sendno": "0", "msg_id": f"{self.pushes}"})

    def said(self, code: object, status: int = 200, **headers: str) -> Reply:
        """JPush's shape of an error."""
        return as_json({"error": {"code": code, "message": ""}, "msg_id": 1}, status, **headers)

    def fail(self, fault: Fault) -> Reply:
        """The rate of requests, with when its window ends, or a broken server."""
        if fault.kind == "limited":
            return self.said(2002, 429, X_Rate_Limit_Reset=fault.retry_after)
        return self.said(1000, 500)
