"""Somebody who reads nothing, while much is said."""

from __future__ import annotations

import asyncio

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import Person, eventually
from tests.acceptance.conftest import Cast
from tests.acceptance.rawsocket import joined_socket

# not cut off for an unanswered ping, but for what waits
STALLED = {"outbox_bytes": 100_000, "ping_timeout_ms": 300_000}
BATCHES = 60  # 19 MB in all: more than any kernel holds for a reader
AT_ONCE = 40
BODY = {"text": "x" * 8000}


async def stalled_reader_is_cut_off(server: ChatServer, cast: Cast, within_s: float) -> bool:
    """Whether the server closes the socket of somebody who reads nothing, and serves who writes.

    It runs with the settings `STALLED`; `within_s` is how long it may take to notice at the end.
    """
    lin, slow = await cast.join("lin", server), cast.name("slow")

    def is_gone() -> bool:
        return bool(lin.seen("presence", user=slow, state="offline"))

    async with joined_socket(server.url, slow):
        room = await lin.open(slow)
        await lin.ask("presence.watch", users=[slow])
        for batch in range(BATCHES):
            await _say_much(lin, room, batch)
            if is_gone():
                return True
        try:
            await eventually(is_gone, "it is cut off", within_s)
        except AssertionError:
            return False
        return True


async def _say_much(lin: Person, room: str, batch: int) -> None:
    payloads = [
        {"conversation": room, "client_id": f"c{batch}-{n}", "kind": "text", "body": BODY}
        for n in range(AT_ONCE)
    ]
    answers = [await lin.begin("message.send", payload) for payload in payloads]
    assert all(ack["ok"] for ack in await asyncio.gather(*answers))
