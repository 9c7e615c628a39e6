"""Calls about devices, and about notifications for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import UNSET
from msgspec.structs import asdict

from chatserver.clock import now_ms
from chatserver.domain import calls
from chatserver.gateway.content_handlers import Answer
from chatserver.gateway.hub import Connection, Hub
from chatserver.services.push import PushView
from chatserver.services.services import Services


class DeviceHandlers:
    """One method for each of these calls."""

    def __init__(self, services: Services, hub: Hub) -> None:
        self._services = services
        self._hub = hub
        self.table: dict[type[calls.Call], Callable[..., Awaitable[Answer]]] = {
            calls.UpdateDevice: self._update_device,
            calls.ListDevices: self._list_devices,
            calls.LogoutDevice: self._logout_device,
            calls.GetPush: self._get_push,
            calls.SetPush: self._set_push,
            calls.PushOpened: self._push_opened,
        }

    async def _update_device(self, to: Connection, call: calls.UpdateDevice) -> Answer:
        if call.push is not UNSET:
            await self._services.push.register(to.caller, call.push, now_ms())
        await self._services.devices.update(to.caller, call)
        if call.foreground is not UNSET and not to.closed:
            to.foreground = call.foreground
            self._services.presence.came(to.caller.user, self._hub.front(to.caller.user))
        return {}

    async def _list_devices(self, to: Connection, _call: calls.ListDevices) -> Answer:
        return {"devices": await self._services.devices.list(to.caller)}

    async def _logout_device(self, to: Connection, call: calls.LogoutDevice) -> Answer:
        await self._services.devices.logout(to.caller, call, now_ms())
        return {}

    async def _get_push(self, to: Connection, _call: calls.GetPush) -> Answer:
        return _in_wire_form(await self._services.push.get(to.caller))

    async def _set_push(self, to: Connection, call: calls.SetPush) -> Answer:
        return _in_wire_form(await self._services.push.set(to.caller, call, now_ms()))

    async def _push_opened(self, to: Connection, call: calls.PushOpened) -> Answer:
        await self._services.push.opened(to.caller, call, now_ms())
        return {}


def _in_wire_form(view: PushView) -> Answer:
    """The key is left out where there is none."""
    return {name: value for name, value in asdict(view).items() if value is not None}
