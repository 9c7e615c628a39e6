"""What a file is, by its first bytes: names and declared types say nothing.

puremagic tells families; whether a picture or recording is one, decoding it shows afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

import puremagic

from chatserver.domain.media import MediaKind
from chatserver.providers.media.jobs import WRONG_PICTURE, WRONG_VIDEO, WRONG_VOICE, NotAccepted

HEAD_BYTES = 8192
PLAIN = "application/octet-stream"
ZIP = "application/zip"

_PICTURES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jfif": "image/jpeg", ".jpe": "image/jpeg",
    ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif",
    ".heic": "image/heic", ".heif": "image/heic",
}  # fmt: skip
_VOICES = {
    ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".webm": "audio/webm",
    ".mp4": "audio/mp4", ".m4a": "audio/mp4", ".f4a": "audio/mp4", ".3gp": "audio/mp4",
    ".aac": "audio/aac", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".amr": "audio/amr",
}  # fmt: skip
_VIDEOS = {
    ".mov": "video/quicktime", ".mp4": "video/mp4", ".m4v": "video/mp4", ".3gp": "video/mp4",
    ".webm": "video/webm",
}  # fmt: skip
_OFFICE = "application/vnd.openxmlformats-officedocument."
_IN_ZIP = {
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}presentationml.presentation",
}
_OF_KIND: dict[MediaKind, tuple[Mapping[str, str], str]] = {
    "image": (_PICTURES, WRONG_PICTURE),
    "voice": (_VOICES, WRONG_VOICE),
    "video": (_VIDEOS, WRONG_VIDEO),
}
# heads that several families share, so that more bytes than puremagic looks at must tell
_HEADS = ((b"\xff\xd8\xff", ".jpg"), (b"#!AMR", ".amr"), (b"PK\x03\x04", ".zip"))
_BRANDS = {  # ISO base media: the brand says what is in the box
    b"heic": ".heic", b"heix": ".heic", b"mif1": ".heif", b"heim": ".heic", b"heis": ".heic",
    b"M4A ": ".m4a", b"M4B ": ".m4a", b"qt  ": ".mov",
}  # fmt: skip


def type_of(kind: MediaKind, path: Path, name: str | None) -> str:
    """The type of a file.

    Raises:
        NotAccepted: a file of this kind cannot be of that type.
    """
    with path.open("rb") as file:
        suffixes = _suffixes(file.read(HEAD_BYTES))
    if kind == "file":
        return _of_any(suffixes, name)
    accepted, sentence = _OF_KIND[kind]
    for suffix in suffixes:
        if suffix in accepted:
            return accepted[suffix]
    raise NotAccepted("wrong_type", sentence)


def _of_any(suffixes: list[str], name: str | None) -> str:
    """What anybody may be told a file is; of all else that it is bytes, and no page or program."""
    if ".pdf" in suffixes:
        return "application/pdf"
    if ".zip" in suffixes:
        return _IN_ZIP.get(PurePath(name or "").suffix.lower(), ZIP)
    harmless: dict[str, str] = {**_VIDEOS, **_PICTURES}
    return next((harmless[suffix] for suffix in suffixes[:1] if suffix in harmless), PLAIN)


def _suffixes(head: bytes) -> list[str]:
    """The families that it may be of, the likeliest first."""
    for begin, suffix in _HEADS:
        if head.startswith(begin):
            return [suffix]
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return [_BRANDS[head[8:12]]]
    try:
        suffixes = [match.extension for match in puremagic.magic_string(head)]
    except (puremagic.PureError, ValueError):
        return []
    return [".mkv"] if ".mkv" in suffixes else suffixes  # of which WebM is a part that all can play
