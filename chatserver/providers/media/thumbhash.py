"""ThumbHash: a picture in some 25 bytes, to be shown blurred until it is loaded.

Source: Evan Wallace, ThumbHash (https://evanw.github.io/thumbhash/); decoders for all platforms.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Sequence

from msgspec import Struct
from PIL import Image

SIDE = 32  # no more detail is in the hash anyway


class _Channel(Struct, frozen=True):
    dc: float
    ac: list[float]
    scale: float


def thumbhash(picture: Image.Image) -> str:
    """The hash of a picture, in base64."""
    small = picture.convert("RGBA")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return b64encode(_encode(small.width, small.height, small.tobytes())).decode()


def _encode(width: int, height: int, rgba: bytes) -> bytes:
    light, yellow, red, alpha = _split(rgba)
    opaque = min(alpha) == 1
    most, longer = (7 if opaque else 5), max(width, height)
    lx, ly = (max(1, round(most * side / longer)) for side in (width, height))
    size = (width, height)
    parts = [
        _channel(light, size, (max(3, lx), max(3, ly))),
        _channel(yellow, size, (3, 3)),
        _channel(red, size, (3, 3)),
    ]
    head = _head(parts, is_wide=width > height, short=ly if width > height else lx, opaque=opaque)
    if not opaque:
        see_through = _channel(alpha, size, (5, 5))
        parts.append(see_through)
        head += bytes([_level(15, see_through.dc) | _level(15, see_through.scale) << 4])
    levels = [_level(15, value) for part in parts for value in part.ac]
    levels += [0] * (len(levels) % 2)
    return head + bytes(
        low | high << 4 for low, high in zip(levels[::2], levels[1::2], strict=True)
    )


def _split(rgba: bytes) -> tuple[list[float], ...]:
    """Lightness, yellow to blue, red to green, and opacity; over the average where see-through."""
    alpha = [value / 255 for value in rgba[3::4]]
    whole = sum(alpha)
    colours = []
    for band in range(3):
        seen = [a * value / 255 for a, value in zip(alpha, rgba[band::4], strict=True)]
        average = sum(seen) / whole if whole else 0.0
        colours.append([average * (1 - a) + v for a, v in zip(alpha, seen, strict=True)])
    pixels = list(zip(*colours, strict=True))
    light = [(r + g + b) / 3 for r, g, b in pixels]
    yellow = [(r + g) / 2 - b for r, g, b in pixels]
    return light, yellow, [r - g for r, g, _ in pixels], alpha


def _channel(values: Sequence[float], size: tuple[int, int], counts: tuple[int, int]) -> _Channel:
    """The lowest frequencies of a discrete cosine transform, the others than the first in 0..1."""
    (width, height), (nx, ny) = size, counts
    waves = [[math.cos(math.pi / width * c * (x + 0.5)) for x in range(width)] for c in range(nx)]
    found = []
    for cy in range(ny):
        fy = [math.cos(math.pi / height * cy * (y + 0.5)) for y in range(height)]
        column = [sum(values[x + y * width] * fy[y] for y in range(height)) for x in range(width)]
        for cx in range(nx):
            if cx * ny < nx * (ny - cy):
                total = sum(v * w for v, w in zip(column, waves[cx], strict=True))
                found.append(total / (width * height))
    dc, ac = found[0], found[1:]
    scale = max(map(abs, ac), default=0.0)
    return _Channel(dc, [0.5 + 0.5 / scale * value if scale else 0.0 for value in ac], scale)


def _head(parts: Sequence[_Channel], *, is_wide: bool, short: int, opaque: bool) -> bytes:
    light, yellow, red = parts
    first = (
        _level(63, light.dc)
        | _level(63, 0.5 + 0.5 * yellow.dc) << 6
        | _level(63, 0.5 + 0.5 * red.dc) << 12
        | _level(31, light.scale) << 18
        | (not opaque) << 23
    )
    second = short | _level(63, yellow.scale) << 3 | _level(63, red.scale) << 9 | is_wide << 15
    return first.to_bytes(3, "little") + second.to_bytes(2, "little")


def _level(most: int, value: float) -> int:
    return min(most, max(0, math.floor(most * value + 0.5)))
