"""A room in which messages are due at fixed times, as the load process sees it."""

from __future__ import annotations

import time

from hdrh.histogram import HdrHistogram
from msgspec import Struct

from loadtest.bench.engine.room import Room, member
from loadtest.rivals.sizes import ROOM
from loadtest.swarm.client import Client
from loadtest.swarm.crowd import Place, Who
from loadtest.swarm.pace import wait_until
from loadtest.swarm.usage import Stopwatch, Usage, resident_bytes

LOOK_EVERY = 20  # messages
LONGEST_US = 60_000_000


class Paced(Struct, frozen=True, kw_only=True):
    """A stretch in which messages went out at a steady pace."""

    messages: int
    p99_ms: float  # from when a message was due to each delivery
    gained_bytes: int  # at most, of the server's memory
    usage: Usage


class PacedRoom(Room):
    """A room in which messages are due at fixed times."""

    def __init__(self, place: Place, patience_s: float) -> None:
        super().__init__(place, patience_s)
        self._due: list[float] = []
        self._before = 0
        self._waits = HdrHistogram(1, LONGEST_US, 3)
        self._stopped: list[Client] = []

    async def fill(self, text_bytes: int) -> None:
        """Let messages be this large."""
        self._text = "x" * text_bytes

    async def stop_one(self) -> int:
        """A member's second device comes and stops reading at once; the port it came from."""
        who = Who(member(0), f"stopped-{len(self._stopped)}", (ROOM,))
        [greeting] = self._door.greetings([who])
        client = await self._door.come(greeting, narrow=True)
        client.transport.pause_reading()
        self._stopped.append(client)
        return int(client.transport.get_extra_info("sockname")[1])

    async def paced(self, messages: int, rate: float) -> Paced:
        """Messages go out at this rate per second; those who read get all of them.

        Raises:
            Failed: somebody who reads did not get every message exactly once.
        """
        counts, watch = self._counts(), Stopwatch(self._place)
        self._waits.reset()
        self._due.clear()
        self._before = self._listeners[0].messages
        for listener in self._listeners:
            listener.heard = self._heard_paced
        memory = [resident_bytes(self._place.pid)]
        began = time.perf_counter()
        self._expect(messages)
        acks = []
        for number in range(messages):
            await wait_until(began + number / rate)
            self._due.append(began + number / rate)
            acks.append(self._send(self._senders[number % len(self._senders)]))
            if number % LOOK_EVERY == 0:
                memory.append(resident_bytes(self._place.pid))
        await self._all_delivered(acks)
        delivered = self._delivered(messages, counts, watch.stop())
        return Paced(
            messages=messages,
            p99_ms=self._waits.get_value_at_percentile(99) / 1000,
            gained_bytes=max(*memory, resident_bytes(self._place.pid)) - memory[0],
            usage=delivered.usage,
        )

    def _heard_paced(self, client: Client, count: int) -> None:
        now, last = time.perf_counter(), client.messages - self._before
        for due in self._due[last - count : last]:
            self._waits.record_value(int(1e6 * (now - due)))
        self._heard(client, count)
