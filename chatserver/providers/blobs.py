"""What keeps media: the contract of all blob stores, and which of them the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Protocol

from chatserver.config import Settings, StartError


class Blobs(Protocol):
    """Keeps bytes under keys. A key is chosen once, by its maker, and never used again.

    Keys are made of ASCII letters, digits, `-`, `_` and `/`. What is read is what was put, or an
    error; nobody ever sees part of a blob that was not put whole. Every error of the service comes
    as `Unavailable`, and nothing waits for it without a bound.
    """

    async def put(self, key: str, content: AsyncIterable[bytes]) -> None:
        """Keep what comes, part by part; no more than a few megabytes of it are in memory at once.

        Returning means kept for good: the loss of one machine does not lose it. When it raises, or
        the process dies meanwhile, there is no such blob; what was written of it may take up room
        until `delete`.

        Raises:
            Unavailable: it is not kept. What `content` raises comes through.
        """

    def read(self, key: str, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `first` to `last`, both included, or to the end; fetched as they are used.

        Raises:
            NotFound: there is no such blob.
            Unavailable: the service does not answer.
        """

    async def size(self, key: str) -> int | None:
        """How many bytes there are; None where there is no such blob.

        Raises:
            Unavailable: the service does not answer.
        """

    async def delete(self, key: str) -> None:
        """Keep it no longer; harmless when there is none. Removes what is left of a `put` that
        did not end well, too.

        Raises:
            Unavailable: it may still be there; do it again.
        """


def open_s3(settings: Settings) -> Blobs | None:
    """The S3 service of the settings; None where they name none.

    Raises:
        StartError: the client for it is not installed, or the settings cannot be used.
    """
    if not settings.media_s3_bucket:
        return None
    try:
        from chatserver.providers.s3 import S3Blobs
    except ImportError:
        raise StartError(
            "CHAT_MEDIA_S3_BUCKET needs the client for S3: pip install 'chatserver[s3]'"
        ) from None
    return S3Blobs(settings)
