"""Pairs of people who talk in conversations of their own, as the load process sees them."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from hdrh.histogram import HdrHistogram
from msgspec import Struct

from loadtest.rivals.sizes import EVENT_BYTES
from loadtest.swarm import frames
from loadtest.swarm.client import Client
from loadtest.swarm.crowd import Door, Place, Who
from loadtest.swarm.failed import Failed
from loadtest.swarm.pace import wait_until
from loadtest.swarm.usage import Stopwatch, Usage

AT_ONCE = 100
TICK_S = 0.001
LAST_WITHIN_S = 20.0
LONGEST_US = 60_000_000


class Talk(Struct, frozen=True, kw_only=True):
    """A stretch of talking; waits are from when a message was due to be sent to its delivery."""

    messages: int
    usage: Usage
    p50_ms: float
    p99_ms: float


class Pair:
    """A sender, the peer who receives, and what is on its way between them."""

    def __init__(self, sender: Client, peer: Client) -> None:
        self.sender = sender
        self.peer = peer
        self.room = ""
        self.text = ""
        self.due: deque[float] = deque()  # of messages that the peer does not have yet
        self.unacknowledged = 0
        self.numbers: list[int] = []  # what senders were told, in the order of sending

    @property
    def quiet(self) -> bool:
        """Whether nothing is on its way."""
        return not self.due and not self.unacknowledged


class Pairs:
    """All pairs of one product."""

    def __init__(self, place: Place, *others: Place) -> None:
        """Where there are other nodes, the two of a pair are at two nodes, chosen at random."""
        self._place = place
        self._doors = tuple(map(Door, (place, *others)))
        self._name = ""
        self._pairs: list[Pair] = []
        self._ids = itertools.count(1)
        self._sent = 0
        self._refused: dict[str, Any] | None = None
        self._waits = HdrHistogram(1, LONGEST_US, 3)
        self._on_quiet: Callable[[Pair], None] = lambda _: None

    async def gather(self, count: int, name: str = "") -> None:
        """Have everybody come and open the conversations; `name` begins everybody's own."""
        self._name = name
        choose = random.Random(count)
        chosen = [self._two_doors(choose) for _ in range(count)]
        senders = await self._come("sender", [one for one, _ in chosen])
        peers = await self._come("peer", [other for _, other in chosen])
        self._pairs = [Pair(sender, peer) for sender, peer in zip(senders, peers, strict=True)]
        opening = iter(enumerate(self._pairs))
        await asyncio.gather(*(self._open(opening) for _ in range(AT_ONCE)))

    async def talk(self, for_s: float) -> Talk:
        """Everybody sends a message as soon as the last one is acknowledged and delivered.

        Raises:
            Failed: a message was refused, lost, doubled or out of order.
        """
        end = time.perf_counter() + for_s
        self._on_quiet = lambda pair: (
            self._send(pair, time.perf_counter()) if time.perf_counter() < end else None
        )
        watch = self._begin()
        for pair in self._pairs:
            self._send(pair, time.perf_counter())
        await asyncio.sleep(for_s)
        return await self._end(watch)

    async def talk_at(self, rate: float, for_s: float) -> Talk:
        """Messages go out at this rate per second, whatever became of the ones before.

        Raises:
            Failed: as for `talk`.
        """
        self._on_quiet = lambda _: None
        senders = itertools.cycle(self._pairs)
        watch, began = self._begin(), time.perf_counter()
        for number in range(int(rate * for_s)):
            due = began + number / rate
            await wait_until(due)
            self._send(next(senders), due)
        return await self._end(watch)

    async def numbers(self) -> dict[str, list[int]]:
        """What senders were told so far, by conversation."""
        return {pair.room: pair.numbers for pair in self._pairs}

    def _two_doors(self, choose: random.Random) -> tuple[Door, Door]:
        if len(self._doors) == 1:
            return self._doors[0], self._doors[0]
        one, other = choose.sample(self._doors, 2)
        return one, other

    async def _come(self, side: str, doors: Sequence[Door]) -> list[Client]:
        """Everybody of one side, each through the door that was chosen."""
        came: dict[int, Client] = {}
        for door in dict.fromkeys(doors):
            theirs = [number for number, chosen in enumerate(doors) if chosen is door]
            people = [Who(self._user(side, number), side) for number in theirs]
            clients = await door.come_all(door.greetings(people), AT_ONCE)
            came.update(zip(theirs, clients, strict=True))
        return [came[number] for number in range(len(doors))]

    def _user(self, side: str, number: int) -> str:
        return f"{self._name}{side}-{number}"

    async def _open(self, opening: Iterator[tuple[int, Pair]]) -> None:
        dialect = self._place.dialect
        for number, pair in opening:
            me, other = self._user("sender", number), self._user("peer", number)
            pair.room = await dialect.room(pair.sender, me, other)
            pair.text = dialect.padding(pair.room, me, EVENT_BYTES)
            pair.peer.heard = partial(self._delivered, pair)

    def _send(self, pair: Pair, due: float) -> None:
        number = next(self._ids)
        pair.due.append(due)
        pair.unacknowledged += 1
        self._sent += 1
        pair.sender.expect(number).add_done_callback(partial(self._acknowledged, pair))
        pair.sender.send(frames.masked(self._place.dialect.message(pair.room, number, pair.text)))

    def _acknowledged(self, pair: Pair, ack: asyncio.Future[Any]) -> None:
        answer = {} if ack.exception() else ack.result()
        pair.unacknowledged -= 1
        if answer.get("ok"):
            pair.numbers.append(answer["seq"])
            self._look(pair)
        else:
            self._refused = answer

    def _delivered(self, pair: Pair, _client: Client, count: int) -> None:
        now = time.perf_counter()
        for _ in range(min(count, len(pair.due))):
            self._waits.record_value(int(1e6 * (now - pair.due.popleft())))
        self._look(pair)

    def _look(self, pair: Pair) -> None:
        if pair.quiet:
            self._on_quiet(pair)

    def _begin(self) -> Stopwatch:
        self._sent = 0
        self._waits.reset()
        return Stopwatch(self._place)

    async def _end(self, watch: Stopwatch) -> Talk:
        deadline = time.perf_counter() + LAST_WITHIN_S
        while not self._refused and any(not pair.quiet for pair in self._pairs):
            await asyncio.sleep(TICK_S)
            if time.perf_counter() > deadline:
                waiting = sum(not pair.quiet for pair in self._pairs)
                raise Failed(
                    f"{waiting} pairs still waited for a message {LAST_WITHIN_S:.0f} s later"
                )
        usage = watch.stop()
        self._check()
        return Talk(
            messages=self._sent,
            usage=usage,
            p50_ms=self._waits.get_value_at_percentile(50) / 1000,
            p99_ms=self._waits.get_value_at_percentile(99) / 1000,
        )

    def _check(self) -> None:
        if self._refused is not None:
            raise Failed(f"a message was refused: {self._refused}")
        for pair in self._pairs:
            count = len(pair.numbers)
            if pair.numbers != list(range(1, count + 1)):
                raise Failed(f"{pair.room}: a sender was told {pair.numbers[:50]}")
            if pair.peer.messages != count:
                raise Failed(f"{pair.room}: {count} sent, {pair.peer.messages} delivered")
