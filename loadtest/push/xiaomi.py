"""Xiaomi's push service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from loadtest.push.base import Arrived, Fault, Reply, Seen, as_json
from loadtest.push.phones import SECRET, Phones


class XiaomiService(Phones):
    """Xiaomi's."""

    kind = "xiaomi"
    says_when = False
    push_path = "/v3/message/regid"

    def config(self, folder: Path) -> dict[str, Any]:
        """With the secret in the folder."""
        return {**self.common(folder), "package": "com.example.shop", "channel": "12345"}

    def take(self, seen: Seen) -> tuple[Arrived, Reply]:
        """A message, checked as Xiaomi does."""
        if seen.headers["authorization"] != f"key={SECRET}":
            raise self.wrong(21301, 401)
        form, shows = seen.form, int(seen.form["pass_through"]) == 0
        token = form["registration_id"]
        self.check(token, 20301, 10017)
        title, text = form.get("title", ""), form.get("description", "")
        if shows and not (0 < len(title) < 50 and 0 < len(text) < 128):
            raise self.wrong(10017)
        extras = msgspec.json.decode(form["payload"])
        arrived = Arrived(
            token=token,
            title=title,
            text=text,
            collapse=form.get("notify_id"),
            badge=int(extras["badge"]),
            ttl_s=int(form["time_to_live"]) // 1000,
            link=form.get("extra.intent_uri", ""),
            sounds=form.get("notify_type") == "-1",
            shows=shows,
            data=extras,
        )
        return arrived, self.said(0)

    def said(self, code: object, status: int = 200, **headers: str) -> Reply:
        """Xiaomi's shape: what is good has data, what is bad a reason."""
        if code == 0:
            data = {"id": f"scm{self.pushes}"}
            good = {"result": "ok", "description": "成功", "data": data, "code": 0, "info": ""}
            return as_json(good, status)
        bad = {"result": "error", "reason": "", "trace_id": "Xcm", "code": code}
        return as_json(bad, status, **headers)

    def fail(self, fault: Fault) -> Reply:
        """Too many of this app, or a service that paused."""
        return self.said(10023 if fault.kind == "limited" else 10002)
