"""What requests to all vendors are made of."""

from __future__ import annotations

import base64
import hashlib
import math
from typing import Any

from chatserver.domain.push.notification import Language, Notification

ELLIPSIS = "…"
DEFAULT_WORDS: dict[Language, tuple[str, str]] = {
    "zh": ("新消息", "点按查看"),
    "en": ("New message", "Tap to open"),
}


def collapse_key(notification: Notification) -> str:
    """Stands for the conversation: 32 characters of base64url, as short as the strictest wants."""
    digest = hashlib.sha256(notification.conversation.encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def collapse_number(notification: Notification) -> int:
    """The same as a number, positive and of 31 bits: what Android tells notifications apart by."""
    digest = hashlib.sha256(notification.conversation.encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFF_FFFF


def ttl_s(notification: Notification, now_ms: int, most: int, least: int = 0) -> int:
    """For how many seconds it is of use, within what the vendor takes."""
    left = math.ceil((notification.expires_at - now_ms) / 1000)
    return min(max(left, least), most)


def cut(text: str, longest: int) -> str:
    """At most so many characters."""
    return text if len(text) <= longest else text[: longest - 1] + ELLIPSIS


def cut_bytes(text: str, longest: int) -> str:
    """At most so many bytes of UTF-8, by whole characters."""
    encoded = text.encode()
    if len(encoded) <= longest:
        return text
    kept = encoded[: max(0, longest - len(ELLIPSIS.encode()))]
    return kept.decode(errors="ignore") + ELLIPSIS


def cut_wide(text: str, widest: int) -> str:
    """At most so many columns; what is not ASCII takes two."""
    if sum(map(_columns, text)) <= widest:
        return text
    left = widest - _columns(ELLIPSIS)
    for at, character in enumerate(text):
        left -= _columns(character)
        if left < 0:
            return text[:at] + ELLIPSIS
    return text


def words(notification: Notification) -> tuple[str, str]:
    """Title and text, for vendors that want some of each in all cases."""
    title, text = DEFAULT_WORDS[notification.language]
    return notification.title.strip() or title, notification.text.strip() or text


def data(notification: Notification) -> dict[str, str]:
    """What the app itself reads, as text, for that is all that most vendors carry."""
    return {
        "id": notification.id,
        "conversation": notification.conversation,
        "seq": str(notification.seq),
        "badge": str(notification.badge),
        "url": notification.url,
        "shows": "1" if notification.shows else "0",
    }


def link(template: str, notification: Notification) -> str:
    """The operator's link into the app, with `{url}`, `{conversation}` and `{id}` filled in."""
    return (
        template.replace("{url}", notification.url)
        .replace("{conversation}", notification.conversation)
        .replace("{id}", notification.id)
    )


def click(template: str, notification: Notification) -> dict[str, Any]:
    """What a tap does, in the words of Huawei and Honor: that link, or the app's first page."""
    return {"type": 1, "intent": link(template, notification)} if template else {"type": 3}


def _columns(character: str) -> int:
    return 1 if character.isascii() else 2
