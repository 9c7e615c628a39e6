"""Notifications: how I want them, and that I tapped one."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chatserver.domain.calls.base import Call, Time
from chatserver.domain.message import ConversationId
from chatserver.domain.push.notification import Preview
from chatserver.domain.push.prefs import Channels, DesktopMode, Phone, QuietHours


class GetPush(Call, frozen=True, kw_only=True):
    """How I am notified, and by what this server can do so. `web_key` is there where browsers can
    be reached: the key (VAPID) with which a page subscribes."""

    name = "push.get"
    ack = "prefs, providers, web_key?"


class SetPush(Call, frozen=True, kw_only=True):
    """Change how I am notified, on all my devices; what is left out stays, null takes it away."""

    name = "push.set"
    ack = "prefs, providers, web_key?"

    preview: Preview | UnsetType = UNSET
    quiet: QuietHours | UnsetType | None = UNSET
    paused_until: Time | UnsetType | None = UNSET
    desktop: DesktopMode | UnsetType = UNSET
    channels: Channels | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET


class PushOpened(Call, frozen=True, kw_only=True):
    """I tapped the notification with this id."""

    name = "push.opened"
    ack = ""

    conversation: ConversationId
    id: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+\Z")]
