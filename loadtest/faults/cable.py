"""A cable to a server, that can be cut or slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class Cable:
    """Passes bytes on in both directions."""

    def __init__(self, port: int) -> None:
        """The far end is this port of this machine."""
        self._port = port
        self._ends: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._whole = True
        self._delay_s = 0.0

    def cut(self) -> None:
        """Every connection over it is reset; new ones go through."""
        for end in tuple(self._ends):
            end.transport.abort()

    @contextmanager
    def severed(self) -> Iterator[None]:
        """Every connection over it is reset, and new ones are too until this ends."""
        self._whole = False
        self.cut()
        try:
            yield
        finally:
            self._whole = True

    @contextmanager
    def slow(self, delay_s: float) -> Iterator[None]:
        """Everything takes this much longer each way until this ends."""
        self._delay_s = delay_s
        try:
            yield
        finally:
            self._delay_s = 0.0

    def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either side ends it."""
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def close(self) -> None:
        """End all connections over it."""
        self._whole = False
        self.cut()
        await asyncio.gather(*self._passing)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        self._ends |= {writer, far_writer}
        if not self._whole:  # it is cut, or was meanwhile
            for end in (writer, far_writer):
                if not end.transport.is_closing():
                    end.transport.abort()
        both = (self._pass(reader, far_writer), self._pass(far_reader, writer))
        await asyncio.gather(*both)
        self._ends -= {writer, far_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (data := await reader.read(2**16)) and not writer.is_closing():
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                writer.write(data)
        except OSError:
            pass  # as good an end as any
        writer.close()


@asynccontextmanager
async def cable_to(port: int) -> AsyncIterator[tuple[Cable, str]]:
    """A cable to a port of this machine, and the URL of its near end."""
    cable = Cable(port)
    server = await asyncio.start_server(cable.connect, "127.0.0.1", 0)
    try:
        yield cable, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await cable.close()
