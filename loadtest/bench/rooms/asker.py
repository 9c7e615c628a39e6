"""One client that asks the same thing again and again, as the load process sees it."""

from __future__ import annotations

import time
from typing import Any

from msgspec import Struct

from loadtest.bench.figures import percentile
from loadtest.bench.rooms.counters import Asked
from loadtest.bench.rooms.parts import ASKED, P50, P99, SERVER
from loadtest.bench.rooms.results import Sample
from loadtest.swarm.crowd import Door, Place, Who
from loadtest.swarm.usage import Stopwatch, Usage
from loadtest.swarm.worker import Worker


class Question(Struct, frozen=True, kw_only=True):
    """A call and what it is called in the tables; `base` is the case it is compared with."""

    part: str
    case: str
    event: str
    payload: dict[str, Any]
    base: str = ""


class Answers(Struct, frozen=True, kw_only=True):
    """How long each answer took, in ms, and what all of them cost."""

    waits: list[float]
    usage: Usage


class Asker:
    """One person's device."""

    def __init__(self, place: Place, user: str) -> None:
        self._place = place
        self._user = user

    async def come(self) -> None:
        """Connect."""
        door = Door(self._place)
        [greeting] = door.greetings([Who(self._user, "phone")])
        self._client = await door.come(greeting)

    async def ask(self, event: str, payload: dict[str, Any], times: int) -> Answers:
        """Call, wait for the answer, call again.

        Raises:
            Failed: a call was refused or not answered.
        """
        waits, watch = [], Stopwatch(self._place)
        for _ in range(times):
            began = time.perf_counter()
            await self._client.call(event, payload)
            waits.append(1000 * (time.perf_counter() - began))
        return Answers(waits=waits, usage=watch.stop())


def sample(asker: Worker[Asker], question: Question, asked: Asked, times: int) -> Sample:
    """A round of one question."""
    before = asked.count()
    answers = asker.do(Asker.ask, question.event, question.payload, times)
    commands = asked.count() - before
    return Sample(
        part=question.part,
        case=question.case,
        base=question.base,
        values={
            P50: percentile(answers.waits, 0.5),
            P99: percentile(answers.waits, 0.99),
            ASKED: commands / times,
            SERVER: 1e6 * answers.usage.server_s / times,
        },
    )
