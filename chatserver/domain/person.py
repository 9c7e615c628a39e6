"""People, the devices they use, and who is calling."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Role = Literal["customer", "consultant", "manager", "admin", "bot"]
Platform = Literal["web", "ios", "android", "mini", "desktop", "bot"]
PresenceState = Literal["online", "away", "offline"]
"""Away is who has devices connected, and all of them in the background."""
Here = Literal["handheld", "desktop", "away"]
"""Where somebody who is connected has an app in the foreground: in the hand; at a desk alone, which
is also where a browser counts; nowhere."""
Front = Literal["handheld", "desktop", "away", "offline"]
UserId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x20\x7f]+\Z")]
ShopId = Annotated[str, Meta(min_length=1, max_length=128)]
DeviceId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x20\x7f]+\Z")]

STAFF: frozenset[Role] = frozenset({"consultant", "manager", "admin"})
HANDHELD: frozenset[Platform] = frozenset({"ios", "android", "mini"})
SERVING: frozenset[Role] = frozenset({"consultant", "manager"})  # customers of their shop


class Identity(Struct, frozen=True, kw_only=True):
    """What a verified token says. `issued_at` and `expires_at` are milliseconds since 1970 UTC."""

    user: str
    role: Role
    token_id: str
    issued_at: int
    expires_at: int
    name: str | None = None
    shop: str | None = None


class DeviceInfo(Struct, frozen=True):
    """What a device says of itself when it connects."""

    id: DeviceId
    platform: Platform
    name: Annotated[str, Meta(max_length=100)] = ""


class Caller(Struct, frozen=True, kw_only=True):
    """Who makes a call, from which device, through which connection of this node."""

    user: str
    role: Role
    device: str
    connection: str
    shop: str | None = None

    @property
    def is_staff(self) -> bool:
        """Whether this person works for the shop."""
        return self.role in STAFF


SERVER = Caller(user="", role="bot", device="", connection="")
"""Who does what nobody asked for."""


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person as others see them."""

    user: str
    name: str
    role: Role
    shop: str | None = None
