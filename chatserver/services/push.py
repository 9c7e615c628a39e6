"""How people are notified: where, when, and by what."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct

from chatserver.domain.calls import PushOpened, SetPush
from chatserver.domain.person import Caller
from chatserver.domain.push.address import check_address
from chatserver.domain.push.notification import Address, ProviderKind
from chatserver.domain.push.prefs import PushPrefs, quiet_of, shown
from chatserver.errors import NotFound
from chatserver.services.access import Access
from chatserver.services.limits import Limits
from chatserver.store.push_prefs import Kept
from chatserver.store.stores import Stores


class Reach(Struct, frozen=True):
    """By what this server can notify people; `web_key` is the public key of Web Push."""

    kinds: tuple[ProviderKind, ...] = ()
    web_key: str | None = None
    allow_private: bool = False


class PushView(Struct, frozen=True, kw_only=True):
    """What a person sees of it."""

    prefs: PushPrefs
    providers: tuple[ProviderKind, ...]
    web_key: str | None


class Push:
    """What people say of their notifications; each of their own alone."""

    def __init__(self, stores: Stores, access: Access, limits: Limits, reach: Reach) -> None:
        self._devices = stores.devices
        self._prefs = stores.push_prefs
        self._pushes = stores.pushes
        self._access = access
        self._limits = limits
        self._reach = reach

    async def register(self, caller: Caller, address: Address | None, now_ms: int) -> None:
        """Notifications for the caller's device go to this address from now on, or nowhere.

        A device that tells again what is known costs one look-up.

        Raises:
            Invalid: it is no address of its provider's.
            NotFound: the device has been logged out meanwhile.
            RateLimited: too many changes; so does `set`.
            Unavailable: not confirmed in time; so do the others.
        """
        if address is not None:
            check_address(address, allow_private=self._reach.allow_private)
        user, device = caller.user, caller.device
        if await self._devices.address(user, device) == address:
            return
        self._limits.profile_change(user, now_ms)
        if not await self._devices.set_address(user, device, address):
            raise NotFound

    async def get(self, caller: Caller) -> PushView:
        """How the caller is notified.

        Raises:
            Unsupported: this server lacks the key for the caller's number.
        """
        return self._view(await self._prefs.get(caller.user))

    async def set(self, caller: Caller, call: SetPush, now_ms: int) -> PushView:
        """Change how the caller is notified.

        Raises:
            Invalid: with the path of the bad field.
            Unsupported: numbers cannot be kept here.
        """
        changed = _changed(call)
        self._limits.profile_change(caller.user, now_ms)
        return self._view(await self._prefs.change(caller.user, changed, call.phone))

    async def opened(self, caller: Caller, call: PushOpened, now_ms: int) -> None:
        """The caller tapped a notification of this conversation; of one that nobody remembers
        nothing is noted.

        Raises:
            NotFound: the conversation is not the caller's.
        """
        await self._access.of(caller.user, call.conversation)
        await self._pushes.opened(caller.user, call.conversation, call.id, now_ms)

    def _view(self, kept: Kept) -> PushView:
        return PushView(
            prefs=shown(kept.prefs, kept.phone),
            providers=self._reach.kinds,
            web_key=self._reach.web_key,
        )


def _changed(call: SetPush) -> dict[str, Any]:
    given = {
        "preview": call.preview,
        "quiet": quiet_of(call.quiet) if call.quiet else call.quiet,
        "paused_until": call.paused_until,
        "desktop": call.desktop,
        "channels": call.channels,
    }
    return {name: value for name, value in given.items() if value is not UNSET}
