"""Pages of the public web, fetched so that nobody can have anything else fetched by this server.

A name is looked up by a guard, and each redirect goes the same way. Proxies of the environment are
not used: they would look up names themselves.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable

import aiohttp
from msgspec import Struct
from yarl import URL

from chatserver.domain.addresses import is_public
from chatserver.domain.links import is_public_name
from chatserver.providers.guard import AT_ONCE, Addresses, Guard

PAGE_BYTES = 1_048_576
WITHIN_S = 3.0
REDIRECTS = 3
HEADERS = {
    "User-Agent": "chatserver/0.1 (previews of links)",
    "Accept": "text/html,application/xhtml+xml",
    "Accept-Encoding": "gzip",
    "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8",
}
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_MOVED = frozenset({301, 302, 303, 307, 308})
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class NotFetched(Exception):
    """There is no page to be had there; why is for the log alone."""


class Page(Struct, frozen=True):
    """The beginning of a page, unpacked, and the charset that its server names."""

    content: bytes
    charset: str | None


class Web:
    """Fetches pages, so many at once."""

    def __init__(
        self,
        *,
        addresses: Addresses | None = None,
        is_allowed: Callable[[str], bool] = is_public,
        ports: frozenset[int] = frozenset({80, 443}),
    ) -> None:
        """`addresses` looks up a name, `is_allowed` says which addresses may be connected to."""
        self._guard = Guard(addresses, is_allowed)
        self._ports = ports
        self._places = asyncio.Semaphore(AT_ONCE)

    async def page(self, url: str) -> Page:
        """The page behind an address.

        Raises:
            NotFetched: there is none, or it is not one that may be fetched.
        """
        try:
            async with asyncio.timeout(WITHIN_S), self._places:
                return await self._followed(URL(url))
        except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            raise NotFetched(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Let go of the threads."""
        self._guard.let_go()

    async def _followed(self, url: URL) -> Page:
        connector = aiohttp.TCPConnector(
            resolver=self._guard, use_dns_cache=False, force_close=True
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers=HEADERS,
        ) as session:
            for _ in range(REDIRECTS + 1):
                self._check(url)
                async with session.get(url, allow_redirects=False) as response:
                    if response.status not in _MOVED:
                        return await _read(response)
                    url = url.join(URL(response.headers.get("Location", "")))
        raise NotFetched("too many redirects")

    def _check(self, url: URL) -> None:
        """An address of a page as such; where its name leads is looked at on connecting."""
        if url.scheme not in {"http", "https"} or url.port not in self._ports:
            raise NotFetched("neither http nor https, or another port")
        if url.user is not None or url.password is not None:
            raise NotFetched("credentials")
        if not is_public_name(url.raw_host or ""):
            raise NotFetched("no public name")


async def _read(response: aiohttp.ClientResponse) -> Page:
    if response.status != 200 or response.content_type not in _HTML:
        raise NotFetched(f"{response.status} {response.content_type}")
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in _PACKED | {"identity"}:
        raise NotFetched(f"packed by {packing}")
    unpack = zlib.decompressobj(47) if packing in _PACKED else None  # either header, by itself
    content = bytearray()
    received = 0
    async for part in response.content.iter_any():
        received += len(part)
        room = PAGE_BYTES - len(content)
        content += part[:room] if unpack is None else unpack.decompress(part, room)
        if len(content) >= PAGE_BYTES or received >= PAGE_BYTES:
            break
    return Page(bytes(content), response.charset)
