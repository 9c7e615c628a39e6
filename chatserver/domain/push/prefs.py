"""When and how a person wants to be notified."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from chatserver.domain.push.notification import Preview
from chatserver.errors import Invalid

DesktopMode = Literal["hold", "also"]
"""What handhelds get while an app is open at a desk: a notification only where the message is not
read soon, or at once as well."""
TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
Phone = Annotated[str, Meta(min_length=8, max_length=16, pattern=r"^\+[1-9][0-9]{6,14}\Z")]
"""A number of E.164, with its country."""

_HIDDEN_MIN = 4  # digits of a number that are never shown


class QuietHours(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """From when to when, by the clock of a time zone, no notification comes; past midnight where
    `from` is later than `to`. `zone` is a name of the IANA database, as `Asia/Shanghai`."""

    from_: TimeOfDay
    to: TimeOfDay
    zone: Annotated[str, Meta(min_length=1, max_length=64)]


class Channels(Struct, frozen=True, kw_only=True):
    """By what I may be notified; of those the server uses what it can."""

    push: bool
    wechat: bool
    sms: bool


class PushPrefs(Struct, frozen=True, kw_only=True):
    """How I am notified. `preview` is what a locked screen may show; until `paused_until` (a time)
    nothing comes; `desktop` says what handhelds get while an app is open at a desk: with `hold`
    what is still unread after a minute, with `also` everything at once. `phone` has its middle
    hidden."""

    preview: Preview
    quiet: QuietHours | None
    paused_until: int | None
    desktop: DesktopMode
    channels: Channels
    phone: str | None


class Quiet(Struct, frozen=True):
    """Quiet hours for whoever counts: minutes since midnight in a zone; past midnight where
    `from_minute` is above `to_minute`."""

    from_minute: int
    to_minute: int
    zone: str


class Prefs(Struct, frozen=True, kw_only=True):
    """What decides whether and how a person is notified; `paused_until` in ms since 1970 UTC."""

    preview: Preview = "full"
    quiet: Quiet | None = None
    paused_until: int | None = None
    desktop: DesktopMode = "hold"
    channels: Channels = Channels(push=True, wechat=True, sms=True)


DEFAULTS = Prefs()
"""Those of a person who never said anything."""


def quiet_of(hours: QuietHours) -> Quiet:
    """Quiet hours as minutes.

    Raises:
        Invalid: there is no such zone, or they begin when they end.
    """
    if not _is_zone(hours.zone):
        raise Invalid("There is no such time zone", path="quiet.zone")
    if hours.from_ == hours.to:
        raise Invalid("Quiet hours end at another time than they begin", path="quiet.to")
    return Quiet(_minute(hours.from_), _minute(hours.to), hours.zone)


def shown(prefs: Prefs, phone: str | None) -> PushPrefs:
    """What a person sees of it; `phone` is their number in the clear."""
    quiet = prefs.quiet
    return PushPrefs(
        preview=prefs.preview,
        quiet=None if quiet is None else _hours(quiet),
        paused_until=prefs.paused_until,
        desktop=prefs.desktop,
        channels=prefs.channels,
        phone=None if phone is None else masked(phone),
    )


def masked(phone: str) -> str:
    """A number as its owner recognises it: the country and a little more, and the last digits."""
    tail = 4 if len(phone) > 11 else 2  # of a short number that would be too much
    head = min(6, len(phone) - tail - _HIDDEN_MIN)
    return phone[:head] + "*" * (len(phone) - head - tail) + phone[-tail:]


@lru_cache(maxsize=1000)  # clients name them
def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a path, a folder, nothing
        return False
    return True


def _is_zone(name: str) -> bool:
    return name.isascii() and _known_zone(name)


def _hours(quiet: Quiet) -> QuietHours:
    return QuietHours(from_=_time(quiet.from_minute), to=_time(quiet.to_minute), zone=quiet.zone)


def _minute(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
