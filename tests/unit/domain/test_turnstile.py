"""A crowd that comes at once gets in at a steady pace, in about its order, and never in vain."""

from __future__ import annotations

import heapq
import random
from statistics import mean

import pytest
from msgspec import Struct

from chatserver.domain.turnstile import PAUSE_MS, QUEUE_MS, Turnstile

NOW = 1_790_000_000_000
LONGEST_MS = 2 * QUEUE_MS


class Entered(Struct):
    """How one of the crowd fared; `at_ms` counts from the beginning."""

    came_ms: int
    at_ms: int
    refusals: int


def let_in(turnstile: Turnstile, comes_ms: list[int], seed: int = 7) -> list[Entered]:
    """Have people come, each again as told and a little late, until all are in."""
    chance = random.Random(seed)
    crowd = [(at, number, 0) for number, at in enumerate(comes_ms)]
    heapq.heapify(crowd)
    entered = []
    while crowd:
        at, number, refusals = heapq.heappop(crowd)
        wait = turnstile.enter(NOW + at)
        if wait:
            back = at + wait + int(chance.expovariate(1 / 60))  # the way there and back
            heapq.heappush(crowd, (back, number, refusals + 1))
        else:
            entered.append(Entered(comes_ms[number], at, refusals))
    return entered


def turnstile(per_s: int) -> Turnstile:
    return Turnstile(per_s, random.Random(1).random)


def most_within_a_second(entered: list[Entered]) -> int:
    times = sorted(one.at_ms for one in entered)
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - 1000:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_a_seconds_worth_passes_at_once_and_the_next_as_time_goes_by() -> None:
    gate = turnstile(10)
    assert [bool(gate.enter(NOW)) for _ in range(12)] == [False] * 10 + [True] * 2
    assert gate.enter(NOW + 99)
    assert not gate.enter(NOW + 100)
    assert gate.enter(NOW + 100)


def test_a_quiet_time_saves_up_no_more_than_a_second() -> None:
    gate = turnstile(10)
    gate.enter(NOW)
    later = NOW + 3_600_000
    assert [bool(gate.enter(later)) for _ in range(11)] == [False] * 10 + [True]


def test_everybody_who_is_refused_gets_a_time_of_their_own() -> None:
    gate = turnstile(1000)
    waits = [gate.enter(NOW) for _ in range(10_000)][1000:]
    assert min(waits) >= PAUSE_MS
    assert len(set(waits)) > 0.6 * len(waits)
    in_one_place = max(waits.count(wait) for wait in set(waits))
    assert in_one_place <= 5


@pytest.mark.parametrize("per_s", [200, 2000])
def test_a_storm_gets_in_at_the_pace_and_nobody_comes_back_in_vain(per_s: int) -> None:
    crowd = 10_000 if per_s > 1000 else 4000
    entered = let_in(turnstile(per_s), [0] * crowd)
    assert len(entered) == crowd
    assert max(one.refusals for one in entered) == 1
    assert most_within_a_second(entered) <= 2 * per_s  # what was saved up, and the pace
    assert max(one.at_ms for one in entered) <= 1500 * crowd / per_s


def test_in_every_part_of_a_second_somebody_gets_in() -> None:
    entered = let_in(turnstile(1000), [0] * 10_000)
    last = max(one.at_ms for one in entered)
    parts = {one.at_ms // 100 for one in entered if one.at_ms >= 1000}
    assert parts == set(range(10, last // 100 + 1))


def test_who_came_first_gets_in_first_more_or_less() -> None:
    comes = [number // 5 for number in range(10_000)]  # within two seconds
    entered = let_in(turnstile(1000), comes)
    tenths = [[one.at_ms for one in entered if one.came_ms // 200 == n] for n in range(10)]
    averages = [mean(times) for times in tenths]
    assert averages == sorted(averages)


def test_usual_comers_are_not_held_up_behind_a_storm_nor_hold_it_up() -> None:
    usual = [10 * number for number in range(1000)]  # a tenth of the pace, for ten seconds
    entered = let_in(turnstile(1000), [0] * 8000 + usual[100:])
    comers = [one for one in entered if one.came_ms]
    assert mean(one.refusals for one in comers) < 0.2
    assert mean(one.refusals for one in entered if not one.came_ms) < 1.1


def test_a_second_storm_waits_behind_the_first() -> None:
    entered = let_in(turnstile(1000), [0] * 5000 + [2000] * 5000)
    first, second = ([one.at_ms for one in entered if one.came_ms == at] for at in (0, 2000))
    assert mean(first) < mean(second)
    assert max(first + second) < 20_000


def test_places_of_those_who_stay_away_are_not_kept() -> None:
    gate = turnstile(1000)
    for _ in range(20_000):
        gate.enter(NOW)
    assert [bool(gate.enter(NOW + 1000)) for _ in range(1001)] == [False] * 1000 + [True]


def test_beyond_the_queue_the_times_are_spread_and_bounded() -> None:
    gate = turnstile(100)
    waits = [gate.enter(NOW) for _ in range(10_000)]
    assert max(waits) <= LONGEST_MS
    beyond = waits[-5000:]
    assert min(beyond) >= QUEUE_MS
    assert len(set(beyond)) > 2000


def test_a_crowd_larger_than_the_queue_gets_in_all_the_same() -> None:
    entered = let_in(turnstile(100), [0] * 10_000)
    assert len(entered) == 10_000
    assert max(one.at_ms for one in entered) <= 200_000  # a hundred seconds at best


def test_a_clock_set_back_keeps_nobody_out() -> None:
    gate = turnstile(100)
    for _ in range(5000):
        gate.enter(NOW)
    back = NOW - 86_400_000
    assert gate.enter(back) <= LONGEST_MS
    assert not gate.enter(back + 1000)
    for _ in range(200):
        gate.enter(back + 1000)
    assert gate.enter(back + 60_000) == 0


def test_at_a_share_of_the_pace_fewer_pass_and_later() -> None:
    gate = turnstile(100)
    passed = [gate.enter(NOW, 25) for _ in range(30)]
    assert passed.count(0) == 25
    waits = [wait for wait in passed if wait]
    assert waits == sorted(waits)
    assert waits[1] - waits[0] >= 40  # of four connects at full pace
    assert [gate.enter(NOW + 1000) for _ in range(100)].count(0) == 100
