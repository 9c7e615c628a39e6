"""Uploads: begun, continued through any node, and made into media when all bytes are there.

The last bytes of an upload are kept by nobody until the medium is: they wait on this node's disk
while it is looked into. So an upload is never whole and yet nothing, whoever dies when; at worst
its device sends the end of it again.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from chatserver import metrics
from chatserver.config import Settings
from chatserver.domain.media import Claims, Media, MediaKind, Upload
from chatserver.errors import (
    Busy,
    Invalid,
    Locked,
    RateLimited,
    TooLarge,
    Unreadable,
    WrongType,
)
from chatserver.providers.blobs import Blobs
from chatserver.providers.media.jobs import Found, Job
from chatserver.providers.media.spool import Spool, parts_of
from chatserver.providers.media.workshop import Workshop
from chatserver.services.limits import Limits
from chatserver.services.media.taking import Body, Checksum, Taking
from chatserver.store.stores import Stores

UPLOADS_AT_ONCE = 6  # of one person, through this node; browsers open no more connections
RETRY_MS = 1000


class Asked(Struct, frozen=True, kw_only=True):
    """What somebody wants to upload; `length` in bytes."""

    kind: MediaKind
    length: int
    name: str | None = None
    claims: Claims = Claims()


class Keepers(Struct, frozen=True):
    """What looks into uploads, and what keeps what comes of them."""

    workshop: Workshop
    blobs: Blobs


class Uploads:
    """What people may upload, and how it becomes media."""

    def __init__(
        self, stores: Stores, keepers: Keepers, limits: Limits, settings: Settings
    ) -> None:
        self._uploads = stores.uploads
        self._media = stores.media
        self._blobs = keepers.blobs
        self._workshop = keepers.workshop
        self._limits = limits
        self._settings = settings
        self._receiving: dict[str, Body | None] = {}
        self._people: Counter[str] = Counter()

    @property
    def receiving(self) -> int:
        """How many uploads this node receives now."""
        return len(self._receiving)

    @property
    def length_max(self) -> int:
        """The largest upload of any kind, in bytes."""
        return max(self._bytes_max(kind) for kind in ("image", "voice", "video", "file"))

    async def begin(self, user: str, asked: Asked, now: int) -> Upload:
        """A new upload of somebody.

        Raises:
            Invalid: it is empty.
            TooLarge: more than may be uploaded of this kind.
            RateLimited: too fast, or too much is begun and not finished.
            Unavailable: MongoDB does not answer.
        """
        if asked.length < 1:
            raise Invalid("There is nothing to upload", path="Upload-Length")
        if asked.length > self._bytes_max(asked.kind):
            raise TooLarge(f"At most {self._bytes_max(asked.kind)} bytes are accepted of this kind")
        self._limits.upload(user, now)
        await self._check_unfinished(user, asked.length, now)
        upload = Upload(
            id=secrets.token_urlsafe(16),
            owner=user,
            kind=asked.kind,
            length=asked.length,
            expires_at=now + self._settings.media_upload_expires_ms,
            name=asked.name,
            claims=asked.claims,
        )
        await self._uploads.begin(upload)
        return upload

    async def get(self, user: str, id_: str, now: int) -> Upload:
        """An upload of one's own, as it is now.

        Raises:
            NotFound: there is none.
        """
        return await self._uploads.get(id_, user, now)

    async def medium(self, upload: Upload) -> Media | None:
        """What became of an upload; None as long as it is not finished.

        Raises:
            NotFound: it was deleted since, as no message referred to it.
        """
        return None if upload.media is None else await self._media.get(upload.media)

    async def end(self, user: str, id_: str, now: int) -> None:
        """Give an upload up; what became of a finished one stays.

        Raises:
            NotFound: there is none.
        """
        upload = await self._uploads.get(id_, user, now)
        if upload.media is not None:
            await self._uploads.remove(id_)
            return
        with self._alone(upload):
            await self._uploads.remove(id_)

    async def receive(
        self, upload: Upload, body: Body, checksum: Checksum | None, now: int
    ) -> Upload:
        """Take what comes, from the upload's offset on; the upload after it.

        When `body` raises, what came before is kept, but for a body with a checksum.

        Raises:
            Locked: another request is at work on this upload; what it waits for is cut, as its
                device seems to have come anew.
            Busy: this node receives too many, or its disk is full.
            Conflict: another request, through another node, has continued it.
            TooLarge: it is more than was said, or than is accepted; the latter ends the upload.
            WrongType, Unreadable: the whole is not accepted; that ends the upload.
            ChecksumDiffers: nothing of it is kept.
            Unavailable: not kept; ask for the offset.
        """
        with self._alone(upload, body), self._place(upload.owner):
            async with Spool(self._settings.media_temp_dir) as spool:
                taking = Taking(self._uploads, upload, spool, self._expires(now))
                await taking.take(body, checksum)
                if not taking.is_whole:
                    return taking.upload
                return await self._finish(taking, now)

    async def _finish(self, taking: Taking, now: int) -> Upload:
        upload = taking.upload
        async with Spool(self._settings.media_temp_dir) as empty:
            whole = await taking.whole(empty)
            source = (await whole.digest("sha256")).hex()
            media = await self._known(upload, source, now)
            if media is None:
                media = await self._make(upload, whole, source, now)
        await self._uploads.finish(upload, media.id)
        metrics.media_uploads.labels(kind=media.kind).inc()
        return await self._uploads.get(upload.id, upload.owner, now)

    async def _known(self, upload: Upload, source: str, now: int) -> Media | None:
        due = now + self._settings.media_orphan_ms
        name = upload.name if upload.kind == "file" else None
        return await self._media.same(upload.owner, upload.kind, source, name, due)

    async def _make(self, upload: Upload, whole: Spool, source: str, now: int) -> Media:
        """The medium; it is known to others only once all of it is kept."""
        found = await self._examined(upload, whole)
        media = Media(
            id=secrets.token_urlsafe(16), owner=upload.owner, kind=upload.kind, source=source,
            about=found.about,
        )  # fmt: skip
        await self._uploads.attempt(upload, media.id, self._expires(now))
        for size in media.sizes:
            await self._blobs.put(blob_key(media.id, size), parts_of(Path(found.files[size])))
        await self._media.add(media, now + self._settings.media_orphan_ms)
        return media

    async def _examined(self, upload: Upload, whole: Spool) -> Found:
        limits = {"voice": self._settings.media_voice_ms, "video": self._settings.media_video_ms}
        job = Job(
            kind=upload.kind, path=str(whole.path), folder=str(await whole.folder()),
            pixels_max=self._settings.media_image_pixels,
            duration_max_ms=limits.get(upload.kind, 0), name=upload.name, claims=upload.claims,
        )  # fmt: skip
        try:
            return await self._workshop.examine(job)
        except (WrongType, Unreadable, TooLarge):
            await self._uploads.remove(upload.id)  # the same bytes will be no other another time
            raise

    async def _check_unfinished(self, user: str, length: int, now: int) -> None:
        begun = await self._uploads.unfinished(user, now)
        fits = begun.length + length <= self._settings.media_unfinished_bytes or not begun.count
        if begun.count >= self._settings.media_unfinished_max or not fits:
            raise RateLimited("You have too many unfinished uploads; finish them, or end some")

    @contextmanager
    def _alone(self, upload: Upload, body: Body | None = None) -> Iterator[None]:
        if upload.id in self._receiving:
            before = self._receiving[upload.id]
            if before is not None:
                before.cut()
            raise Locked(retry_after_ms=RETRY_MS)
        self._receiving[upload.id] = body
        try:
            yield
        finally:
            del self._receiving[upload.id]

    @contextmanager
    def _place(self, user: str) -> Iterator[None]:
        most = self._settings.media_uploads_at_once
        if self._people.total() >= most or self._people[user] >= UPLOADS_AT_ONCE:
            raise Busy("Too many uploads at once; wait a moment", retry_after_ms=RETRY_MS)
        self._people[user] += 1
        try:
            yield
        finally:
            self._people[user] -= 1
            self._people += Counter()  # forgets those who have none

    def _expires(self, now: int) -> int:
        return now + self._settings.media_upload_expires_ms

    def _bytes_max(self, kind: MediaKind) -> int:
        return {
            "image": self._settings.media_image_bytes,
            "voice": self._settings.media_voice_bytes,
            "video": self._settings.media_video_bytes,
            "file": self._settings.media_file_bytes,
        }[kind]


def blob_key(media: str, size: str) -> str:
    """Under what a size of a medium is kept."""
    return f"{media}/{size}"
