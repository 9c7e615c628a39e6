"""All providers that the operator set up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from chatserver.config import Settings
from chatserver.domain.push.ladder import Ladder
from chatserver.domain.push.notification import (
    PROVIDERS,
    Address,
    Notification,
    Outcome,
    ProviderKind,
)
from chatserver.providers.push.base import Provider
from chatserver.providers.push.config import PushFile, read
from chatserver.providers.push.making import make

DRY = Outcome(state="sent", reason="dry_run")
UNKNOWN = Outcome(state="refused", reason="no_provider")


class Providers:
    """Sends each notification by the provider of its address."""

    def __init__(
        self,
        providers: Mapping[tuple[ProviderKind, str], Provider],
        ladder: Ladder | None = None,
        dry: frozenset[tuple[ProviderKind, str]] = frozenset(),
    ) -> None:
        """`providers` by kind and app; those in `dry` send nothing."""
        self._providers = dict(providers)
        self._dry = dry
        self.ladder = ladder or Ladder()

    @classmethod
    def open(cls, settings: Settings) -> Providers | None:
        """Those of the push file; None where no setting names one.

        Raises:
            SettingsError: the file, or a secret it names, cannot be used; the message says where.
        """
        return cls.of(read(settings.push_file)) if settings.push_file else None

    @classmethod
    def of(cls, file: PushFile) -> Providers:
        """Those of a push file that was read.

        Raises:
            SettingsError: a secret cannot be used.
        """
        made = {(config.kind, config.app): make(config) for config in file.provider}
        dry = {(each.kind, each.app) for each in file.provider if file.dry_run or each.dry_run}
        return cls(made, file.ladder, frozenset(dry))

    @property
    def kinds(self) -> tuple[ProviderKind, ...]:
        """The kinds of addresses that something is sent to."""
        known = {kind for kind, _app in self._providers}
        return tuple(kind for kind in PROVIDERS if kind in known)

    async def send(self, address: Address, notification: Notification) -> Outcome:
        """Hand over a notification; whatever the vendor or the network does is an outcome."""
        key = (address.provider, address.app)
        provider = self._providers.get(key)
        if provider is None:
            return UNKNOWN
        return DRY if key in self._dry else await provider.send(address, notification)

    async def close(self) -> None:
        """Let go of all connections."""
        await asyncio.gather(*(each.close() for each in self._providers.values()))
