"""A device of a person with many conversations asks what it has missed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from chatserver import clock
from chatserver.domain.sync import Token
from loadtest.bench.rooms.acquainted import acquaint
from loadtest.bench.rooms.asker import Asker, Question, sample
from loadtest.bench.rooms.counters import Asked
from loadtest.bench.rooms.plan import Plan
from loadtest.bench.rooms.results import Sample
from loadtest.bench.seed import Seed
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm.worker import Worker

DATABASE = "bench_sync"
USER = "busy"
MISSED = 2  # messages of a conversation that moved
WARM_UP = 5  # calls


def samples(house: House, plan: Plan) -> Iterator[Sample]:
    """With nothing new and with some that moved, in turn; the device says it again each time."""
    seed = Seed()
    conversations = acquaint(seed, USER, plan, history=plan.history)
    asyncio.run(seed.store(house.mongo_url, DATABASE))
    questions = [
        Question(
            part="sync", case=case, event="sync", payload=having(conversations, moved, plan.history)
        )
        for case, moved in (("nothing new", 0), (f"{plan.moved} moved", plan.moved))
    ]
    with (
        house.running(RIVALS["product"], database=DATABASE) as place,
        Worker(house.cores.load, Asker, place, USER) as asker,
        Asked(house.mongo_url) as asked,
    ):
        asker.do(Asker.come)
        for question in questions:
            sample(asker, question, asked, WARM_UP)
        for _ in range(plan.rounds):
            for question in questions:
                yield sample(asker, question, asked, plan.calls)


def having(conversations: Sequence[str], moved: int, history: int) -> dict[str, Any]:
    """The call of a device that has all but the last messages of the first conversations."""
    now = clock.now_ms()
    have = {
        conversation: (history - MISSED if number < moved else history, 0)
        for number, conversation in enumerate(conversations)
    }
    return {"have": have, "token": Token(now, now).text()}
