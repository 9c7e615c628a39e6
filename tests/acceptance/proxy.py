"""A way to MongoDB that kills a server at the worst moment: written, and not yet told."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

HEADER = struct.Struct("<iiii")  # length, request id, response to, operation


class MongoProxy:
    """Passes MongoDB's messages on; once armed it holds back the answer to the next insert.

    Or to the next command of another name, with another argument than that collection.
    """

    def __init__(
        self, mongo_url: str, collection: str | None = "messages", command: str = "insert"
    ) -> None:
        parts = urlsplit(mongo_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 27017)
        self._mark = command.encode() + b"\0"
        if collection is not None:
            self._mark += struct.pack("<i", len(collection) + 1) + collection.encode()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._on_written: Callable[[], None] | None = None
        self.cuts = 0

    @property
    def url(self) -> str:
        """An address that keeps the driver from finding its own way round the proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"mongodb://127.0.0.1:{port}/?directConnection=true"

    async def start(self) -> MongoProxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()  # the tasks end by themselves then
        await asyncio.gather(*self._tasks)

    def arm(self, on_written: Callable[[], None]) -> None:
        """With the next one: call this when it is done, and let nobody hear of it."""
        self._on_written = on_written

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, far_writer}
        inserts: set[int] = set()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(reader, far_writer, inserts))
                both.create_task(self._answer(far_reader, writer, inserts))
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one side is gone, so the other goes too
        finally:
            for side in (writer, far_writer):
                self._writers.discard(side)
                side.close()
                with contextlib.suppress(OSError):
                    await side.wait_closed()

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inserts: set[int]
    ) -> None:
        while True:
            request, _, message = await _message(reader)
            if self._mark in message:
                inserts.add(request)
            writer.write(message)
            await writer.drain()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inserts: set[int]
    ) -> None:
        while True:
            _, request, message = await _message(reader)
            if request in inserts and self._on_written is not None:
                on_written, self._on_written = self._on_written, None
                self.cuts += 1
                on_written()
                raise ConnectionResetError
            inserts.discard(request)
            writer.write(message)
            await writer.drain()


async def _message(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    header = await reader.readexactly(HEADER.size)
    length, request, response_to, _ = HEADER.unpack(header)
    return request, response_to, header + await reader.readexactly(length - HEADER.size)
