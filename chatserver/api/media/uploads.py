"""Uploads: the tus resumable upload protocol, for whoever has a token.

Source: tus 1.0.0 (https://tus.io/protocols/resumable-upload), core, creation, creation-with-upload,
expiration, termination and checksum.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from email.utils import formatdate
from typing import Any

import structlog
from aiohttp import web

from chatserver import clock, metrics
from chatserver.api.media.headers import asked, checksum, number, token
from chatserver.config import Settings
from chatserver.domain.media import Upload, body_of
from chatserver.errors import (
    ChatError,
    Conflict,
    Internal,
    ProtocolVersion,
    WrongType,
)
from chatserver.services.auth import Auth
from chatserver.services.media.taking import Checksum
from chatserver.services.media.uploads import Uploads

PATH = "/media/uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination,checksum"
BODY_TYPE = "application/offset+octet-stream"
METHODS = "POST, HEAD, PATCH, DELETE, GET, OPTIONS"
TAKES = (
    "Authorization, Content-Type, Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset, "
    "Upload-Checksum, X-HTTP-Method-Override"
)
TELLS = (
    "Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, "
    "Upload-Offset, Upload-Length, Upload-Expires, Chat-Media, Retry-After"
)
PART_BYTES = 2**18

Handler = Callable[[web.Request, str], Awaitable[web.Response]]
log = structlog.get_logger()


class MediaUploads:
    """`/media/uploads` and what is below it."""

    def __init__(self, auth: Auth, uploads: Uploads, settings: Settings) -> None:
        self._auth = auth
        self._uploads = uploads
        self._idle_s = settings.media_idle_ms / 1000
        self._handlers: dict[str, Handler] = {
            "HEAD": self._head, "PATCH": self._patch, "DELETE": self._delete, "GET": self._get,
        }  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        """The routes; which method is meant is a matter of tus."""
        one = f"{PATH}/{{upload}}"
        return [web.route("*", PATH, self._all), web.route("*", one, self._one)]

    async def _all(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return self._options()
        if request.method != "POST":
            return _told(web.Response(status=405, headers={"Allow": "POST, OPTIONS"}))
        return await self._answer(request, self._create)

    async def _one(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return self._options()
        meant = request.headers.get("X-HTTP-Method-Override", request.method).upper()
        handler = self._handlers.get(meant)
        if handler is None:
            allowed = "HEAD, PATCH, DELETE, GET, OPTIONS"
            return _told(web.Response(status=405, headers={"Allow": allowed}))
        return await self._answer(request, handler)

    async def _answer(self, request: web.Request, handler: Handler) -> web.Response:
        try:
            if request.headers.get("Tus-Resumable") != VERSION and handler != self._get:
                raise ProtocolVersion
            identity = await self._auth.authenticate(token(request), clock.now_ms())
            return _told(await handler(request, identity.user))
        except ChatError as error:
            return _told(refused(error))
        except (ConnectionError, TimeoutError, web.RequestPayloadError):
            # nobody is there to read this any more, or only somebody who stopped sending
            return _told(web.Response(status=408, headers={"Connection": "close"}))
        except Exception:
            log.exception("an upload failed")
            return _told(refused(Internal()))

    def _options(self) -> web.Response:
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(self._uploads.length_max),
            "Tus-Checksum-Algorithm": "sha1,sha256",
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Max-Age": "86400",
        }
        return _told(web.Response(status=204, headers=headers))

    async def _create(self, request: web.Request, user: str) -> web.Response:
        with_body = request.headers.get("Content-Type") == BODY_TYPE
        wanted, proof = asked(request), checksum(request)
        upload = await self._uploads.begin(user, wanted, clock.now_ms())
        place = {"Location": f"{PATH}/{upload.id}"}
        if with_body:
            try:
                upload = await self._receive(request, upload, proof)
            except ChatError as error:  # the device may go on from what was kept
                return refused(error, place)
        return web.json_response(await self._said(upload), status=201, headers=place | _of(upload))

    async def _head(self, request: web.Request, user: str) -> web.Response:
        upload = await self._found(request, user)
        headers = _of(upload) | {"Upload-Length": str(upload.length)}
        return web.Response(headers=headers)

    async def _get(self, request: web.Request, user: str) -> web.Response:
        upload = await self._found(request, user)
        return web.json_response(await self._said(upload), headers=_of(upload))

    async def _patch(self, request: web.Request, user: str) -> web.Response:
        if request.headers.get("Content-Type") != BODY_TYPE:
            raise WrongType(f"The body of a PATCH is of the type {BODY_TYPE}")
        offset, proof = number(request, "Upload-Offset"), checksum(request)
        upload = await self._found(request, user)
        if offset != upload.offset:
            raise Conflict(f"The upload is at {upload.offset}", path="Upload-Offset")
        if upload.media is None:
            upload = await self._receive(request, upload, proof)
        return web.Response(status=204, headers=_of(upload))

    async def _delete(self, request: web.Request, user: str) -> web.Response:
        await self._uploads.end(user, request.match_info["upload"], clock.now_ms())
        return web.Response(status=204)

    async def _found(self, request: web.Request, user: str) -> Upload:
        return await self._uploads.get(user, request.match_info["upload"], clock.now_ms())

    async def _receive(
        self, request: web.Request, upload: Upload, proof: Checksum | None
    ) -> Upload:
        body = _Body(request, self._idle_s)
        return await self._uploads.receive(upload, body, proof, clock.now_ms())

    async def _said(self, upload: Upload) -> dict[str, Any]:
        """The medium as a message will say it; before that how far the upload is."""
        media = await self._uploads.medium(upload)
        if media is None:
            return {"offset": upload.offset, "length": upload.length}
        return body_of(media, {})


class _Body:
    """What arrives, no faster than it is taken."""

    def __init__(self, request: web.Request, idle_s: float) -> None:
        self._content = request.content
        self._transport = request.transport
        self._idle_s = idle_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes.

        Raises:
            TimeoutError: nothing came for too long.
            ConnectionError: the device went away, or came anew.
        """
        while True:
            async with asyncio.timeout(self._idle_s):
                part = await self._content.read(PART_BYTES)
            if not part:
                return
            yield part

    def cut(self) -> None:
        """End it: what its device still sends on this connection it sends on another, too."""
        if self._transport is not None:
            self._transport.abort()


def refused(error: ChatError, headers: Mapping[str, str] | None = None) -> web.Response:
    """The answer to what is refused. What the device still sends nobody reads."""
    metrics.media_refusals.labels(code=error.code).inc()
    more = dict(headers or {})
    if error.retry_after_ms is not None:
        more["Retry-After"] = str(-(-error.retry_after_ms // 1000))
    answer = web.json_response(error.to_wire(), status=error.http_status, headers=more)
    answer.force_close()
    return answer


def _of(upload: Upload) -> dict[str, str]:
    headers = {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": formatdate(upload.expires_at / 1000, usegmt=True),
    }
    return headers if upload.media is None else {**headers, "Chat-Media": upload.media}


def _told(answer: web.Response) -> web.Response:
    """The answer with what every one of tus says."""
    answer.headers["Tus-Resumable"] = VERSION
    answer.headers["Tus-Version"] = VERSION
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Access-Control-Allow-Headers"] = TAKES
    answer.headers["Access-Control-Expose-Headers"] = TELLS
    return answer
