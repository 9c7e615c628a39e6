"""Notifications: where they go, and how a person wants them."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chatclient.asking import NULL, Asking
from chatclient.model import plain


class WebKeys(Struct, frozen=True, kw_only=True):
    """A browser's keys, as its subscription names them."""

    p256dh: str
    auth: str


class Address(Struct, frozen=True, kw_only=True):
    """Where notifications for this device go: what `provider` gave the app.

    `app` chooses among several apps of one provider, `language` (`zh` or `en`) is that of the
    server's own words.
    """

    provider: str
    token: str
    app: str = ""
    keys: WebKeys | None = None
    language: str = "zh"


class QuietHours(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """From when to when, as `22:00`, by the clock of a zone as `Asia/Shanghai`."""

    from_: str
    to: str
    zone: str


class Channels(Struct, frozen=True, kw_only=True):
    """By what I may be notified."""

    push: bool = True
    wechat: bool = True
    sms: bool = True


class PushPrefs(Struct, frozen=True, kw_only=True):
    """How I am notified; of the phone number the middle is hidden."""

    preview: str = "full"
    quiet: QuietHours | None = None
    paused_until: int | None = None
    desktop: str = "hold"
    channels: Channels = Channels()
    phone: str | None = None


class PushSettings(Struct, frozen=True, kw_only=True):
    """How I am notified, by what the server can do so, and its key for browsers."""

    prefs: PushPrefs
    providers: tuple[str, ...] = ()
    web_key: str | None = None


class PushCalls(Asking):
    """Notifications for this device and person."""

    async def set_push(self, address: Address | None) -> None:
        """Have notifications for this device go there, or nowhere; to be told at every start."""
        push = NULL if address is None else plain(address)
        await self.call("device.update", push=push)

    async def push_prefs(self) -> PushSettings:
        """How I am notified."""
        return await self.ask(PushSettings, "push.get")

    async def set_push_prefs(self, **changed: Any) -> PushSettings:
        """Change fields of `PushPrefs`; what is left out stays, and None takes `quiet`,
        `paused_until` or `phone` away."""
        fields = {name: NULL if value is None else plain(value) for name, value in changed.items()}
        return await self.ask(PushSettings, "push.set", **fields)

    async def push_opened(self, conversation: str, id_: str) -> None:
        """I tapped the notification with this id."""
        await self.call("push.opened", conversation=conversation, id=id_)
