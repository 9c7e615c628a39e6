"""Notifications for people who do not look: where they go, what they say, what comes of them."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

ProviderKind = Literal[
    "fcm", "apns", "web", "huawei", "honor", "xiaomi", "oppo", "vivo", "jpush", "wechat", "sms",
    "webhook",
]  # fmt: skip
"""Who carries a notification to its device."""

MessageClass = Literal["chat", "service", "critical", "marketing"]
"""How much a message matters: what people say; what a shop has to tell about an order or a booking;
what must be known at once; what sells."""

Language = Literal["zh", "en"]
Preview = Literal["full", "name", "none"]
"""What a locked screen may show: name and words, the name alone, or that there is something."""

PROVIDERS: tuple[ProviderKind, ...] = get_args(ProviderKind)
TOKEN_MAX = 4096


class WebKeys(Struct, frozen=True, kw_only=True):
    """A browser's keys of RFC 8291, as `PushSubscription.toJSON()` gives them."""

    p256dh: Annotated[str, Meta(max_length=128, pattern=r"^[A-Za-z0-9_-]+=*\Z")]
    auth: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]+=*\Z")]


class Address(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where notifications for one installation of an app go.

    `token` is what the provider gave the app: a registration token, a device token, an open id,
    for `web` the endpoint, for `sms` the phone number. `app` chooses among several apps of one
    provider, as the operator named them.
    """

    provider: ProviderKind
    token: Annotated[str, Meta(min_length=1, max_length=TOKEN_MAX)]
    app: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9._-]*\Z")] = ""
    keys: WebKeys | None = None
    language: Language = "zh"


class Notification(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is shown of a conversation; the next one of the same conversation takes its place.

    `shows` false: nothing is shown; what is shown of the conversation goes away, for it was read
    elsewhere, and only the badge is set. `seq` is the last message it speaks of. `expires_at`
    (ms since 1970 UTC) is when it is of no use any more. `url` is where a tap leads, a path of the
    web client with the conversation's id in it.
    """

    id: str
    conversation: str
    seq: int
    badge: int
    expires_at: int
    url: str
    shows: bool = True
    title: str = ""
    text: str = ""
    sounds: bool = True
    urgent: bool = False
    kind: MessageClass = "chat"
    language: Language = "zh"


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a provider made of a notification.

    `sent`: it took it. `dead`: the address is none any more. `refused`: it will not take this one,
    and asking again does not help. `later`: not now; ask again after `retry_after_ms` where given.
    `reason` is the provider's own word, `receipt` the id it gave the notification.
    """

    state: Literal["sent", "dead", "refused", "later"]
    reason: str = ""
    receipt: str = ""
    retry_after_ms: int | None = None
