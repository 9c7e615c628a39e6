"""A room of many listeners, as the load process sees it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from loadtest.bench.seed import Seed
from loadtest.rivals.sizes import EVENT_BYTES, ROOM
from loadtest.swarm import frames
from loadtest.swarm.client import Client
from loadtest.swarm.crowd import Door, Place, Who
from loadtest.swarm.failed import Failed
from loadtest.swarm.usage import Stopwatch, Usage

TELLER = "teller"
AT_ONCE = 50
Ack = asyncio.Future[dict[str, Any]]


class Delivered(Struct, frozen=True, kw_only=True):
    """A run in which every listener got every message once."""

    messages: int
    deliveries: int
    seconds: float
    event_bytes: float  # on the wire, with the frame's header, on average
    usage: Usage


class Room:
    """Listeners who are members of a room, each with a device, and senders: one more's devices."""

    def __init__(self, place: Place, patience_s: float, *others: Place) -> None:
        """What is not delivered within `patience_s` is lost; `others` are further nodes, over
        which the listeners spread evenly."""
        self._place = place
        self._patience_s = patience_s
        self._door = Door(place)
        self._doors = (self._door, *map(Door, others))
        self._listeners: list[Client] = []
        self._senders: list[Client] = []
        self._numbers = itertools.count(1)
        self._text = ""
        self._missing = 0
        self._done = asyncio.Event()

    async def gather(self, listeners: int, senders: int) -> None:
        """Have everybody come."""
        devices = [Who(member(number), "phone", (ROOM,)) for number in range(listeners)]
        tellers = [Who(TELLER, f"t{number}") for number in range(senders)]
        for number, door in enumerate(self._doors):
            theirs = door.greetings(devices[number :: len(self._doors)])
            self._listeners += await door.come_all(theirs, AT_ONCE)
        self._senders = await self._door.come_all(self._door.greetings(tellers), AT_ONCE)
        self._text = self._place.dialect.padding(ROOM, TELLER, EVENT_BYTES)
        for listener in self._listeners:
            listener.heard = self._heard

    async def one_in_flight(self, for_s: float) -> Delivered:
        """Send a message, wait until everybody has it and it is acknowledged, send the next.

        Raises:
            Failed: somebody did not get every message exactly once.
        """
        messages, before, watch = 0, self._counts(), Stopwatch(self._place)
        end = time.perf_counter() + for_s
        while time.perf_counter() < end:
            messages += 1
            await self._deliver(self._senders[:1], 1)
        return self._delivered(messages, before, watch.stop())

    async def burst(self, messages: int) -> Delivered:
        """Send many messages without waiting, in turn from all senders, until everybody has all.

        Raises:
            Failed: somebody did not get every message exactly once.
        """
        before, watch = self._counts(), Stopwatch(self._place)
        await self._deliver(self._senders, messages)
        return self._delivered(messages, before, watch.stop())

    async def _deliver(self, senders: list[Client], messages: int) -> None:
        self._expect(messages)
        acks = [self._send(senders[at % len(senders)]) for at in range(messages)]
        await self._all_delivered(acks)

    def _expect(self, messages: int) -> None:
        self._missing = messages * len(self._listeners)
        self._done.clear()

    async def _all_delivered(self, acks: Sequence[Ack | None]) -> None:
        """Return when everything expected is there, and acknowledged where that is the custom."""
        expected = self._missing
        try:
            async with asyncio.timeout(self._patience_s):
                for ack in acks:
                    _accept(await ack if ack is not None else {"ok": True})
                await self._done.wait()
        except TimeoutError:
            raise Failed(
                f"{self._missing:,} deliveries, of {expected:,} that were due, or their "
                f"acknowledgements were missing after {self._patience_s:.0f} s"
            ) from None

    def _send(self, sender: Client) -> Ack | None:
        number, dialect = next(self._numbers), self._place.dialect
        ack = sender.expect(number) if dialect.acknowledges else None
        sender.send(frames.masked(dialect.message(ROOM, number, self._text)))
        return ack

    def _heard(self, _client: Client, count: int) -> None:
        self._missing -= count
        if self._missing <= 0:
            self._done.set()

    def _counts(self) -> list[tuple[int, int]]:
        return [(listener.messages, listener.bytes) for listener in self._listeners]

    def _delivered(self, messages: int, before: list[tuple[int, int]], usage: Usage) -> Delivered:
        """The run's figures, once everybody has exactly what was sent."""
        got = [now - then for (now, _), (then, _) in zip(self._counts(), before, strict=True)]
        wrong = [count for count in got if count != messages]
        if wrong:
            raise Failed(
                f"{len(wrong)} of {len(got)} listeners did not get each of {messages} messages "
                f"once; one got {wrong[0]}"
            )
        size = sum(now - then for (_, now), (_, then) in zip(self._counts(), before, strict=True))
        return Delivered(
            messages=messages,
            deliveries=sum(got),
            seconds=usage.wall_s,
            event_bytes=size / max(1, sum(got)),
            usage=usage,
        )


def member(number: int) -> str:
    """Who one of the listeners is."""
    return f"listener-{number}"


def seeded(listeners: int) -> Seed:
    """The room as a server has it that stores: a group of all listeners, and who tells them."""
    members = [TELLER, *map(member, range(listeners))]
    seed = Seed()
    seed.people(members)
    seed.room(ROOM, members)
    return seed


def _accept(answer: dict[str, Any]) -> None:
    if not answer["ok"]:
        raise Failed(f"a message was refused: {answer}")
