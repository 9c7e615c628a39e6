"""Uploads: whatever happens on the way, an upload becomes the right medium, once, or none."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.integration.media.conftest import Door, OpenDoor
from tests.integration.media.pictures import photo, unique

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def stored(door: Door, media: str, size: str = "original") -> bytes:
    parts = [part async for part in door.node.services.media.blobs.read(f"{media}/{size}")]
    return b"".join(parts)


async def test_a_small_photo_is_one_request(door: Door) -> None:
    content = photo()
    answer = await door.create("image", len(content), body=content)
    assert answer.status == 201
    assert answer.headers["Upload-Offset"] == str(len(content))
    said = answer.json
    assert said["media"] == answer.headers["Chat-Media"]
    assert (said["type"], said["width"], said["height"]) == ("image/jpeg", 640, 480)
    assert said["thumbs"] == [256]
    assert said["placeholder"]
    assert said["size"] == len(await stored(door, said["media"]))


async def test_an_upload_that_was_cut_goes_on_through_another_node(
    door: Door, open_door: OpenDoor
) -> None:
    other = await open_door()
    content = unique() + os.urandom(9_000_000)

    async def cut() -> AsyncIterator[bytes]:
        yield content[:6_000_000]
        raise ConnectionError("the train went into a tunnel")

    place = (await door.create("file", len(content), name="a.bin")).headers["Location"]
    with pytest.raises(aiohttp.ClientError):
        await door.patch(place, 0, cut())
    offset = 0
    async with asyncio.timeout(30):
        while offset < 4_000_000:  # the node learns a moment later that the line is cut
            head = await other.ask("HEAD", place)
            offset = int(head.headers["Upload-Offset"])
    assert "Chat-Media" not in head.headers
    async with asyncio.timeout(30):
        while True:
            head = await other.ask("HEAD", place)
            offset = int(head.headers["Upload-Offset"])
            answer = await other.patch(place, offset, io.BytesIO(content[offset:]))
            if answer.status == 204:
                break
            assert answer.status == 409  # the first node kept some more
    media = answer.headers["Chat-Media"]
    assert await stored(other, media) == content
    again = await door.ask("HEAD", place)
    assert again.headers["Chat-Media"] == media
    assert again.headers["Upload-Offset"] == again.headers["Upload-Length"] == str(len(content))


async def test_many_small_parts_come_together_and_wrong_offsets_are_refused(door: Door) -> None:
    content = unique() + os.urandom(1000)
    place = (await door.create("file", len(content), body=content[:100])).headers["Location"]
    for offset in range(100, len(content), 100):
        for wrong in (0, offset - 1, offset + 1, len(content)):
            assert (await door.patch(place, wrong, b"x")).status == 409
        answer = await door.patch(place, offset, content[offset : offset + 100])
        assert answer.status == 204
    assert await stored(door, answer.headers["Chat-Media"]) == content


async def test_too_many_parts_are_refused(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatserver.store.uploads.PIECES_MAX", 3)
    place = (await door.create("file", 10)).headers["Location"]
    for offset in range(3):
        assert (await door.patch(place, offset, b"x")).status == 204
    refused = await door.patch(place, 3, b"x")
    assert (refused.status, refused.code) == (409, "conflict")


async def test_more_than_was_said_is_refused(door: Door) -> None:
    place = (await door.create("file", 5)).headers["Location"]
    refused = await door.patch(place, 0, b"123456")
    assert (refused.status, refused.code) == (413, "too_large")
    assert (await door.ask("HEAD", place)).headers["Upload-Offset"] == "0"


async def test_what_fails_its_checksum_is_not_kept(door: Door) -> None:
    content = unique()
    place = (await door.create("file", len(content))).headers["Location"]
    right = {
        name: b64encode(hashlib.new(name, content).digest()).decode() for name in ("sha1", "sha256")
    }
    wrong = await door.patch(place, 0, content[::-1], Upload_Checksum=f"sha1 {right['sha1']}")
    assert (wrong.status, wrong.code) == (460, "checksum")
    assert (await door.ask("HEAD", place)).headers["Upload-Offset"] == "0"
    done = await door.patch(place, 0, content, Upload_Checksum=f"sha256 {right['sha256']}")
    assert done.status == 204
    for said in ("md5 AAAA", "sha1", "sha1 !!", "sha1 AAAA"):
        assert (await door.patch(place, 0, b"", Upload_Checksum=said)).status == 400


async def test_nobody_elses_upload_is_there(door: Door) -> None:
    place = (await door.create("file", 10, by="mei")).headers["Location"]
    for method in ("HEAD", "GET", "DELETE"):
        assert (await door.ask(method, place, by="eve")).status == 404
    assert (await door.patch(place, 0, b"x", by="eve")).status == 404
    assert (await door.ask("HEAD", place, by="mei")).headers["Upload-Offset"] == "0"
    assert (await door.ask("HEAD", place, by=None)).status == 401
    assert (await door.ask("HEAD", "/media/uploads/nothing", by="mei")).status == 404


async def test_what_is_given_up_is_gone(door: Door) -> None:
    place = (await door.create("file", 10, body=b"12345")).headers["Location"]
    assert (await door.ask("DELETE", place)).status == 204
    assert (await door.ask("HEAD", place)).status == 404
    assert (await door.patch(place, 5, b"67890")).status == 404


MISTAKEN: list[tuple[dict[str, str], int, str]] = [
    ({"Upload_Length": "x"}, 400, "invalid"),
    ({"Upload_Length": "-1"}, 400, "invalid"),
    ({"Upload_Length": "0"}, 400, "invalid"),
    ({"Upload_Length": "9" * 40}, 400, "invalid"),
    ({"Upload_Length": "99999999999"}, 413, "too_large"),
    ({"Upload_Metadata": ""}, 400, "invalid"),
    ({"Upload_Metadata": "kind !!"}, 400, "invalid"),
    ({"Upload_Metadata": "kind bm9uZQ=="}, 400, "invalid"),
    ({"Upload_Metadata": "kind ZmlsZQ==,name //8="}, 400, "invalid"),
    ({"Upload_Metadata": "kind dm9pY2U=,waveform WzEwMV0="}, 400, "invalid"),
    ({"Upload_Metadata": "kind dm9pY2U=,duration_ms bm9uZQ=="}, 400, "invalid"),
    ({"Tus_Resumable": "0.2.2"}, 412, "protocol_version"),
    ({"Authorization": "Bearer x"}, 401, "unauthorized"),
]


async def test_what_is_not_understood_is_refused_with_its_reason(door: Door) -> None:
    good = {"Upload_Length": "10", "Upload_Metadata": "kind ZmlsZQ=="}
    for said, status, code in MISTAKEN:
        by = None if "Authorization" in said else "mei"
        answer = await door.ask("POST", "/media/uploads", by=by, **{**good, **said})
        assert (answer.status, answer.code) == (status, code), said


async def test_it_tells_what_it_can(door: Door) -> None:
    answer = await door.ask("OPTIONS", "/media/uploads", by=None)
    assert answer.status == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert "creation-with-upload" in answer.headers["Tus-Extension"]
    assert answer.headers["Tus-Max-Size"] == str(door.settings.media_file_bytes)
    assert (await door.ask("PUT", "/media/uploads")).status == 405
    place = (await door.create("file", 1)).headers["Location"]
    disguised = await door.ask("POST", place, X_HTTP_Method_Override="HEAD")
    assert disguised.headers["Upload-Offset"] == "0"


async def test_unfinished_uploads_of_one_person_are_bounded(open_door: OpenDoor) -> None:
    door = await open_door(media_unfinished_max=2, media_unfinished_bytes=1000)
    first = (await door.create("file", 600, by="wu")).headers["Location"]
    assert (await door.create("file", 600, by="wu")).code == "rate_limited"
    assert (await door.create("file", 100, by="wu")).status == 201
    assert (await door.create("file", 100, by="wu")).code == "rate_limited"
    assert (await door.create("file", 100, by="zhao")).status == 201
    await door.ask("DELETE", first, by="wu")
    assert (await door.create("file", 600, by="wu")).status == 201


async def test_a_node_receives_no_more_at_once_than_it_is_set_to(open_door: OpenDoor) -> None:
    door = await open_door(media_uploads_at_once=1)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"1"
        begun.set()
        await go_on.wait()
        yield b"2"

    first = (await door.create("file", 2)).headers["Location"]
    second = (await door.create("file", 2, by="eve")).headers["Location"]
    running = asyncio.ensure_future(door.patch(first, 0, slow()))
    await begun.wait()
    async with asyncio.timeout(30):
        while not door.node.services.media.uploads.receiving:  # noqa: ASYNC110 - no such event
            await asyncio.sleep(0.01)
    refused = await door.patch(second, 0, b"12", by="eve")
    assert (refused.status, refused.code) == (503, "busy")
    assert refused.headers["Retry-After"]
    go_on.set()
    assert (await running).status == 204
    assert (await door.patch(second, 0, b"12", by="eve")).status == 204


async def test_who_comes_anew_waits_for_no_connection_that_hangs(door: Door) -> None:
    begun = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield b"12345"
        begun.set()
        await asyncio.Event().wait()

    place = (await door.create("file", 10)).headers["Location"]
    lost = asyncio.ensure_future(door.patch(place, 0, hanging()))
    await begun.wait()
    async with asyncio.timeout(30):
        while not door.node.services.media.uploads.receiving:  # noqa: ASYNC110 - no such event
            await asyncio.sleep(0.01)
        assert (await door.patch(place, 0, b"1234567890")).code == "locked"
        status = 0
        while status != 204:  # what came on the connection that hung may have been kept or not
            at = int((await door.ask("HEAD", place)).headers["Upload-Offset"])
            status = (await door.patch(place, at, b"1234567890"[at:])).status
    with pytest.raises(aiohttp.ClientError):
        await lost


async def test_the_same_again_gets_the_same_medium(door: Door) -> None:
    content = photo(300, 200)
    first = await door.upload("image", content)
    assert await door.upload("image", content) == first
    assert await door.upload("image", content, by="eve") != first
    assert await door.upload("file", content, name="a.jpg") != first
    named = await door.upload("file", content, name="a.jpg")
    assert await door.upload("file", content, name="b.jpg") != named


async def test_a_full_disk_is_busy_and_leaves_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = (await door.create("file", 10)).headers["Location"]

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("chatserver.providers.media.spool.Spool._append", full)
        refused = await door.patch(place, 0, b"1234567890")
    assert (refused.status, refused.code) == (503, "busy")
    assert (await door.ask("HEAD", place)).headers["Upload-Offset"] == "0"
    assert (await door.patch(place, 0, b"1234567890")).status == 204


async def test_a_store_that_fails_leaves_nothing_that_can_be_sent(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatserver.errors import Unavailable

    content = photo(700, 500)
    place = (await door.create("image", len(content))).headers["Location"]
    before = await door.node.kept.media.due(2**53, 10_000)
    put = door.node.kept.gridfs.put
    calls = 0

    async def failing(key: str, parts: AsyncIterator[bytes]) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Unavailable
        await put(key, parts)

    with monkeypatch.context() as patched:
        patched.setattr(door.node.kept.gridfs, "put", failing)
        refused = await door.patch(place, 0, content)
    assert (refused.status, refused.code) == (503, "unavailable")
    head = await door.ask("HEAD", place)
    assert head.headers["Upload-Offset"] == "0"
    assert "Chat-Media" not in head.headers
    assert await door.node.kept.media.due(2**53, 10_000) == before
    assert (await door.patch(place, 0, content)).status == 204


async def test_twenty_photos_at_once_hold_nobody_up(open_door: OpenDoor) -> None:
    door = await open_door(media_uploads_at_once=30)
    contents = [photo(1000, 700 + n) for n in range(20)]
    turns, longest = 0, 0.0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal turns, longest
        loop = asyncio.get_running_loop()
        while not done.is_set():
            before = loop.time()
            await asyncio.sleep(0.01)
            turns, longest = turns + 1, max(longest, loop.time() - before - 0.01)

    watching = asyncio.ensure_future(watch())
    people = [f"p{n % 5}" for n in range(20)]
    media = await asyncio.gather(
        *(door.upload("image", c, by=p) for c, p in zip(contents, people, strict=True))
    )
    done.set()
    await watching
    assert len(set(media)) == 20
    assert turns > 20  # decoding them here would leave time for a handful
    assert longest < 10
