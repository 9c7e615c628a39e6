"""Sweeping: what nothing refers to goes in the end, and what a message refers to never does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from chatserver import clock
from chatserver.domain.media import SIZES
from chatserver.errors import NotFound, Unavailable
from tests.integration.media.conftest import Door, OpenDoor, doors, links, send, settings_of, sweep
from tests.integration.media.pictures import photo, unique

DAY_MS = 86_400_000


@pytest_asyncio.fixture
async def open_door(mongo_url: str, redis_url: str, empty_database: str) -> AsyncIterator[OpenDoor]:
    """Opens the doors of another node of a server that has nothing yet."""
    async with doors(settings_of(mongo_url, redis_url, empty_database)) as open_door:
        yield open_door


@pytest_asyncio.fixture
async def door(open_door: OpenDoor) -> Door:
    return await open_door()


async def blobs_of(door: Door, media: str) -> set[str]:
    blobs = door.node.services.media.blobs
    return {size for size in SIZES if await blobs.size(f"{media}/{size}") is not None}


async def everything(door: Door) -> dict[str, int]:
    """How many documents there are of each kind that media need."""
    names = ("uploads", "pieces", "media", "media.files", "media.chunks")
    collection = door.node.kept.database.collection
    return {name: await collection(name).count_documents({}) for name in names}


NOTHING = {"uploads": 0, "pieces": 0, "media": 0, "media.files": 0, "media.chunks": 0}


@pytest.mark.asyncio
async def test_what_was_never_sent_goes_after_a_day(door: Door) -> None:
    media = await door.upload("image", photo(1200, 800))
    place = (await door.create("file", 100, body=unique())).headers["Location"]
    assert await blobs_of(door, media) == {"original", "256", "1024"}
    await sweep(door.node, later_ms=DAY_MS - 60_000)
    assert await blobs_of(door, media) == {"original", "256", "1024"}
    assert (await door.ask("HEAD", place)).status == 200
    await sweep(door.node, later_ms=DAY_MS + 60_000)
    assert await everything(door) == NOTHING
    assert (await door.ask("HEAD", place)).status == 404


@pytest.mark.asyncio
async def test_what_a_message_refers_to_stays_until_all_are_recalled(door: Door) -> None:
    mei, lin = await door.node.arrive("mei"), await door.node.arrive("lin")
    await door.node.arrive("fang")
    conversation, other = await mei.open("lin"), await lin.open("fang")
    media = await door.upload("image", photo(300, 200))
    first, second = [await send(mei, conversation, media) for _ in range(2)]
    await lin.call(
        "message.forward",
        {"conversation": other, "client_id": "f", "from": conversation, "seqs": [first, second]},
    )
    await sweep(door.node, later_ms=50 * DAY_MS)
    for seq in (first, second):
        await mei.call("message.recall", {"conversation": conversation, "seq": seq})
    await sweep(door.node, later_ms=100 * DAY_MS)
    (card,) = await links(lin, other, 1)
    assert (await door.read(card["original"])).status == 200
    await lin.call("message.recall", {"conversation": other, "seq": 1})
    await sweep(door.node, later_ms=DAY_MS - 60_000)
    assert await blobs_of(door, media)
    await sweep(door.node, later_ms=DAY_MS + 60_000)
    assert await everything(door) == NOTHING


@pytest.mark.asyncio
async def test_whoever_sends_while_it_is_swept_either_has_it_or_is_told(door: Door) -> None:
    mei = await door.node.arrive("mei")
    await door.node.arrive("lin")
    conversation = await mei.open("lin")
    for _ in range(5):
        media = await door.upload("image", photo(40, 30) + unique())
        records = door.node.kept.database.collection("media")
        await records.update_one({"_id": media}, {"$set": {"due": 0}})
        sent, _ = await asyncio.gather(
            send(mei, conversation, media), sweep(door.node), return_exceptions=True
        )
        await sweep(door.node, later_ms=2 * DAY_MS)
        if isinstance(sent, NotFound):
            assert not await blobs_of(door, media)
        else:
            assert isinstance(sent, int)
            assert await blobs_of(door, media)


@pytest.mark.asyncio
async def test_a_message_on_its_way_keeps_what_it_refers_to(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweeper looks between the moment of the claim and that of the log."""
    mei = await door.node.arrive("mei")
    await door.node.arrive("lin")
    conversation = await mei.open("lin")
    media = await door.upload("image", photo(50, 30))
    log = door.node.kept.log
    append = log.append

    async def late(*args: Any, **more: Any) -> Any:
        await sweep(door.node, later_ms=DAY_MS - 60_000)
        return await append(*args, **more)

    monkeypatch.setattr(log, "append", late)
    seq = await send(mei, conversation, media)
    (urls,) = await links(mei, conversation, seq)
    assert (await door.read(urls["original"])).status == 200


@pytest.mark.asyncio
async def test_a_sweeper_that_died_anywhere_is_followed_by_one_that_ends_it(
    open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = await open_door()
    steps = 0
    while True:
        await door.upload("file", unique())
        await door.create("file", 100, body=unique())
        with monkeypatch.context() as patched:
            finished = await die_after(door, patched, steps)
        await sweep(door.node, later_ms=2 * DAY_MS)
        assert await everything(door) == NOTHING, steps
        if finished:
            break
        steps += 1
    assert steps >= 6


async def die_after(door: Door, patched: pytest.MonkeyPatch, steps: int) -> bool:
    """Sweep with a store that fails after some steps; whether it came to the end."""
    left = steps
    kept = door.node.kept
    for owner, name in (
        (kept.gridfs, "delete"), (kept.media, "take"), (kept.media, "remove"),
        (kept.uploads, "remove"),
    ):  # fmt: skip
        real = getattr(owner, name)

        async def dying(*args: Any, real: Any = real) -> Any:
            nonlocal left
            if left == 0:
                raise Unavailable
            left -= 1
            return await real(*args)

        patched.setattr(owner, name, dying)
    try:
        await sweep(door.node, later_ms=2 * DAY_MS)
    except Unavailable:
        return False
    return True


@pytest.mark.asyncio
async def test_what_a_killed_node_left_of_a_medium_goes_with_its_upload(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = photo(1200, 800)
    place = (await door.create("image", len(content))).headers["Location"]
    put = door.node.kept.gridfs.put

    async def cut(key: str, parts: AsyncIterator[bytes]) -> None:
        await put(key, parts)
        if key.endswith("/256"):
            raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(door.node.kept.gridfs, "put", cut)
        with pytest.raises(aiohttp.ClientError):
            await door.patch(place, 0, content)
    assert (await everything(door))["media.files"] == 2
    assert (await everything(door))["media"] == 0
    await sweep(door.node, later_ms=DAY_MS + 60_000)
    assert await everything(door) == NOTHING


@pytest.mark.asyncio
async def test_one_node_sweeps_at_a_time(open_door: OpenDoor) -> None:
    one, other = await open_door(), await open_door()
    media = await one.upload("file", os.urandom(10), name="x")
    now = clock.now_ms() + 2 * DAY_MS
    leases = one.node.kept.leases
    assert await leases.take("media sweep", "somebody else", now, now + 1000)
    assert not await other.node.services.media.sweeping.sweep(now)
    assert await blobs_of(one, media)
    assert not await one.node.services.media.sweeping.sweep(now + 1001)
    assert not await blobs_of(one, media)
    assert not await leases.take("media sweep", "somebody else", now + 1001, now + 2000)
