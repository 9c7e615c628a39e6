"""Blobs in an S3 service: Amazon's, or any that speaks its language (OSS, COS, MinIO, Ceph, …).

An upload in parts that was cut off stays hidden in the bucket: give it a lifecycle rule that aborts
incomplete multipart uploads after a day.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from chatserver.config import Settings, StartError
from chatserver.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

PART_BYTES = 5 * 2**20  # the least that S3 takes as one part of several
PARTS_AT_ONCE = 2
RANGE_BYTES = 2**20  # fetched at once
ANSWER_WITHIN = timedelta(seconds=30)
CONNECTED_WITHIN = timedelta(seconds=5)


class S3Blobs:
    """See `Blobs`."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is asked of the service yet.

        Raises:
            StartError: the settings cannot be used.
        """
        endpoint = settings.media_s3_endpoint
        config: S3Config = {"region": settings.media_s3_region}
        if endpoint:
            config["endpoint"] = endpoint
        if settings.media_s3_access_key:
            config["access_key_id"] = settings.media_s3_access_key
            config["secret_access_key"] = settings.media_s3_secret_key
        client: ClientConfig = {
            "timeout": ANSWER_WITHIN,
            "connect_timeout": CONNECTED_WITHIN,
            "allow_http": endpoint.startswith("http://"),
        }
        retry: RetryConfig = {"max_retries": 2, "retry_timeout": ANSWER_WITHIN}
        try:
            self._store = S3Store(
                settings.media_s3_bucket, config=config, client_options=client, retry_config=retry
            )
        except BaseError as error:
            raise StartError(f"CHAT_MEDIA_S3_BUCKET and its settings: {error}") from None

    async def put(self, key: str, content: AsyncIterable[bytes]) -> None:
        """See `Blobs.put`: one request for what is small, parts for what is not."""
        parts = aiter(content)
        begun = bytearray()
        async for part in parts:
            begun += part
            if len(begun) > PART_BYTES:
                break
        with _answering():
            if len(begun) <= PART_BYTES:
                await obstore.put_async(self._store, key, bytes(begun), use_multipart=False)
            else:
                await self._put_parts(key, _Source(bytes(begun), parts))

    async def read(self, key: str, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]:
        """See `Blobs.read`: range after range, so that a slow reader holds no request open."""
        if last is None:
            size = await self.size(key)
            if size is None:
                raise NotFound
            last = size - 1
        for start in range(first, last + 1, RANGE_BYTES):
            end = min(start + RANGE_BYTES, last + 1)
            with _answering():
                yield bytes(await obstore.get_range_async(self._store, key, start=start, end=end))

    async def size(self, key: str) -> int | None:
        """See `Blobs.size`."""
        try:
            with _answering():
                return (await obstore.head_async(self._store, key))["size"]
        except NotFound:
            return None

    async def delete(self, key: str) -> None:
        """See `Blobs.delete`."""
        try:
            with _answering():
                await obstore.delete_async(self._store, key)
        except NotFound:
            pass

    async def _put_parts(self, key: str, source: _Source) -> None:
        try:
            await obstore.put_async(
                self._store, key, source, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            )
        except BaseError:
            if source.failed is not None:
                raise source.failed from None
            raise


class _Source:
    """What is put in parts, and how reading it failed: the library hides that."""

    def __init__(self, begun: bytes, rest: AsyncIterator[bytes]) -> None:
        self._begun = begun
        self._rest = rest
        self.failed: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._begun
        try:
            async for part in self._rest:
                yield part
        except Exception as error:
            self.failed = error
            raise


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise NotFound from None
    except BaseError as error:
        raise Unavailable("What keeps media does not answer") from error
