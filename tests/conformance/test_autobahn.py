"""RFC 6455 by the cases of the Autobahn test suite, over our WebSocket alone."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from kosoku import FailureError, run_fuzzingclient

from chatserver.gateway.engine.connection import WebSocket
from chatserver.gateway.engine.frames import Frame, frame
from chatserver.gateway.engine.handshake import switching
from chatserver.gateway.engine.request import Request
from tests.examples import ALL

LARGEST = 2**24 + 1  # cases 9.1.6 and 9.2.6 send 16 MiB

LARGE = ["9.*"]  # messages of up to 16 MiB, in many ways of cutting them
ONE_OF_EACH = ["9.1.6", "9.2.6", "9.3.5", "9.4.5", "9.5.3", "9.6.3", "9.7.1", "9.8.1"]
COMPRESSED = ["12.*", "13.*"]  # permessage-deflate, which is never negotiated
BINARY = 0x82


class EchoSocket(asyncio.Protocol):
    """Takes one handshake, then sends back whatever comes, text or binary."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end:
            return
        request = Request("/", head.partition(b"\r\n")[2], "")
        self._websocket = WebSocket(self._transport, self, LARGEST)
        self._transport.write(switching(request.headers()))
        self._transport.set_protocol(self._websocket)
        self._websocket.data_received(rest)

    def received(self, message: str | bytes) -> None:
        echo = Frame(message if isinstance(message, str) else "")
        if isinstance(message, bytes):
            echo.wire = frame(BINARY, message)
        self._websocket.send([echo])

    def flush(self) -> None:
        """Nothing waits: what is sent is sent at once."""

    def hung_up(self) -> None:
        self._transport.close()

    def lost(self, reason: str) -> None:
        """Nothing is held."""


async def failures(cases: list[str], excluded: list[str]) -> list[str]:
    """The cases that an echo over our WebSocket does not pass."""
    server = await asyncio.get_running_loop().create_server(EchoSocket, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        await run_fuzzingclient(f"ws://127.0.0.1:{port}", cases, excluded, concurrency=16)
    except FailureError as failed:
        return [
            f"{each.case_id}: {each.result} {each.result_close} {each.expectation}"
            for each in failed.results
            if not each.passed
        ]
    finally:
        server.close()
    return []


@pytest.mark.asyncio
async def test_every_case_passes() -> None:
    assert not await failures(["*"], [*LARGE, *COMPRESSED])


@pytest.mark.asyncio
async def test_cases_with_large_messages_pass() -> None:
    assert not await failures(LARGE if ALL else ONE_OF_EACH, [])
