"""People arriving with their devices, and logging devices out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec import UNSET

from chatserver.config import Settings
from chatserver.domain.calls import LogoutDevice, UpdateDevice
from chatserver.domain.device import Cut, Device, superseded
from chatserver.domain.person import Caller, DeviceInfo, Identity, Person
from chatserver.domain.revocation import Revocation
from chatserver.errors import Forbidden, NotFound
from chatserver.services.auth import Auth
from chatserver.services.delivery import Delivery
from chatserver.store.devices import DeviceRecords, Token
from chatserver.store.users import Users

LOGGED_OUT = "logged_out"
DEVICE_LIMIT = "device_limit"


class Devices:
    """Which devices a person has, and which of them may stay."""

    def __init__(
        self,
        users: Users,
        records: DeviceRecords,
        auth: Auth,
        delivery: Delivery,
        settings: Settings,
    ) -> None:
        self._users = users
        self._records = records
        self._auth = auth
        self._delivery = delivery
        self._limit = settings.devices_per_platform

    async def arrive(
        self, identity: Identity, info: DeviceInfo, connection: str, now: int
    ) -> Person:
        """Record who connected with which device; earlier connections of that device end.

        The newest device of a platform takes over from the oldest beyond the limit.

        Raises:
            Unavailable: not recorded in time.
        """
        # one after the other: both go with many others' anyway, and a task each would cost more
        person = await self._users.ensure(identity, now)
        is_new = await self._records.connected(identity, info, now)
        self._delivery.cut(Cut(user=identity.user, device=info.id, spare=connection))
        if is_new:
            await self._keep_limit(identity.user, info)
        return person

    async def renewed(self, caller: Caller, identity: Identity, now: int) -> Person:
        """Go on with a new token of the same person.

        Raises:
            Forbidden: it is somebody else's.
            Unavailable: not recorded in time.
        """
        if identity.user != caller.user:
            raise Forbidden("This token belongs to somebody else")
        person, _ = await asyncio.gather(
            self._users.ensure(identity, now), self._records.renewed(identity, caller.device, now)
        )
        return person

    async def list(self, caller: Caller) -> list[Device]:
        """The caller's devices, the one that connected last first.

        Raises:
            Unavailable: no answer in time.
        """
        return await self._records.of_user(caller.user)

    async def update(self, caller: Caller, call: UpdateDevice) -> None:
        """Change what is known of the caller's device.

        Raises:
            NotFound: it has been logged out meanwhile.
            Unavailable: not confirmed in time.
        """
        known = await self._records.describe(
            caller.user,
            caller.device,
            foreground=None if call.foreground is UNSET else call.foreground,
            name=None if call.device_name is UNSET else call.device_name,
        )
        if not known:
            raise NotFound

    async def logout(self, caller: Caller, call: LogoutDevice, now: int) -> None:
        """Log out one of the caller's devices, or all of them: tokens, records, connections.

        A token that several devices share ends on all of them.

        Raises:
            NotFound: the caller has no such device.
            Unavailable: not confirmed in time; doing it again is harmless.
        """
        if call.all:
            await self._auth.revoke_person(caller.user, now, LOGGED_OUT)
            await self._records.remove_all(caller.user)
        else:
            await self._logout_one(caller.user, call.device or caller.device)

    async def _logout_one(self, user: str, device: str) -> None:
        known = await self._records.tokens(user, device)
        if known is None:
            raise NotFound
        await self._revoke(user, known)  # before the record goes: only it knows the tokens
        late = [token for token in await self._records.remove(user, device) if token not in known]
        await self._revoke(user, late)
        self._delivery.cut(Cut(user=user, device=device, reason=LOGGED_OUT))

    async def _revoke(self, user: str, tokens: Iterable[Token]) -> None:
        await self._auth.revoke(
            [
                Revocation(user=user, token_id=token.id, until=token.until, reason=LOGGED_OUT)
                for token in tokens
            ]
        )

    async def _keep_limit(self, user: str, info: DeviceInfo) -> None:
        devices = await self._records.of_user(user)
        for device in superseded(devices, info.platform, self._limit):
            await self._records.remove(user, device.id)
            self._delivery.cut(Cut(user=user, device=device.id, reason=DEVICE_LIMIT))
