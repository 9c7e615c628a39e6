"""What a worker is asked to look into, and what it answers: one line of JSON each."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from chatserver.domain.media import About, Claims, MediaKind, Size

Refused = Literal["wrong_type", "unreadable", "too_large", "no_room"]


class Job(Struct, frozen=True, kw_only=True):
    """Look into the file at `path`; what is made of it goes to `folder`, which is empty."""

    kind: MediaKind
    path: str
    folder: str
    pixels_max: int
    duration_max_ms: int
    name: str | None = None
    claims: Claims = Claims()


class Found(Struct, frozen=True, kw_only=True):
    """What is in it, and the file that holds each size. `about.size` is the original's."""

    about: About
    files: dict[Size, str]


class Refusal(Struct, frozen=True, kw_only=True):
    """Why it is not accepted, for a person to read."""

    code: Refused
    message: str


class Answer(Struct, frozen=True, kw_only=True):
    """One of both."""

    found: Found | None = None
    refusal: Refusal | None = None


class NotAccepted(Exception):
    """A file is not what it should be."""

    def __init__(self, code: Refused, message: str) -> None:
        """`message` is for a person to read."""
        super().__init__(message)
        self.refusal = Refusal(code=code, message=message)


WRONG_PICTURE = "This is no picture of a kind that is accepted here"
WRONG_VOICE = "This is no recording of a kind that is accepted here"
WRONG_VIDEO = "This is no video of a kind that is accepted here"
NO_ROOM = "The server has no room for uploads right now"
DAMAGED = "The file is damaged or incomplete"
