"""The official JavaScript client: one Node process, in which each test has a client of its own."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from tests.acceptance.javascript import FOLDER, node


class JavaScript:
    """Does what it is told, and notes every event with its arguments."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience_s: float
    ) -> None:
        self.events: list[list[Any]] = []
        self._reader = reader
        self._writer = writer
        self._patience_s = patience_s
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._came = asyncio.Event()

    async def do(self, command: str, **fields: Any) -> dict[str, Any]:
        """Have it do something; what came of it."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "command": command, **fields})
        self._writer.write(line.encode() + b"\n")
        async with asyncio.timeout(self._patience_s):
            return await self._answers[number]

    async def ask(self, event: str, *args: Any, timeout_ms: int = 4000) -> Any:
        """Emit an event and wait for its acknowledgement; None if there is none in time."""
        answer = await self.do("ask", event=event, args=args, timeout=timeout_ms)
        return answer.get("answer")

    async def hears(self, event: str, times: int = 1) -> list[list[Any]]:
        """Wait until an event has come so often; the arguments of each."""
        async with asyncio.timeout(self._patience_s):
            while len(found := self.heard(event)) < times:
                self._came.clear()
                await self._came.wait()
        return found

    def heard(self, event: str) -> list[list[Any]]:
        """The arguments of each event of this name so far."""
        return [args for name, *args in self.events if name == event]

    async def transport(self) -> str:
        """What it speaks over at this moment."""
        return str((await self.do("transport"))["transport"])

    async def read(self) -> None:
        """Take what it says, until it ends."""
        async for line in self._reader:
            told = json.loads(line)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            else:
                self.events.append([told["event"], *told["args"]])
                self._came.set()


@contextmanager
def node_process() -> Iterator[int]:
    """A running Node; the port on which it makes clients."""
    with subprocess.Popen(
        [node(), str(FOLDER / "conformance.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield int(process.stdout.readline())
        process.stdin.close()


@asynccontextmanager
async def javascript(port: int, patience_s: float) -> AsyncIterator[JavaScript]:
    """A client that has not connected yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    client = JavaScript(reader, writer, patience_s)
    reading = asyncio.create_task(client.read())
    try:
        yield client
    finally:
        writer.close()
        await reading
