"""What the headers of uploads say."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from chatserver.domain.media import NAME_MAX, Claims, MediaKind
from chatserver.domain.refusals import convert
from chatserver.errors import Invalid, Unauthorized
from chatserver.services.media.taking import Checksum
from chatserver.services.media.uploads import Asked

DIGEST_BYTES = {"sha1": 20, "sha256": 32}

_METADATA = "Upload-Metadata"
_BEARER = "Bearer "
_NUMBER_MAX = 2**53

T = TypeVar("T")


class _Said(Struct, frozen=True):
    kind: MediaKind
    name: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)] | None = None
    duration_ms: int | None = None
    waveform: list[int] = []


def token(request: web.Request) -> str:
    """The token of whoever asks.

    Raises:
        Unauthorized: there is none.
    """
    said = request.headers.get("Authorization", "")
    if not said.startswith(_BEARER):
        raise Unauthorized
    return said.removeprefix(_BEARER).strip()


def number(request: web.Request, name: str) -> int:
    """A header that is a whole number.

    Raises:
        Invalid: it is missing, or none.
    """
    said = request.headers.get(name, "")
    if not (said.isascii() and said.isdigit() and len(said) < 20 and int(said) <= _NUMBER_MAX):
        raise Invalid("This must be a whole number", path=name)
    return int(said)


def asked(request: web.Request) -> Asked:
    """What a request wants to upload.

    Raises:
        Invalid: a header is missing or of the wrong form.
    """
    length = number(request, "Upload-Length")
    said = convert(_metadata(request.headers.get(_METADATA, "")), _Said, within=_METADATA)
    claims = {"duration_ms": said.duration_ms, "waveform": said.waveform}
    return Asked(
        kind=said.kind,
        length=length,
        name=_plain_name(said.name) if said.kind == "file" else None,
        claims=convert(claims, Claims, within=_METADATA),
    )


def checksum(request: web.Request) -> Checksum | None:
    """What the body must come to, if the request says so.

    Raises:
        Invalid: it is of an unknown kind or of the wrong form.
    """
    said = request.headers.get("Upload-Checksum")
    if said is None:
        return None
    algorithm, _, encoded = said.partition(" ")
    digest = _decoded(encoded, "Upload-Checksum")
    if DIGEST_BYTES.get(algorithm) != len(digest):
        raise Invalid("This must be sha1 or sha256 and a digest in base64", path="Upload-Checksum")
    return Checksum(algorithm, digest)


def _metadata(said: str) -> dict[str, Any]:
    """Names with their values; numbers and lists are JSON."""
    pairs = (pair.strip().partition(" ") for pair in said.split(",") if pair.strip())
    values = {name: _decoded(value, _METADATA) for name, _, value in pairs}
    return {name: _READ.get(name, _text)(value) for name, value in values.items()}


def _decoded(encoded: str, header: str) -> bytes:
    try:
        return b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("This must be in base64", path=header) from None


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Invalid("This must be in UTF-8", path=_METADATA) from None


def _json(value: bytes) -> Any:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Invalid("This must be JSON", path=_METADATA) from None


_READ: dict[str, Callable[[bytes], Any]] = {"duration_ms": _json, "waveform": _json}


def _plain_name(name: str | None) -> str | None:
    """A name without folders, and without what is no character: only how a file is called."""
    if name is None:
        return None
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable()).strip() or None
