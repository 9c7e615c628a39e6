"""A person's devices, and cutting connections off."""

from __future__ import annotations

from msgspec import Struct

from chatserver.domain.person import Platform
from chatserver.domain.push.notification import Address


class Device(Struct, frozen=True, kw_only=True):
    """A device as its owner sees it. Times are milliseconds since 1970 UTC."""

    id: str
    platform: Platform
    name: str
    created_at: int
    connected_at: int
    foreground: bool = True


class Addressed(Struct, frozen=True):
    """A device that notifications can go to."""

    device: str
    platform: Platform
    address: Address


class Cut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which connections of a person are to end, on every node.

    A connection is meant when all fields that are given fit it; `spare` is the one connection
    that stays in any case. With a `reason` the device is told that it was logged out and must not
    come back by itself; without one the connection ends silently.
    """

    user: str
    device: str | None = None
    token_id: str | None = None
    issued_by: int | None = None  # tokens issued at or before this time
    spare: str | None = None
    reason: str | None = None

    def means(self, *, connection: str, device: str, token_id: str, issued_at: int) -> bool:
        """Whether this connection is to end."""
        return (
            connection != self.spare
            and self.device in (None, device)
            and self.token_id in (None, token_id)
            and (self.issued_by is None or issued_at <= self.issued_by)
        )


def superseded(devices: list[Device], platform: Platform, limit: int) -> list[Device]:
    """The devices of a platform beyond the limit: those that connected longest ago."""
    same = sorted(
        (device for device in devices if device.platform == platform),
        key=lambda device: device.connected_at,
        reverse=True,
    )
    return same[limit:]
