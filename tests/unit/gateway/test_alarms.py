"""Alarms at times of their own: in order, hardly late, never early, and none is left behind."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.gateway.alarms import LATE_S, Alarms
from tests.unit.gateway.leaping import LeapingLoop

leaping = pytest.mark.asyncio(loop_factories=["leaping"])

HARDLY_S = LATE_S + 0.001


def now() -> float:
    return asyncio.get_running_loop().time()


class Sleeper:
    """Notes when it was woken."""

    def __init__(self) -> None:
        self.alarm = 0
        self.woken: list[float] = []

    def wake(self) -> None:
        self.woken.append(now())


def bedroom() -> Alarms[Sleeper]:
    return Alarms(Sleeper.wake)


@leaping
async def test_it_wakes_once_when_the_time_has_come_and_never_before() -> None:
    alarms, begun = bedroom(), now()
    times = [0.0, 0.01, 0.1, 0.25, 0.3, 1.0, 7.77, 60.0, 599.95]
    sleepers = [Sleeper() for _ in times]
    for sleeper, in_s in zip(sleepers, times, strict=True):
        alarms.set(sleeper, in_s)
    await asyncio.sleep(601)
    for sleeper, in_s in zip(sleepers, times, strict=True):
        (woken,) = sleeper.woken
        assert 0 <= woken - begun - in_s <= HARDLY_S
        assert sleeper.alarm == 0


@leaping
async def test_the_earlier_one_is_woken_first_whoever_was_set_first() -> None:
    order: list[Sleeper] = []
    alarms = Alarms(order.append)
    late, early, middle = Sleeper(), Sleeper(), Sleeper()
    for sleeper, in_s in ((late, 3.0), (early, 1.0), (middle, 2.0)):
        alarms.set(sleeper, in_s)
    await asyncio.sleep(4)
    assert order == [early, middle, late]


@leaping
async def test_alarms_set_at_different_times_are_each_exact() -> None:
    alarms = bedroom()
    for number in range(50):
        sleeper, begun = Sleeper(), now()
        alarms.set(sleeper, 0.37)
        await asyncio.sleep(0.37 + HARDLY_S + 0.013 * number)
        assert 0.37 <= sleeper.woken[0] - begun <= 0.37 + HARDLY_S


@leaping
@pytest.mark.parametrize(("first_s", "then_s"), [(1.0, 5.0), (5.0, 1.0), (1.0, 1.0)])
async def test_a_later_alarm_replaces_the_earlier_one(first_s: float, then_s: float) -> None:
    alarms, sleeper, begun = bedroom(), Sleeper(), now()
    alarms.set(sleeper, first_s)
    alarms.set(sleeper, then_s)
    await asyncio.sleep(10)
    (woken,) = sleeper.woken
    assert then_s <= woken - begun <= then_s + HARDLY_S


@leaping
async def test_an_alarm_that_was_replaced_leaves_nothing_behind() -> None:
    alarms, sleeper = bedroom(), Sleeper()
    for number in range(100):
        alarms.set(sleeper, 1.0 + number)
    assert [list(slot) for slot in alarms._slots.values()] == [[sleeper]]


@leaping
async def test_a_time_that_is_over_is_now() -> None:
    alarms, sleeper = bedroom(), Sleeper()
    alarms.set(Sleeper(), 10.0)
    await asyncio.sleep(1.0)
    alarms.set(sleeper, -0.5)
    await asyncio.sleep(LATE_S)
    assert len(sleeper.woken) == 1


@leaping
async def test_who_is_cancelled_sleeps_on() -> None:
    alarms, sleeper, other = bedroom(), Sleeper(), Sleeper()
    for each in (sleeper, other):
        alarms.set(each, 1.0)
    alarms.cancel(sleeper)
    alarms.cancel(sleeper)
    alarms.cancel(Sleeper())
    await asyncio.sleep(2)
    assert (sleeper.woken, len(other.woken)) == ([], 1)


@leaping
async def test_who_was_woken_may_set_the_next_alarm() -> None:
    woken: list[float] = []
    begun = now()

    def again(sleeper: Sleeper) -> None:
        woken.append(now() - begun)
        if len(woken) < 3:
            alarms.set(sleeper, 0.0)

    alarms = Alarms(again)
    alarms.set(Sleeper(), 0.0)
    await asyncio.sleep(1)
    assert len(woken) == 3
    assert woken == sorted(set(woken))
    assert woken[2] <= 3 * LATE_S


@leaping
@pytest.mark.parametrize("then_s", [None, 5.0], ids=["cancelled", "renewed"])
async def test_who_is_woken_may_change_another_alarm_of_the_same_moment(
    then_s: float | None,
) -> None:
    sleepers, begun = [Sleeper(), Sleeper()], now()

    def wake(sleeper: Sleeper) -> None:
        sleeper.wake()
        other = sleepers[1 - sleepers.index(sleeper)]
        if other.alarm:
            alarms.cancel(other) if then_s is None else alarms.set(other, then_s)

    alarms = Alarms(wake)
    for each in sleepers:
        alarms.set(each, 1.0)
    await asyncio.sleep(4)
    assert sum(len(each.woken) for each in sleepers) == 1
    await asyncio.sleep(4)
    woken = sorted(time for each in sleepers for time in each.woken)
    assert len(woken) == (1 if then_s is None else 2)
    assert woken[-1] - begun >= (then_s or 0)


@leaping
async def test_an_error_about_one_keeps_none_of_the_others() -> None:
    reported: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, told: reported.append(str(told["exception"])))

    def wake(sleeper: Sleeper) -> None:
        if sleeper is bad:
            raise ValueError("bad")
        sleeper.wake()

    alarms, bad = Alarms(wake), Sleeper()
    others = [Sleeper() for _ in range(8)]
    for each in (*others[:4], bad, *others[4:]):
        alarms.set(each, 1.0)
    later = Sleeper()
    alarms.set(later, 2.0)
    await asyncio.sleep(3)
    assert [len(each.woken) for each in (*others, later)] == [1] * 9
    assert reported == ["bad"]


@leaping
async def test_after_the_loop_stood_still_all_who_are_late_are_woken_in_order() -> None:
    loop = cast("LeapingLoop", asyncio.get_running_loop())
    order: list[Sleeper] = []
    alarms = Alarms(order.append)
    sleepers = [Sleeper() for _ in range(5)]
    for number, sleeper in enumerate(sleepers):
        alarms.set(sleeper, 1.0 + number)
    loop.stall(60.0)
    await asyncio.sleep(0.3)
    assert order == sleepers


@leaping
async def test_nothing_is_left_behind_when_nobody_waits() -> None:
    alarms, sleepers = bedroom(), [Sleeper() for _ in range(100)]
    for number, sleeper in enumerate(sleepers):
        alarms.set(sleeper, 1.0 + number)
    for sleeper in sleepers[:50]:
        alarms.cancel(sleeper)
    assert len(alarms._slots) == 50
    await asyncio.sleep(120)
    assert (alarms._slots, alarms._timer) == ({}, None)
    last = Sleeper()
    alarms.set(last, 1.0)  # and it goes on after that
    await asyncio.sleep(2)
    assert len(last.woken) == 1


@leaping
async def test_many_alarms_need_one_timer() -> None:
    alarms = bedroom()
    for number in range(1000):
        alarms.set(Sleeper(), number / 10)
    loop = asyncio.get_running_loop()
    assert len(loop._scheduled) == 1  # type: ignore[attr-defined]


@leaping
async def test_an_alarm_a_day_away_waits_its_day() -> None:
    loop = cast("LeapingLoop", asyncio.get_running_loop())
    alarms, sleeper, begun = bedroom(), Sleeper(), now()
    alarms.set(sleeper, 86_400.0)
    for _ in range(24):
        loop.stall(3599.0)
        await asyncio.sleep(0.9)
        assert sleeper.woken == []
    await asyncio.sleep(begun + 86_400.0 - now() + HARDLY_S)
    assert len(sleeper.woken) == 1


class Set(NamedTuple):
    """An alarm: from when to when it was on, and when it was due."""

    sleeper: Sleeper
    since: float
    until: float
    due: float


class Night:
    """Sleepers and the history of their alarms."""

    def __init__(self) -> None:
        self.alarms = bedroom()
        self.sleepers = [Sleeper() for _ in range(4)]
        self.history: list[Set] = []
        self._on: dict[Sleeper, tuple[float, float]] = {}

    def set(self, sleeper: Sleeper, in_s: float) -> None:
        self.end(sleeper)
        self.alarms.set(sleeper, in_s)
        self._on[sleeper] = now(), now() + in_s

    def cancel(self, sleeper: Sleeper) -> None:
        self.end(sleeper)
        self.alarms.cancel(sleeper)

    def end(self, sleeper: Sleeper) -> None:
        if sleeper in self._on:
            since, due = self._on.pop(sleeper)
            self.history.append(Set(sleeper, since, now(), due))


STEPS = st.lists(
    st.tuples(st.sampled_from(["set", "cancel", "wait"]), st.integers(0, 3), st.floats(0, 3)),
    max_size=30,
)


@given(STEPS)
def test_whatever_is_set_and_cancelled_each_alarm_wakes_once_and_in_time(
    steps: list[tuple[str, int, float]],
) -> None:
    async def pass_the_night() -> Night:
        night = Night()
        for what, who, seconds in steps:
            if what == "set":
                night.set(night.sleepers[who], seconds)
            elif what == "cancel":
                night.cancel(night.sleepers[who])
            else:
                await asyncio.sleep(seconds)
        await asyncio.sleep(4)
        for sleeper in night.sleepers:
            night.end(sleeper)
        return night

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        night = runner.run(pass_the_night())
    wakings = 0
    for alarm in night.history:
        woken = [time for time in alarm.sleeper.woken if alarm.since < time <= alarm.until]
        assert len(woken) == 1 or (not woken and alarm.until <= alarm.due + HARDLY_S)
        assert all(0 <= time - alarm.due <= HARDLY_S for time in woken)
        wakings += len(woken)
    assert wakings == sum(len(sleeper.woken) for sleeper in night.sleepers)
    assert night.alarms._timer is None
