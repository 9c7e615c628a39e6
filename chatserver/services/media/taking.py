"""One request's bytes: on this node's disk, and piece by piece where all nodes find them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct

from chatserver import metrics
from chatserver.domain.media import Upload
from chatserver.errors import ChatError, ChecksumDiffers, TooLarge
from chatserver.providers.media.spool import Spool
from chatserver.store.uploads import PIECE_BYTES, Uploads


class Body(Protocol):
    """The bytes of a request, as they arrive; `cut` ends it as if the connection were lost."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes; raises when the connection is lost."""

    def cut(self) -> None:
        """Wait for nothing more."""


class Checksum(Struct, frozen=True):
    """What a request's own bytes must come to, by the name of an algorithm of hashlib."""

    algorithm: str
    digest: bytes


class Taking:
    """Takes the body of a request that continues an upload."""

    def __init__(self, uploads: Uploads, upload: Upload, spool: Spool, expires_at: int) -> None:
        """`spool` is empty; `expires_at` is when the upload is forgotten from now on."""
        self._uploads = uploads
        self._before = upload
        self._spool = spool
        self._expires_at = expires_at
        self._kept = 0  # bytes of this request that are pieces
        self.upload = upload

    @property
    def is_whole(self) -> bool:
        """Whether the upload's last bytes are here."""
        return self._before.offset + self._spool.size == self.upload.length

    async def take(self, body: Body, checksum: Checksum | None) -> None:
        """Take all that comes, or until it fails; what came is kept unless it is the end.

        With a checksum all of it is kept, or nothing.

        Raises:
            ChatError: see `services.media.uploads.Uploads.receive`. What `body` raises.
        """
        try:
            async for part in body:
                await self._add(part)
                if checksum is None:
                    await self._keep(at_least=PIECE_BYTES)
        except ChatError:
            raise
        except Exception:  # the connection was cut
            if checksum is None:
                await self._keep()
            raise
        if checksum and await self._spool.digest(checksum.algorithm) != checksum.digest:
            raise ChecksumDiffers
        if not self.is_whole:
            await self._keep()

    async def whole(self, empty: Spool) -> Spool:
        """All of the upload: this request's spool, or `empty`, filled with what was before too."""
        await self._spool.flush()
        if not self._before.offset:
            return self._spool
        async for piece in self._uploads.read(self._before):
            await empty.write(piece)
        async for part in self._spool.parts():
            await empty.write(part)
        await empty.flush()
        return empty

    async def _add(self, part: bytes) -> None:
        if self._before.offset + self._spool.size + len(part) > self.upload.length:
            raise TooLarge("There are more bytes than the upload was said to have")
        metrics.media_bytes.inc(len(part), of="received")
        await self._spool.write(part)

    async def _keep(self, at_least: int = 1) -> None:
        """Make pieces of what is none yet; the last byte of an upload is never part of one."""
        while (left := self._spool.size - self._kept) >= at_least and not self._ends_with(left):
            await self._spool.flush()
            data = await self._spool.part(self._kept, min(left, PIECE_BYTES))
            self.upload = await self._uploads.keep(self.upload, data, self._expires_at)
            self._kept += len(data)

    def _ends_with(self, left: int) -> bool:
        return left <= PIECE_BYTES and self.is_whole
