"""Pictures, written anew: upright, in sRGB, and without what cameras say beside them."""

from __future__ import annotations

import io
from pathlib import Path

from msgspec import Struct, structs
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from chatserver.domain.media import THUMBS, About, Size
from chatserver.providers.media.jobs import DAMAGED, WRONG_PICTURE, Found, NotAccepted
from chatserver.providers.media.thumbhash import thumbhash

FRAMES_MAX = 500  # of a moving picture; of longer ones the first stays

_READ_AS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF",
            "image/heic": "HEIF"}  # fmt: skip
# a picture with one frame keeps its type, but for those that few can show or that have 256 colours
_WRITTEN_AS = {"JPEG": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "GIF": "PNG", "HEIF": "JPEG"}
_MOVES = {"GIF", "PNG", "WEBP"}  # several pictures in others are views of one
_OPTIONS = {"JPEG": {"quality": 85}, "PNG": {}, "WEBP": {"quality": 85, "method": 2}}
_THUMB = {"quality": 80, "method": 2}
_MOVING = {"quality": 75, "method": 0}

Image.MAX_IMAGE_PIXELS = None  # the limit of the settings is looked at instead


class _Moving(Struct, frozen=True):
    frames: list[Image.Image]
    durations: list[int]
    loop: int


def rewritten(path: Path, type_: str, folder: Path, pixels_max: int) -> Found:
    """What the picture is, and the files made of it.

    Raises:
        NotAccepted: it is none, or damaged, or has too many pixels.
    """
    if type_ == "image/heic":
        import pi_heif

        pi_heif.register_heif_opener(thumbnails=False)
    try:
        with Image.open(path, formats=[_READ_AS[type_]]) as picture:
            check_pixels(*picture.size, pixels_max)
            moving = _moving(picture, pixels_max)
            upright = _plain(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError:
        raise NotAccepted("wrong_type", WRONG_PICTURE) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError):
        raise NotAccepted("unreadable", DAMAGED) from None
    original = folder / "original"
    if moving is not None:
        written = _write_moving(moving, original)
    else:
        written = _WRITTEN_AS[_READ_AS[type_]]
        if written == "JPEG" and upright.mode != "RGB":
            written = "PNG"
        upright.save(original, written, **_OPTIONS[written])
    about = About(
        type=f"image/{written.lower()}", size=original.stat().st_size,
        width=upright.width, height=upright.height,
    )  # fmt: skip
    return with_thumbs(upright, Found(about=about, files={"original": str(original)}), folder)


def with_thumbs(picture: Image.Image, found: Found, folder: Path) -> Found:
    """The same with thumbnails that are smaller than the picture, and its placeholder."""
    files, made = dict(found.files), []
    for side in sorted(THUMBS, reverse=True):
        if max(picture.size) > side:
            picture = smaller(picture, side)
            size: Size = "256" if side == THUMBS[0] else "1024"
            files[size] = str(folder / size)
            picture.save(files[size], "WEBP", **_THUMB)
            made.append(side)
    about = structs.replace(found.about, thumbs=tuple(sorted(made)), placeholder=thumbhash(picture))
    return Found(about=about, files=files)


def smaller(picture: Image.Image, side: int) -> Image.Image:
    """A copy no larger than a square."""
    copy = picture.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return copy


def check_pixels(width: int, height: int, pixels_max: int) -> None:
    """See that a picture may be decoded.

    Raises:
        NotAccepted: it has too many pixels.
    """
    if width * height > pixels_max:
        message = f"The picture has {width} × {height} pixels, and {pixels_max} are accepted"
        raise NotAccepted("too_large", message)


def _moving(picture: Image.Image, pixels_max: int) -> _Moving | None:
    """All frames of a moving picture; None of one that does not move, or too much."""
    count = getattr(picture, "n_frames", 1)
    whole = count * picture.width * picture.height
    if picture.format not in _MOVES or count == 1 or count > FRAMES_MAX or whole > pixels_max:
        return None
    loop = picture.info.get("loop", 1)
    frames, durations = [], []
    for number in range(count):
        picture.seek(number)
        frames.append(_plain(picture))
        durations.append(int(picture.info.get("duration", 0)) or 100)
    picture.seek(0)
    return _Moving(frames, durations, loop)


def _write_moving(moving: _Moving, path: Path) -> str:
    first, *others = moving.frames
    first.save(
        path, "WEBP", save_all=True, append_images=others, duration=moving.durations,
        loop=moving.loop, **_MOVING,
    )  # fmt: skip
    return "WEBP"


def _plain(picture: Image.Image) -> Image.Image:
    """The picture in sRGB with 8 bits a channel, and nothing said beside it."""
    profile = picture.info.get("icc_profile")
    see_through = picture.has_transparency_data
    mode = "RGBA" if see_through else "RGB"
    if profile and picture.mode in {"RGB", "CMYK", "L"}:
        picture = _in_srgb(picture, profile)
    plain = picture.convert(mode) if picture.mode != mode else picture.copy()
    plain.info = {}
    return plain


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(
            picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # a profile that says nothing usable
    return made or picture
