"""What is accepted as what: the bytes decide, and nothing of a picture but the picture stays."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from PIL import Image

from tests.integration.media.conftest import Door, OpenDoor
from tests.integration.media.pictures import (
    HEIC,
    bomb,
    moving,
    photo,
    told_photo,
    unique,
    video,
    voice,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCRIPT = b"<!doctype html><script>alert(document.cookie)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PROGRAM = b"MZ\x90\0" + bytes(200)
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a", "b")
    return out.getvalue()


async def kept(door: Door, media: str, size: str = "original") -> Image.Image:
    blobs = door.node.services.media.blobs
    data = b"".join([part async for part in blobs.read(f"{media}/{size}")])
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


async def described(door: Door, kind: str, content: bytes, **more: Any) -> dict[str, Any]:
    answer = await door.create(kind, len(content), body=content, **more)
    assert answer.status == 201, answer.body
    said: dict[str, Any] = answer.json
    return said


MISTAKEN: list[tuple[str, bytes, str]] = [
    ("image", SCRIPT, "wrong_type"),
    ("image", SVG, "wrong_type"),
    ("image", PROGRAM, "wrong_type"),
    ("image", PDF, "wrong_type"),
    ("image", zipped(), "wrong_type"),
    ("image", voice(0.1), "wrong_type"),
    ("image", photo(40, 30, "BMP"), "wrong_type"),
    ("image", b"GIF89a/*" + bytes(30) + b"*/=1;alert(1)", "wrong_type"),
    ("image", bytes(100), "wrong_type"),
    ("image", photo()[:-3000], "unreadable"),
    ("image", photo(form="PNG")[:400], "unreadable"),
    ("image", bomb(), "too_large"),
    ("voice", photo(40, 30), "wrong_type"),
    ("voice", video(), "wrong_type"),
    ("voice", SCRIPT, "wrong_type"),
    ("voice", b"RIFF\x24\0\0\0WAVE", "unreadable"),
    ("voice", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "wrong_type"),
    ("video", voice(0.1), "wrong_type"),
    ("video", photo(40, 30), "wrong_type"),
    ("video", video()[:500], "unreadable"),
    ("video", video("matroska"), "wrong_type"),
]


async def test_what_is_not_of_its_kind_is_refused_and_gone(door: Door) -> None:
    for kind, content, code in MISTAKEN:
        place = (await door.create(kind, len(content))).headers["Location"]
        refused = await door.patch(place, 0, content)
        assert refused.status in (413, 415, 422)
        assert refused.code == code, (kind, content[:20])
        assert len(refused.json["message"]) > 20
        assert (await door.ask("HEAD", place)).status == 404


async def test_a_picture_says_nothing_of_who_took_it_where(door: Door) -> None:
    said = await described(door, "image", told_photo())
    assert (said["width"], said["height"]) == (320, 640), "turned upright"
    for size in ("original", "256"):
        picture = await kept(door, said["media"], size)
        assert not picture.getexif()
        assert not {"exif", "comment", "xmp", "icc_profile"} & picture.info.keys()
        assert picture.height == 2 * picture.width


async def test_a_picture_that_is_something_else_too_is_only_a_picture(door: Door) -> None:
    for tail in (SCRIPT, SVG, zipped()):
        said = await described(door, "image", photo(comment=SCRIPT) + tail)
        blobs = door.node.services.media.blobs
        data = b"".join([part async for part in blobs.read(f"{said['media']}/original")])
        assert b"script" not in data
        assert b"PK" not in data[-200:]


async def test_colours_become_those_that_every_screen_shows(door: Door) -> None:
    cmyk = io.BytesIO()
    Image.new("CMYK", (300, 300), (0, 200, 200, 0)).save(cmyk, "JPEG")
    said = await described(door, "image", cmyk.getvalue())
    picture = await kept(door, said["media"])
    assert picture.mode == "RGB"
    grey = await described(door, "image", photo(form="PNG", bits=8)[:])
    assert grey["type"] == "image/png"


async def test_what_can_be_seen_through_stays_so(door: Door) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (400, 300), (10, 200, 10, 100)).save(out, "PNG")
    said = await described(door, "image", out.getvalue())
    assert said["type"] == "image/png"
    for size in ("original", "256"):
        assert (await kept(door, said["media"], size)).mode == "RGBA"


async def test_pictures_of_iphones_become_such_as_all_can_show(door: Door) -> None:
    said = await described(door, "image", HEIC)
    assert (said["type"], said["width"], said["height"]) == ("image/jpeg", 64, 48)
    picture = await kept(door, said["media"])
    assert not picture.getexif()
    red = picture.getpixel((5, 5))
    assert isinstance(red, tuple)
    assert red[0] > 150 > red[1]


async def test_what_moves_goes_on_moving(door: Door) -> None:
    said = await described(door, "image", moving(5))
    assert said["type"] == "image/webp"
    picture = await kept(door, said["media"])
    assert picture.n_frames == 5


async def test_what_moves_for_too_long_stands_still(open_door: OpenDoor) -> None:
    door = await open_door(media_image_pixels=60 * 40 * 4)
    said = await described(door, "image", moving(6))
    assert said["type"] == "image/png"


async def test_how_loud_a_voice_is_the_server_hears_itself(door: Door) -> None:
    said = await described(door, "voice", voice(2), duration_ms=99_000, waveform="[100,100]")
    assert said["type"] == "audio/wav"
    assert abs(said["duration_ms"] - 2000) <= 40
    assert len(said["waveform"]) == 64
    assert said["waveform"][5] < said["waveform"][30] < said["waveform"][60] <= 100


async def test_a_video_has_a_poster(door: Door) -> None:
    said = await described(door, "video", video())
    assert (said["type"], said["width"], said["height"]) == ("video/mp4", 320, 200)
    assert said["poster"] is True
    assert abs(said["duration_ms"] - 1000) <= 100
    assert (await kept(door, said["media"], "poster")).size == (320, 200)
    assert said["placeholder"]


async def test_what_is_too_long_is_refused(open_door: OpenDoor) -> None:
    door = await open_door(media_voice_ms=500, media_video_ms=500)
    for kind, content in (("voice", voice(1.1)), ("video", video(frames=11))):
        refused = await door.create(kind, len(content), body=content)
        assert refused.code == "too_large"


FILES = [
    (PDF, "收据.pdf", "application/pdf"),
    (PDF + zipped(), "both.zip", "application/pdf"),
    (zipped(), "a.zip", "application/zip"),
    (SCRIPT, "page.html", "application/octet-stream"),
    (SVG, "x.svg", "application/octet-stream"),
    (PROGRAM, "setup.exe", "application/octet-stream"),
    (b"hello", "note.txt", "application/octet-stream"),
]


async def test_a_file_is_kept_as_it_came(door: Door) -> None:
    for content, name, type_ in FILES:
        said = await described(door, "file", content, name=name)
        assert (said["type"], said["name"], said["size"]) == (type_, name, len(content))


async def test_a_name_is_no_path(door: Door) -> None:
    said = await described(door, "file", unique(), name="../..\\etc/pass\nwd\u202egpj.exe")
    assert said["name"] == "passwdgpj.exe"


async def test_who_takes_too_long_to_look_into_is_refused_and_others_go_on(
    open_door: OpenDoor,
) -> None:
    slow = await open_door(media_work_ms=1)
    content = photo(300, 300)
    refused = await slow.create("image", len(content), body=content)
    assert (refused.status, refused.code) == (422, "unreadable")
    quick = await open_door()
    assert (await quick.create("image", len(content), body=content)).status == 201


async def test_a_worker_that_dies_fails_one_upload_only(door: Door) -> None:
    await described(door, "image", photo(200, 100))
    workshop = door.node.services.media.workshop
    for worker in workshop._idle:
        worker.kill()
        await worker.wait()
    content = photo(200, 101)
    first = await door.create("image", len(content), body=content)
    assert first.status in (201, 422)
    assert (await door.create("image", len(content), body=content)).status == 201
