"""One contract for all that keeps media."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
import pytest_asyncio

from chatserver.config import Settings
from chatserver.errors import NotFound, Unavailable
from chatserver.providers.blobs import Blobs
from chatserver.providers.s3 import S3Blobs
from chatserver.store.database import Database
from chatserver.store.gridfs import GridFSBlobs
from tests.acceptance.javascript import node, node_of_wheel

S3RVER = Path(__file__).parents[2] / "acceptance" / "js" / "s3.js"
SIZES = [0, 1, 261_119, 261_120, 261_121, 1_100_000, 5 * 2**20, 11_000_000]


@pytest.fixture(scope="module")
def s3_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that speaks S3, and checks signatures."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        node_of_wheel() or node(),
        str(S3RVER),
        str(port),
        str(tmp_path_factory.mktemp("s3")),
    ]
    with Popen(command, stdout=PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        yield f"http://127.0.0.1:{port}"
        server.kill()


def s3(address: str) -> S3Blobs:
    return S3Blobs(
        Settings(
            media_s3_bucket="media",
            media_s3_endpoint=address,
            media_s3_access_key="S3RVER",
            media_s3_secret_key="S3RVER",
        )
    )


@pytest_asyncio.fixture(params=["gridfs-motor", "gridfs-pymongo", "s3"])
async def blobs(request: pytest.FixtureRequest) -> AsyncIterator[Blobs]:
    if request.param == "s3":
        yield s3(request.getfixturevalue("s3_address"))
        return
    url, name = request.getfixturevalue("mongo_url"), request.getfixturevalue("prepared_name")
    driver = request.param.partition("-")[2]
    database = Database(url, name, driver=driver)
    yield GridFSBlobs(database)
    await database.close()


async def parts(data: bytes, size: int = 70_001) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(blobs: Blobs, key: str, first: int = 0, last: int | None = None) -> bytes:
    return b"".join([part async for part in blobs.read(key, first, last)])


def fresh() -> str:
    return f"{secrets.token_urlsafe(16)}/original"


@pytest.mark.asyncio
async def test_what_is_put_is_read_whole_and_by_ranges(blobs: Blobs) -> None:
    for size in SIZES:
        data, key = os.urandom(size), fresh()
        await blobs.put(key, parts(data))
        assert await blobs.size(key) == size
        assert await read(blobs, key) == data
        for first, last in ((0, 1), (size // 3, size // 2), (size - 1, size - 1), (1, size - 1)):
            if 0 <= first <= last < size:
                assert await read(blobs, key, first, last) == data[first : last + 1]


@pytest.mark.asyncio
async def test_what_was_never_put_or_deleted_is_not_there(blobs: Blobs) -> None:
    key = fresh()
    assert await blobs.size(key) is None
    with pytest.raises(NotFound):
        await read(blobs, key)
    await blobs.delete(key)
    await blobs.put(key, parts(b"x" * 300_000))
    await blobs.delete(key)
    await blobs.delete(key)
    assert await blobs.size(key) is None
    with pytest.raises(NotFound):
        await read(blobs, key)


@pytest.mark.parametrize("sent", [10, 600_000, 7_000_000])
@pytest.mark.asyncio
async def test_what_is_cut_off_is_not_there(blobs: Blobs, sent: int) -> None:
    async def cut() -> AsyncIterator[bytes]:
        async for part in parts(bytes(sent)):
            yield part
        raise ConnectionError("cut")

    key = fresh()
    with pytest.raises(ConnectionError):
        await blobs.put(key, cut())
    assert await blobs.size(key) is None
    with pytest.raises(NotFound):
        await read(blobs, key)


@pytest.mark.asyncio
async def test_who_stops_writing_leaves_nothing(blobs: Blobs) -> None:
    key, begun = fresh(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        async for part in parts(bytes(600_000)):
            yield part
        begun.set()
        await asyncio.Event().wait()

    putting = asyncio.ensure_future(blobs.put(key, endless()))
    await begun.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert await blobs.size(key) is None
    await blobs.delete(key)


@pytest.mark.asyncio
async def test_readers_and_writers_do_not_disturb_each_other(blobs: Blobs) -> None:
    many = {fresh(): os.urandom(400_000) for _ in range(5)}
    await asyncio.gather(*(blobs.put(key, parts(data)) for key, data in many.items()))
    found = await asyncio.gather(*(read(blobs, key) for key in many))
    assert list(found) == list(many.values())


@pytest.mark.asyncio
async def test_a_store_that_is_away_is_unavailable(unused: int) -> None:
    gone = s3(f"http://127.0.0.1:{unused}")
    with pytest.raises(Unavailable):
        await gone.put(fresh(), parts(b"x"))
    with pytest.raises(Unavailable):
        await gone.size(fresh())


@pytest.fixture
def unused() -> Iterator[int]:
    """A port on which nobody listens as long as this test runs."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
