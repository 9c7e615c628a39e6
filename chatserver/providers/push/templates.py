"""Texts that carriers approve beforehand: only their fields are ours to fill."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from chatserver.domain.push.notification import MessageClass, Notification
from chatserver.providers.push.config import Field, Template
from chatserver.providers.push.fields import cut, words

CHINA = timezone(timedelta(hours=8))


def chosen(
    templates: Mapping[MessageClass, Template], notification: Notification
) -> Template | None:
    """The template for a notification's class."""
    return templates.get(notification.kind)


def filled(
    template: Template, notification: Notification, now_ms: int, longest: Mapping[str, int]
) -> dict[str, str]:
    """Each field with its words, as long as fields of its type may be.

    `longest` has the limits by the letters a field's name begins with; the one for "" is for all
    others.
    """
    sources = _sources(notification, now_ms)
    wanted = {name: sources[source] for name, source in template.fields.items()}
    return {
        name: cut(text, _limit(name, longest))
        for name, text in {**wanted, **template.constants}.items()
    }


def _sources(notification: Notification, now_ms: int) -> dict[Field, str]:
    title, text = words(notification)
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(CHINA)
    return {
        "title": title,
        "text": text,
        "badge": str(max(notification.badge, 1)),
        "time": now.strftime("%Y-%m-%d %H:%M"),
        "url": notification.url,
    }


def _limit(name: str, longest: Mapping[str, int]) -> int:
    return longest.get(name.rstrip("0123456789"), longest[""])
