"""What a message of two people costs as a server grows from node to node."""

from __future__ import annotations

import time
from collections.abc import Iterator

from msgspec import Struct

from loadtest.bench.engine.pairs import Pairs, Talk
from loadtest.bench.rooms.counters import Telling, Told
from loadtest.bench.rooms.nodes import Nodes
from loadtest.bench.rooms.parts import P99, SERVER
from loadtest.bench.rooms.plan import Plan
from loadtest.bench.rooms.results import Sample
from loadtest.rivals.house import House
from loadtest.swarm.crowd import Place
from loadtest.swarm.usage import Stopwatch
from loadtest.swarm.worker import Worker

DATABASE = "bench_nodes"
COMPARED_WITH = 2  # nodes: with one, both people of a pair are at it


class Rest(Struct, frozen=True):
    """What nodes do in a second in which nobody says anything."""

    server_s: float
    redis: Told


def samples(house: House, plan: Plan) -> Iterator[Sample]:
    """All rounds with the first number of nodes, then more nodes come."""
    with Nodes(house, DATABASE) as nodes, Telling(house.redis_url) as redis:
        for count in plan.nodes:
            places = nodes.grow(count)
            with Worker(house.cores.load, Pairs, *places) as worker:
                worker.do(Pairs.gather, plan.pairs, f"of-{count}-")
                worker.do(Pairs.talk_at, plan.pace, plan.paced_s / 2)
                rest = _rest(places[0], redis, plan.rest_s)
                for _ in range(plan.rounds):
                    before = redis.read()
                    talk = worker.do(Pairs.talk_at, plan.pace, plan.paced_s)
                    yield _sample(count, talk, redis.read().less(before), rest)
            if count != plan.nodes[-1]:
                time.sleep(plan.leave_s)  # nobody's turn suffers from those who leave


def _rest(place: Place, redis: Telling, for_s: float) -> Rest:
    watch, before = Stopwatch(place), redis.read()
    time.sleep(for_s)
    done, usage = redis.read().less(before), watch.stop()
    a_second = Told(
        *(each / usage.wall_s for each in (done.commands, done.publications, done.used_s))
    )
    return Rest(usage.server_share, a_second)


def _sample(count: int, talk: Talk, redis: Told, rest: Rest) -> Sample:
    """Costs of a message are those above what nodes do at rest."""
    wall_s, messages = talk.usage.wall_s, talk.messages
    own = redis.less(rest.redis, wall_s)
    return Sample(
        part="nodes",
        case=_case(count),
        base="" if count == COMPARED_WITH else _case(COMPARED_WITH),
        values={
            SERVER: 1e6 * (talk.usage.server_s - rest.server_s * wall_s) / messages,
            "Redis commands": own.commands / messages,
            "publications": own.publications / messages,
            "Redis µs": 1e6 * own.used_s / messages,
            P99: talk.p99_ms,
            "at rest, %": 100 * rest.server_s,
        },
    )


def _case(count: int) -> str:
    return f"{count} node{'s' if count > 1 else ''}"
