"""Posts requests over connections that are kept.

HTTP/1.1 is aiohttp's, which takes a third of the processor of its rivals; HTTP/2, which Apple alone
insists on, is httpcore's. Neither uses proxies of the environment or follows redirects, and of an
answer only so much is read.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, Iterable
from functools import cache
from typing import Protocol

import aiohttp
import httpcore2
from yarl import URL

from chatserver.domain.links import is_public_name
from chatserver.providers.guard import Guard, NotPublic
from chatserver.providers.push.base import Answer, Request

ANSWER_BYTES = 65_536
IDLE_S = 60.0  # a connection unused for so long is closed; vendors close theirs later
GRACE_S = 1.0  # of HTTP/2: a step that takes too long ends the connection, not just the request
CONNECTIONS_MAX = 1024  # a gate lets through far fewer for each host
NOT_PUBLIC = "not_public"


class Unreachable(Exception):
    """No answer came; `reason` is a word for what went wrong."""

    def __init__(self, reason: str) -> None:
        """Nothing else is kept: what was posted is in the library's own errors."""
        self.reason = reason
        super().__init__(reason)


class Poster(Protocol):
    """Posts to one vendor."""

    async def post(self, request: Request) -> Answer:
        """Post, and give the answer, whatever its status.

        Raises:
            Unreachable: there is none.
        """

    async def close(self) -> None:
        """Close all connections."""


class OverHttp1:
    """Posts over HTTP/1.1, over as many connections as requests are under way."""

    def __init__(self, timeout_s: float, guard: Guard | None = None) -> None:
        """With a guard, to names that it lets pass, and to no addresses that are written out."""
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._guard = guard
        self._made: aiohttp.ClientSession | None = None  # inside a loop, when first needed

    async def post(self, request: Request) -> Answer:
        """Post, and give the answer, whatever its status.

        Raises:
            Unreachable: there is none.
        """
        try:
            url = URL(request.url, encoded=True)
            if self._guard is not None and not is_public_name(url.raw_host or ""):
                raise Unreachable(NOT_PUBLIC)
            async with self._session.post(
                url, data=request.content, headers=request.headers, allow_redirects=False
            ) as response:
                content = await _beginning(response.content.iter_any())
        except TimeoutError:
            raise Unreachable("timeout") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(_word(error)) from None
        said = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status, headers=said, content=content)

    async def close(self) -> None:
        """Close all connections."""
        if self._made is not None:
            await self._made.close()
        if self._guard is not None:
            self._guard.let_go()

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._made is None:
            self._made = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=CONNECTIONS_MAX,
                    keepalive_timeout=IDLE_S,
                    resolver=self._guard,
                    use_dns_cache=self._guard is None,
                    ssl=_tls(),
                ),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                trust_env=False,
            )
        return self._made


class OverHttp2:
    """Posts over HTTP/2, all of them over one connection."""

    def __init__(self, timeout_s: float) -> None:
        """Without TLS it is spoken from the first byte on."""
        self._timeout_s = timeout_s
        steps = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
        self._extensions = {"timeout": steps}
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(), keepalive_expiry=IDLE_S, http1=False, http2=True
        )

    async def post(self, request: Request) -> Answer:
        """Post, and give the answer, whatever its status.

        Raises:
            Unreachable: there is none.
        """
        try:
            async with asyncio.timeout(self._timeout_s + GRACE_S):
                return await self._post(request)
        except (TimeoutError, httpcore2.TimeoutException):
            raise Unreachable("timeout") from None
        except httpcore2.ConnectError:
            raise Unreachable("not_connected") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError):
            raise Unreachable("dropped") from None
        except Exception as error:  # whatever the other side makes the library do
            raise Unreachable(f"client_{type(error).__name__}") from None

    async def close(self) -> None:
        """Close the connection."""
        await self._pool.aclose()

    async def _post(self, request: Request) -> Answer:
        host = URL(request.url, encoded=True).raw_authority
        headers = {**request.headers, "Host": host, "Content-Length": str(len(request.content))}
        async with self._pool.stream(
            "POST",
            request.url,
            headers=list(headers.items()),
            content=request.content,
            extensions=self._extensions,
        ) as response:
            content = await _beginning(response.aiter_stream())
        return Answer(status=response.status, headers=_text(response.headers), content=content)


async def _beginning(parts: AsyncIterable[bytes]) -> bytes:
    """So much of an answer as is looked at."""
    content = bytearray()
    async for part in parts:
        content += part[: ANSWER_BYTES - len(content)]
        if len(content) >= ANSWER_BYTES:
            break
    return bytes(content)


@cache
def _tls() -> ssl.SSLContext:
    """One for all: reading the authorities takes a while."""
    return httpcore2.default_ssl_context()


def _text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _word(error: Exception) -> str:
    """A word for an error; its own sentence may hold an address."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return NOT_PUBLIC if isinstance(error.os_error, NotPublic) else "not_connected"
    if isinstance(error, aiohttp.ServerConnectionError | aiohttp.ClientOSError | OSError):
        return "dropped"
    return "dropped" if isinstance(error, aiohttp.ClientPayloadError) else "no_http"
