"""Who has read a message, and what is unread: with little history and with much."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from loadtest.bench.rooms.acquainted import acquaint
from loadtest.bench.rooms.asker import Asker, Question, sample
from loadtest.bench.rooms.counters import Asked
from loadtest.bench.rooms.plan import Plan
from loadtest.bench.rooms.results import Sample
from loadtest.bench.seed import Seed
from loadtest.rivals.house import House
from loadtest.rivals.table import RIVALS
from loadtest.swarm.worker import Worker

DATABASE = "bench_reading"
LENGTHS = ("short", "long")
LISTED = 100  # conversations in a page
WARM_UP = 5  # calls


def samples(house: House, plan: Plan) -> Iterator[Sample]:
    """All questions in turn, of a person with a short history and of one with a long one."""
    asyncio.run(_seeded(plan).store(house.mongo_url, DATABASE))
    with (
        house.running(RIVALS["product"], database=DATABASE) as place,
        Worker(house.cores.load, Asker, place, _user("short")) as short,
        Worker(house.cores.load, Asker, place, _user("long")) as long,
        Asked(house.mongo_url) as asked,
    ):
        turns = list(zip((short, long), map(_questions, LENGTHS, (plan, plan)), strict=True))
        for asker, questions in turns:
            asker.do(Asker.come)
            for question in questions:
                sample(asker, question, asked, WARM_UP)
        for _ in range(plan.rounds):
            for asker, questions in turns:
                for question in questions:
                    yield sample(asker, question, asked, plan.calls)


def _seeded(plan: Plan) -> Seed:
    seed = Seed()
    for length in LENGTHS:
        history, me = _history(length, plan), _user(length)
        acquaint(seed, me, plan, history=history, unread=history // 2)
        for size in (plan.named, plan.counted):
            members = [me, *(f"{me}-of-{size}-{number}" for number in range(size - 1))]
            seed.people(members[1:])
            seed.room(_room(length, size), members, history=history, unread=history // 2)
    return seed


def _questions(length: str, plan: Plan) -> list[Question]:
    asked: list[tuple[str, str, dict[str, object]]] = [
        (
            f"read.who, room of {size:,}",
            "read.who",
            {"conversation": _room(length, size), "seq": seq},
        )
        for seq in (_history(length, plan) // 2,)
        for size in (plan.named, plan.counted)
    ]
    count = plan.directs + plan.rooms
    asked.append((f"conversation.list, {count} unread", "conversation.list", {"limit": LISTED}))
    return [
        Question(
            part="reading",
            case=f"{what}, {length} history",
            base="" if length == "short" else f"{what}, short history",
            event=event,
            payload=payload,
        )
        for what, event, payload in asked
    ]


def _history(length: str, plan: Plan) -> int:
    return plan.history * (1 if length == "short" else plan.times)


def _room(length: str, size: int) -> str:
    return f"r-{length}-{size}"


def _user(length: str) -> str:
    return f"reader-{length}"
