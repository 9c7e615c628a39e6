"""The web clients: pages and files that `make pages` built, served from memory.

A node reads them once, so that what it serves fits together for as long as it runs.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path

from aiohttp import ETag, hdrs, web
from msgspec import Struct

from chatserver.api.policy import DEMO, Policy
from chatserver.config import Settings

BUILT = Path(__file__).parents[1] / "pages"

_PACKED = ".gz"
_INDEX = "index.html"
_TYPES = mimetypes.MimeTypes()  # without what a machine's own lists say
_TYPES.add_type("application/manifest+json", ".webmanifest")
_TYPES.add_type("text/javascript", ".js")
_TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
_NOT_BUILT = (
    "chatserver is running, but its pages are not built: run `make pages` in the project's folder "
    "and start it again.\n"
)


class File(Struct, frozen=True):
    """What one address answers."""

    content: bytes
    packed: bytes | None
    """The content in gzip, where that was worth it."""
    etag: str
    headers: dict[str, str]


class Pages:
    """Serves a folder of built pages."""

    def __init__(self, settings: Settings, folder: Path = BUILT) -> None:
        """Reads the folder; the pages of the demo are left out where nobody may log in so."""
        self._about = {"token_url": settings.token_url or None, "demo": bool(settings.demo_folder)}
        self._files = dict(_read(folder, Policy(settings)))
        if not settings.demo_folder:
            for path in DEMO:
                self._files.pop(path, None)

    def routes(self) -> list[web.RouteDef]:
        """One route for each file, so that no other path reaches the disk."""
        files = [web.get(path, self._answer) for path in self._files]
        if "/" not in self._files:
            files.append(web.get("/", _not_built))
        return [*files, web.get("/pages.json", self._settings)]

    async def _answer(self, request: web.Request) -> web.Response:
        file = self._files[request.path]
        known = request.if_none_match or ()
        if any(each.value in (file.etag, "*") for each in known):
            answer = web.Response(status=304, headers=file.headers)
        else:
            answer = _whole(file, request)
        # the same for both forms of the content, hence weak
        answer.etag = ETag(value=file.etag, is_weak=True)
        return answer

    async def _settings(self, _request: web.Request) -> web.Response:
        return web.json_response(self._about, headers={"Cache-Control": "no-store"})


def _whole(file: File, request: web.Request) -> web.Response:
    if file.packed is not None and _TAKES_GZIP.search(request.headers.get("Accept-Encoding", "")):
        headers = {**file.headers, hdrs.CONTENT_ENCODING: "gzip"}
        return web.Response(body=file.packed, headers=headers)
    return web.Response(body=file.content, headers=file.headers)


async def _not_built(_request: web.Request) -> web.Response:
    return web.Response(text=_NOT_BUILT)


def _read(folder: Path, policy: Policy) -> Iterator[tuple[str, File]]:
    """Every file with its path in the address; pages have no suffix there."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or name.startswith(".") or path.suffix == _PACKED:
            continue
        is_page = path.suffix == ".html"
        where = _address(name)
        headers = policy.headers(where, is_page=is_page) | {hdrs.CONTENT_TYPE: _type(name)}
        yield where, _file(path, headers)


def _file(path: Path, headers: dict[str, str]) -> File:
    content = path.read_bytes()
    packed = path.with_name(path.name + _PACKED)
    if packed.is_file():
        headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    return File(
        content=content,
        packed=packed.read_bytes() if packed.is_file() else None,
        etag=hashlib.sha256(content).hexdigest()[:32],
        headers=headers,
    )


def _address(name: str) -> str:
    return "/" if name == _INDEX else "/" + name.removesuffix(".html")


def _type(name: str) -> str:
    kind = _TYPES.guess_type(name)[0] or "application/octet-stream"
    is_text = kind.startswith("text/") or kind == "application/manifest+json"
    return f"{kind}; charset=utf-8" if is_text else kind
