"""Media as browsers and players read them: whole, by ranges, and from their caches.

Source: RFC 9110 (ranges, conditions), RFC 9111 (caching), RFC 6266 and 8187 (names of downloads).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import structlog
from aiohttp import ETag, hdrs, web
from msgspec import Struct

from chatserver import clock
from chatserver.api.media.uploads import refused
from chatserver.domain.media import Link
from chatserver.domain.refusals import convert
from chatserver.errors import ChatError, Invalid, NotFound
from chatserver.services.media.links import MediaLinks, Reading

PATH = "/media/{media}/{size}"

_SAFE = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    # who may read it is in the address, so pages of other origins may show it
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "Accept-Ranges": "bytes",
}
log = structlog.get_logger()


class _Range(Struct, frozen=True):
    """From `first` to `last`, both included; empty where `last` is below `first`."""

    first: int
    last: int


class MediaReadings:
    """`/media/…`, as `media.links` gives them."""

    def __init__(self, links: MediaLinks) -> None:
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        """The route, for GET and HEAD."""
        return [web.get(PATH, self._read)]

    async def _read(self, request: web.Request) -> web.StreamResponse:
        now = clock.now_ms()
        try:
            link, signature = _link(request)
            reading = await self._links.open(link, signature, now)
            return await self._answer(request, reading, now)
        except ChatError as error:
            return _unread(error)

    async def _answer(self, request: web.Request, reading: Reading, now: int) -> web.StreamResponse:
        etag = ETag(f"{reading.media.id}-{reading.link.size}")
        headers = _headers(reading, now) | {"ETag": f'"{etag.value}"'}
        known = request.if_none_match or ()
        if any(each.value in (etag.value, "*") for each in known):
            return web.Response(status=304, headers=headers)
        wanted = _range(request, etag, reading.size)
        part = wanted or _Range(0, reading.size - 1)
        if part.last < part.first:
            unsatisfied = {**_SAFE, "Content-Range": f"bytes */{reading.size}"}
            return web.Response(status=416, headers=unsatisfied)
        if wanted is not None:
            headers["Content-Range"] = f"bytes {part.first}-{part.last}/{reading.size}"
        answer = web.StreamResponse(status=200 if wanted is None else 206, headers=headers)
        answer.content_length = part.last - part.first + 1
        if request.method == hdrs.METH_HEAD:
            await answer.prepare(request)
            return answer
        return await _send(request, answer, self._links.read(reading, part.first, part.last))


async def _send(
    request: web.Request, answer: web.StreamResponse, parts: AsyncIterator[bytes]
) -> web.StreamResponse:
    first = await anext(parts)  # what cannot be read at all is still answered
    await answer.prepare(request)
    try:
        await answer.write(first)
        async for part in parts:
            await answer.write(part)
        await answer.write_eof()
    except ChatError as error:  # the length was said, so whoever reads sees that it is not whole
        log.warning("a medium could not be read to its end", reason=error.message)
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        pass  # the reader went away
    return answer


def _link(request: web.Request) -> tuple[Link, str]:
    query = request.query
    said = {
        "media": request.match_info["media"], "size": request.match_info["size"],
        "conversation": query.get("c"), "seq": _number(query.get("s")), "user": query.get("u"),
        "expires": _number(query.get("e")),
        **({"report": _number(query["r"])} if "r" in query else {}),
    }  # fmt: skip
    try:
        return convert(said, Link, within=""), query.get("h", "")
    except Invalid:
        raise NotFound from None


def _number(said: str | None) -> int:
    return int(said) if said and said.isascii() and said.isdigit() and len(said) < 20 else -1


def _headers(reading: Reading, now: int) -> dict[str, str]:
    left_s = max(0, reading.link.expires - -(-now // 1000))
    return {
        **_SAFE,
        "Content-Type": reading.type,
        "Cache-Control": f"private, max-age={left_s}, immutable",
        "Content-Disposition": _disposition(reading),
    }


def _disposition(reading: Reading) -> str:
    way = "attachment" if reading.media.kind == "file" else "inline"
    name = reading.media.about.name
    if not name:
        return way
    plain = "".join(each if each.isascii() and each not in '"\\%' else "_" for each in name)
    return f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _range(request: web.Request, etag: ETag, size: int) -> _Range | None:
    """The one range that is asked for; None where all is to be sent."""
    if "Range" not in request.headers or request.headers.get("If-Range", f'"{etag.value}"') != (
        f'"{etag.value}"'
    ):
        return None
    try:
        asked = request.http_range
    except ValueError:  # of another unit, or several
        return None
    first, last, _ = asked.indices(size)
    return _Range(first, last - 1)


def _unread(error: ChatError) -> web.Response:
    answer = refused(error, _SAFE)
    answer.headers["Cache-Control"] = "no-store"
    return answer
