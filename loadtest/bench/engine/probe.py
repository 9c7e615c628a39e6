"""A client that asks again and again and notes how long the server leaves it without an answer."""

from __future__ import annotations

import asyncio
import itertools
import time

from loadtest.swarm import frames
from loadtest.swarm.client import Client
from loadtest.swarm.crowd import Door, Place, Who
from loadtest.swarm.failed import Failed

EVERY_S = 0.002
ANSWER_WITHIN_S = 60.0
OWN_ROOM = "probe"


class Probe:
    """One client in a process of its own: what stops the server's loop, stops its answers."""

    def __init__(self, place: Place) -> None:
        self._door = Door(place)
        self._dialect = place.dialect
        self._numbers = itertools.count(1)
        self._longest_s = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Come, and ask from now on."""
        [greeting] = self._door.greetings([Who("prober", "probe", (OWN_ROOM,))])
        client = await self._door.come(greeting)
        for _ in range(20):
            await self._round_trip(client)
        self._asking = asyncio.create_task(self._ask(client))

    async def reset(self) -> None:
        """Forget how long answers took so far."""
        self._longest_s = 0.0

    async def stop(self) -> float:
        """Ask no more; the longest wait for an answer since `reset`, in seconds.

        Raises:
            Failed: the server stopped answering.
        """
        self._stopping = True
        if self._asking is not None:
            await self._asking
        return self._longest_s

    async def _ask(self, client: Client) -> None:
        while not self._stopping:
            asked = time.perf_counter()
            await self._round_trip(client)
            self._longest_s = max(self._longest_s, time.perf_counter() - asked)
            await asyncio.sleep(EVERY_S)

    async def _round_trip(self, client: Client) -> None:
        number = next(self._numbers)
        answer = self._answer(client, number)
        client.send(frames.masked(self._dialect.echo(OWN_ROOM, number)))
        try:
            await asyncio.wait_for(answer, ANSWER_WITHIN_S)
        except TimeoutError:
            raise Failed(f"no answer within {ANSWER_WITHIN_S:.0f} s") from None

    def _answer(self, client: Client, number: int) -> asyncio.Future[object]:
        if self._dialect.acknowledges:
            return client.expect(number)
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        client.heard = lambda *_: None if answer.done() else answer.set_result(None)
        return answer
