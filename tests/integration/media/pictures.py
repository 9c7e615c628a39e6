"""Media made for tests."""

from __future__ import annotations

import io
import math
import secrets
import wave
import zlib
from array import array
from base64 import b64decode
from typing import Any

from PIL import Image


def photo(width: int = 640, height: int = 480, form: str = "JPEG", **options: Any) -> bytes:
    """A picture with something on it."""
    out = io.BytesIO()
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    picture.paste((200, 30, 30), (0, 0, width // 2, height // 3))
    picture.save(out, form, **options)
    return out.getvalue()


def told_photo() -> bytes:
    """A picture on its side, taken by somebody somewhere."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010F] = "Camera of Mei"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 0.0), 3: "E", 4: (121.0, 28.0, 0.0)})
    return photo(640, 320, exif=exif, comment=b"at home")


def moving(frames: int = 5) -> bytes:
    """A GIF that moves."""
    out = io.BytesIO()
    first, *others = [Image.new("RGB", (60, 40), (40 * n, 0, 0)) for n in range(frames)]
    first.save(out, "GIF", save_all=True, append_images=others, duration=80, loop=0)
    return out.getvalue()


# a red HEIC of 64 × 48 pixels that names its camera; nothing here can write one
HEIC = b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAb5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB4gABAAAAAAAAABgAAgAAAAAB+gABAAAAAAAAADIAAAA4aWlu"
    "ZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA"
    "/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkA"
    "AAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAA"
    "AAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAABppcmVmAAAAAAAA"
    "AA5jZHNjAAIAAQABAAAAUm1kYXQAAAAUKAGvBBj4ynHX//MhH5+AuGHSEecAAAAGRXhpZgAATU0AKgAAAAgAAQEP"
    "AAIAAAAOAAAAGgAAAABDYW1lcmEgb2YgTWVpAA=="
)


def voice(seconds: float = 1.0, rate: int = 8000) -> bytes:
    """Somebody who hums louder and louder."""
    out = io.BytesIO()
    count = int(seconds * rate)
    samples = [int(30000 * n / count * math.sin(n / 5)) for n in range(count)]
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(array("h", samples).tobytes())
    return out.getvalue()


def video(form: str = "mp4", codec: str = "mpeg4", frames: int = 10) -> bytes:
    """A second of a picture."""
    import av

    out = io.BytesIO()
    picture = Image.open(io.BytesIO(photo(320, 200)))
    with av.open(out, "w", format=form) as file:
        stream: Any = file.add_stream(codec, rate=frames)
        stream.width, stream.height, stream.pix_fmt = 320, 200, "yuv420p"
        for _ in range(frames):
            file.mux(stream.encode(av.VideoFrame.from_image(picture)))
        file.mux(stream.encode())
    return out.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A PNG of some kilobytes that says that it has very many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + name + data + check

    head = side.to_bytes(4, "big") * 2 + b"\x01\x00\x00\x00\x00"
    rows = zlib.compress(b"\0" * (side // 8 + 1) * 200, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def unique() -> bytes:
    """Some bytes that no other test has."""
    return secrets.token_bytes(8)
