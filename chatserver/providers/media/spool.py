"""What is being uploaded, on this node's disk, until it is kept elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import structlog

from chatserver.errors import Busy

GATHERED_BYTES = 2**20  # in memory, before it is written
READ_BYTES = 2**20
RETRY_MS = 10_000

T = TypeVar("T")
log = structlog.get_logger()


class Spool:
    """A file that grows, in a folder of its own; both are gone in the end."""

    def __init__(self, parent: str) -> None:
        """`parent` is the folder for such folders; the system's own when empty."""
        self._parent = parent or None
        self._held: tempfile.TemporaryDirectory[str]
        self._gathered = bytearray()
        self._written = 0

    async def __aenter__(self) -> Self:
        """Make the folder.

        Raises:
            Busy: there is no room on the disk; so do the others.
        """
        self._held = await _on_disk(self._make)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove it."""
        await asyncio.to_thread(self._held.cleanup)

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return self._written + len(self._gathered)

    @property
    def path(self) -> Path:
        """The file; complete after `flush`."""
        return Path(self._held.name) / "upload"

    async def folder(self) -> Path:
        """An empty folder for what is made of it."""
        return Path(await _on_disk(lambda: tempfile.mkdtemp(dir=self._held.name)))

    async def write(self, data: bytes) -> None:
        """Add some more."""
        self._gathered += data
        if len(self._gathered) >= GATHERED_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Have all of it in the file."""
        gathered, self._gathered = bytes(self._gathered), bytearray()
        if gathered:
            await _on_disk(lambda: self._append(gathered))
            self._written += len(gathered)

    async def part(self, first: int, size: int) -> bytes:
        """Some of what was flushed."""
        return await _on_disk(lambda: _part(self.path, first, size))

    async def parts(self) -> AsyncIterator[bytes]:
        """What was flushed, from beginning to end."""
        async for part in parts_of(self.path):
            yield part

    async def digest(self, name: str) -> bytes:
        """The digest of the whole file, by the name of its algorithm."""
        await self.flush()
        return await _on_disk(lambda: _digest(self.path, name))

    def _make(self) -> tempfile.TemporaryDirectory[str]:
        held = tempfile.TemporaryDirectory(prefix="chatserver-media-", dir=self._parent)
        (Path(held.name) / "upload").touch()
        return held

    def _append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)


async def parts_of(path: Path) -> AsyncIterator[bytes]:
    """A file from beginning to end.

    Raises:
        Busy: the disk fails.
    """
    position = 0
    while part := await _on_disk(partial(_part, path, position, READ_BYTES)):
        position += len(part)
        yield part


def _part(path: Path, first: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(first)
        return file.read(size)


def _digest(path: Path, name: str) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, name).digest()


async def _on_disk(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        log.error("uploads cannot be kept on this disk", reason=error.strerror)
        raise Busy(
            "The server has no room for uploads right now", retry_after_ms=RETRY_MS
        ) from error
