"""The process that looks into what people upload. It reads jobs from its input, one line each.

It may not take more memory than it was told, and whoever started it kills it when it takes too
long; what it does to itself hurts nobody.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import structs

from chatserver.domain.media import About
from chatserver.providers.media import pictures, recordings
from chatserver.providers.media.jobs import (
    DAMAGED,
    NO_ROOM,
    Answer,
    Found,
    Job,
    NotAccepted,
    Refusal,
)
from chatserver.providers.media.types import type_of

NICE = 10  # people who talk come first
POSTER = 1024  # pixels


def examine(job: Job) -> Answer:
    """Look into one file."""
    try:
        return Answer(found=_found(job, Path(job.path), Path(job.folder)))
    except NotAccepted as error:
        return Answer(refusal=error.refusal)
    except MemoryError:
        message = "The file takes too much memory to look into"
        return Answer(refusal=Refusal(code="too_large", message=message))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Answer(refusal=Refusal(code="no_room", message=NO_ROOM))
        return Answer(refusal=Refusal(code="unreadable", message=DAMAGED))
    except Exception:  # a decoder's own mistake, met by a file made for it
        return Answer(refusal=Refusal(code="unreadable", message=DAMAGED))


def main() -> None:
    """Take jobs until the input ends."""
    _bound_memory(int(sys.argv[1]))
    os.nice(NICE)
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what libraries print is no answer
        _serve(sys.stdin.buffer, out)


def _serve(jobs: BinaryIO, out: BinaryIO) -> None:
    for line in jobs:
        answer = examine(msgspec.json.decode(line, type=Job))
        out.write(msgspec.json.encode(answer) + b"\n")
        out.flush()


def _found(job: Job, path: Path, folder: Path) -> Found:
    type_ = type_of(job.kind, path, job.name)
    if job.kind == "image":
        return pictures.rewritten(path, type_, folder, job.pixels_max)
    about = About(type=type_, size=path.stat().st_size)
    found = Found(about=about, files={"original": str(path)})
    if job.kind == "file":
        return structs.replace(found, about=structs.replace(about, name=job.name))
    if not recordings.CAN_LOOK:
        return structs.replace(found, about=_claimed(job, about))
    return _heard(job, found, path) if job.kind == "voice" else _watched(job, found, path, folder)


def _claimed(job: Job, about: About) -> About:
    claims = job.claims
    return structs.replace(about, duration_ms=claims.duration_ms, waveform=claims.waveform)


def _heard(job: Job, found: Found, path: Path) -> Found:
    heard = recordings.hear(path, found.about.type, job.duration_max_ms)
    return structs.replace(
        found,
        about=structs.replace(found.about, duration_ms=heard.duration_ms, waveform=heard.waveform),
    )


def _watched(job: Job, found: Found, path: Path, folder: Path) -> Found:
    watched = recordings.watch(path, found.about.type, job.pixels_max, job.duration_max_ms)
    about = structs.replace(
        found.about, duration_ms=watched.duration_ms, poster=True,
        width=watched.picture.width, height=watched.picture.height,
    )  # fmt: skip
    poster = pictures.smaller(watched.picture, POSTER)
    place = folder / "poster"
    poster.save(place, "WEBP", quality=80, method=2)
    files = {**found.files, "poster": str(place)}
    return pictures.with_thumbs(poster, Found(about=about, files=files), folder)


def _bound_memory(limit: int) -> None:
    if not limit or not sys.platform.startswith("linux"):
        return
    import resource

    with suppress(ValueError, OSError):  # the machine allows less already
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
