"""Deletes what nothing refers to: media that were never sent, or whose messages were all recalled,
and uploads whose time is over.

Every step can be done twice and by two nodes at once, and after a kill at any point it is done
again: blobs go first, and last what says that they are there. A medium goes in this order: nobody
may refer to it any more (`take`, which fails if somebody began to within a day), then nothing does.
"""

from __future__ import annotations

import secrets

from chatserver import metrics
from chatserver.config import Settings
from chatserver.domain.media import SIZES
from chatserver.providers.blobs import Blobs
from chatserver.services.media.uploads import blob_key
from chatserver.store.stores import Stores

AT_ONCE = 100
LOOK_AGAIN = 30  # times as late as an orphan goes: a recall says when to look, unless a node died
WORK = "media sweep"
LEASE_MS = 60_000


class Sweeping:
    """One sweep after the other."""

    def __init__(self, stores: Stores, blobs: Blobs, settings: Settings) -> None:
        self._uploads = stores.uploads
        self._media = stores.media
        self._messages = stores.messages
        self._reports = stores.reports
        self._leases = stores.leases
        self._blobs = blobs
        self._holder = secrets.token_hex(8)
        self._orphan_ms = settings.media_orphan_ms
        self._lease_ms = LEASE_MS + settings.media_sweep_ms

    async def sweep(self, now: int) -> bool:
        """Delete some of what may go, unless another node does so; whether there may be more.

        Raises:
            Unavailable: a database does not answer; the rest goes another time.
        """
        if not await self._leases.take(WORK, self._holder, now, now + self._lease_ms):
            return False
        media = await self._media.due(now, AT_ONCE)
        for id_ in media:
            await self._look_after(id_, now)
        expired = await self._uploads.expired(now, AT_ONCE)
        for id_, attempts in expired:
            await self._forget(id_, attempts)
        return len(media) == AT_ONCE or len(expired) == AT_ONCE

    async def _look_after(self, id_: str, now: int) -> None:
        again = now + LOOK_AGAIN * self._orphan_ms
        if await self._is_referred_to(id_):
            await self._media.use_on(id_, again)
            return
        if not await self._media.take(id_, now):
            return
        if await self._is_referred_to(id_):  # somebody referred to it in between
            await self._media.give_back(id_, again)
            return
        await self._delete_blobs(id_)
        await self._media.remove(id_)
        metrics.media_swept.labels(what="media").inc()

    async def _is_referred_to(self, media: str) -> bool:
        """By a message, or by what was reported, which moderators see also once it is recalled."""
        return await self._messages.refer_to(media) or await self._reports.refer_to(media)

    async def _forget(self, upload: str, attempts: tuple[str, ...]) -> None:
        for id_ in attempts:
            if not await self._media.known(id_):
                await self._delete_blobs(id_)
        await self._uploads.remove(upload)
        metrics.media_swept.labels(what="upload").inc()

    async def _delete_blobs(self, media: str) -> None:
        for size in SIZES:
            await self._blobs.delete(blob_key(media, size))
