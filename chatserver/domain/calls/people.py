"""People: their presence and that of shops, devices, tokens and profiles."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from chatserver.domain.calls.base import Call
from chatserver.domain.person import DeviceId, ShopId, UserId
from chatserver.domain.profile import (
    ATTRIBUTES_MAX,
    CHILDREN_MAX,
    AttributeKey,
    AttributeValue,
    ChildKey,
    ConsentVersion,
    Note,
    Purpose,
)
from chatserver.domain.push.notification import Address


class WatchPresence(Call, frozen=True, kw_only=True):
    """Be told when these people come and go; people I share no conversation with are left out."""

    name = "presence.watch"
    ack = "presence"

    users: Annotated[tuple[UserId, ...], Meta(max_length=200)]


class UnwatchPresence(Call, frozen=True, kw_only=True):
    """No longer be told about these people."""

    name = "presence.unwatch"
    ack = ""

    users: Annotated[tuple[UserId, ...], Meta(max_length=200)]


class GetShopStatus(Call, frozen=True, kw_only=True):
    """Whether a consultant or manager of a shop is online, and how soon customers get an answer.

    `answers_in_ms` is in whole minutes, the middle one of the latest answers of two weeks; null
    while there are too few. A shop that nobody knows is one where nobody is.
    """

    name = "shop.status"
    ack = "online, answers_in_ms"

    shop: ShopId


class UpdateDevice(Call, frozen=True, kw_only=True, rename={"device_name": "name"}):
    """Tell about this device: whether the app is in the foreground, its name, where notifications
    for it go, with `push: null` nowhere.

    After connecting it counts as in the foreground until it says otherwise. Tell the address at
    every start of the app and whenever its provider gave it another one: it belongs to the device
    that told it last, of whatever person, and one that the provider calls dead is forgotten. After
    a log-out nothing goes there.
    """

    name = "device.update"
    ack = ""

    foreground: bool | UnsetType = UNSET
    device_name: Annotated[str, Meta(max_length=100)] | UnsetType = UNSET
    push: Address | UnsetType | None = UNSET


class ListDevices(Call, frozen=True, kw_only=True):
    """My devices."""

    name = "device.list"
    ack = "devices"


class LogoutDevice(Call, frozen=True, kw_only=True):
    """Log out one of my devices, this one without `device`, or with `all` every one of them:
    its tokens are revoked and its connections end within two seconds."""

    name = "device.logout"
    ack = ""

    device: DeviceId | None = None
    all: bool = False


class RenewToken(Call, frozen=True, kw_only=True):
    """Go on with a new token of the same person, without reconnecting."""

    name = "auth.renew"
    ack = "exp"

    token: Annotated[str, Meta(max_length=4096)]


class GetProfile(Call, frozen=True, kw_only=True):
    """My profile, or as staff that of a customer of my shop: children by their age only."""

    name = "profile.get"
    ack = "profile"

    user: UserId | None = None


class UpdateProfile(Call, frozen=True, kw_only=True):
    """Set attributes and children's birth dates by key, or with null take them away; what is left
    out stays. Staff may do so for a customer of their shop.

    Keys are yours to choose: of an attribute a small letter, then small letters, digits or `_`, 32
    at most; of a child small letters or digits, 16 at most. A profile holds up to 20 attributes
    and, only after `consent.give`, 5 children."""

    name = "profile.update"
    ack = "profile"

    user: UserId | None = None
    attributes: Annotated[
        dict[AttributeKey, AttributeValue | None], Meta(max_length=ATTRIBUTES_MAX)
    ] = field(default_factory=dict)
    children: Annotated[dict[ChildKey, date | None], Meta(max_length=CHILDREN_MAX)] = field(
        default_factory=dict
    )


class GiveConsent(Call, frozen=True, kw_only=True):
    """Record that I agreed to the text of this version, shown to me apart from everything else.

    Staff may do so on behalf of a customer of their shop, and say in `note` how they know."""

    name = "consent.give"
    ack = "profile"

    purpose: Purpose
    version: ConsentVersion
    user: UserId | None = None
    note: Note | None = None


class WithdrawConsent(Call, frozen=True, kw_only=True):
    """Take my consent back: what was kept under it is deleted. Staff may as with `consent.give`."""

    name = "consent.withdraw"
    ack = "profile"

    purpose: Purpose
    user: UserId | None = None
    note: Note | None = None
