"""Letting a client in: its origin, its token, its device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chatserver.clock import now_ms
from chatserver.config import Settings
from chatserver.domain.events import Ready
from chatserver.domain.person import Caller, DeviceInfo, Identity, Person
from chatserver.errors import OriginRefused, Unauthorized
from chatserver.gateway.address import Addresses
from chatserver.gateway.engine.request import Request
from chatserver.services.services import Services


class ConnectAuth(msgspec.Struct, frozen=True):
    """What a client sends with CONNECT."""

    token: str
    device: DeviceInfo


class Claim(msgspec.Struct, frozen=True):
    """Who a client is, proved by its token, and the device it names."""

    identity: Identity
    device: DeviceInfo


class Guest(msgspec.Struct, frozen=True):
    """Who may come in; their seats were looked up after `moment` of the hub."""

    caller: Caller
    identity: Identity
    person: Person
    device: DeviceInfo
    seats: Mapping[str, int]
    moment: int = 0


_OF_MEDIA = (
    "media_image_bytes", "media_image_pixels", "media_voice_bytes", "media_voice_ms",
    "media_video_bytes", "media_video_ms", "media_file_bytes",
)  # fmt: skip


class Entrance:
    """Decides who comes in, and says what they find."""

    def __init__(self, settings: Settings, services: Services, addresses: Addresses) -> None:
        self._services = services
        self._addresses = addresses
        self._limits = {
            "text_bytes": settings.text_bytes,
            "card_bytes": settings.card_bytes,
            "picture_hosts": len(settings.picture_hosts),
            "link_previews": int(settings.link_previews),
            "frame_bytes": settings.frame_bytes,
            "page_default": settings.page_default,
            "page_max": settings.page_max,
            "sends_per_s": settings.sends_per_s,
            "edit_window_ms": settings.edit_window_ms,
            "card_edit_window_ms": settings.card_edit_window_ms,
            "recall_window_ms": settings.recall_window_ms,
            **{name: getattr(settings, name) for name in _OF_MEDIA},
        }

    async def identify(self, request: Request, auth: Any) -> Claim:
        """Who asks to come in; from memory alone.

        Raises:
            OriginRefused, Unauthorized, TokenExpired: it may not.
        """
        origin = request.header("origin")
        if origin is not None and not self._addresses.origin_allowed(
            origin, request.header("host")
        ):
            raise OriginRefused
        given = _read(auth)
        identity = await self._services.auth.authenticate(given.token, now_ms())
        return Claim(identity, given.device)

    async def receive(self, connection: str, claim: Claim) -> Guest:
        """Take somebody in as `connection`.

        Raises:
            Unavailable: not now.
        """
        identity, device = claim.identity, claim.device
        seats = self._services.seats.of(identity.user)  # looked up meanwhile
        person = await self._services.devices.arrive(identity, device, connection, now_ms())
        caller = Caller(
            user=identity.user,
            role=identity.role,
            shop=identity.shop,
            device=device.id,
            connection=connection,
        )
        return Guest(caller, identity, person, device, dict(await seats))

    def ready(self, guest: Guest) -> Ready:
        """What a client is told first."""
        return Ready(
            me=guest.person, device=guest.caller.device, time=now_ms(), limits=self._limits
        )


def _read(auth: Any) -> ConnectAuth:
    try:
        return msgspec.convert(auth, ConnectAuth)
    except msgspec.ValidationError as error:
        raise Unauthorized(f"auth must be {{token, device}}: {error}") from None
