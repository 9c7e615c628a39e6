"""How a burst climbs the ladder, and what devices have of it."""

from __future__ import annotations

from typing import Any

import pytest

from chatserver.domain.push.burst import (
    BACKOFF_MAX_MS,
    Burst,
    Handed,
    backoff_ms,
    handed_after,
    most_urgent,
)
from chatserver.domain.push.ladder import Ladder
from chatserver.domain.push.notification import Outcome

NOW = 1_900_000_000_000
STEPS = Ladder().steps("critical")


def burst(**fields: Any) -> Burst:
    return Burst(
        **{"user": "mei", "conversation": "d1", "first": 1, "last": 3, "since": NOW, "at": NOW}
        | fields
    )


def test_a_burst_climbs_step_by_step_each_after_its_time() -> None:
    now, told = NOW, burst()
    assert (told.next_step, told.due_at(STEPS)) == (0, NOW)
    times = []
    while told.has_step(STEPS):
        now = max(now, told.due_at(STEPS))
        times.append((now - NOW) // 1000)
        told = told.climbed(STEPS, "critical", now)
    assert times == [0, 120, 300]
    assert (told.told, told.pushed_at) == (3, NOW)


def test_a_step_left_out_leaves_the_others_their_times() -> None:
    assert burst().skipped(STEPS).step_at == NOW + 120_000


def test_new_messages_begin_at_the_first_step_and_put_no_further_one_off() -> None:
    told = burst().climbed(STEPS, "critical", NOW)
    again = burst(told=3, step=told.step, step_at=told.step_at, kind="critical", last=5)
    after = again.climbed(STEPS, "critical", NOW + 60_000)
    assert (after.step, after.step_at) == (1, NOW + 120_000)


def test_a_more_urgent_message_climbs_its_own_ladder() -> None:
    told = burst(told=3, step=1, kind="chat", last=5).climbed(STEPS, "critical", NOW)
    assert (told.step, told.step_at) == (1, NOW + 120_000)


def test_reading_all_that_was_told_begins_another_burst() -> None:
    told = burst(told=3, step=2, pushed_at=NOW, kind="critical")
    assert told.seen(2) is told
    assert (told.seen(3).pushed_at, told.seen(3).step) == (0, 0)
    assert not told.seen(3).has_step(STEPS)


def test_what_was_dropped_has_no_step_left() -> None:
    assert not burst().dropped().has_step(STEPS)


def test_devices_have_what_they_were_handed_last() -> None:
    before = (Handed("a", 1), Handed("b", 1), Handed("c", 1), Handed("d", 1))
    outcomes = [
        ("a", Outcome(state="sent")), ("b", Outcome(state="later")),
        ("c", Outcome(state="dead")), ("d", Outcome(state="refused")),
        ("e", Outcome(state="refused")),
    ]  # fmt: skip
    after = handed_after(burst(handed=before, stale=7), outcomes)
    assert after == (
        Handed("a", 3, mended=7),
        Handed("b", 1),
        Handed("d", 3, mended=7),
        Handed("e", 3, shown=False, mended=7),
    )
    assert burst(handed=after, stale=7).outdated == ("b",)
    told = burst(handed=after)
    assert told.unhanded("abcde") == ["b", "c"]
    assert told.closed(2) == ("b",)
    assert told.closed(3) == ("a", "b", "d")


@pytest.mark.parametrize("attempts", [0, 1, 5, 50])
def test_pauses_grow_up_to_an_end_and_are_spread(attempts: int) -> None:
    shortest, longest = backoff_ms(attempts, 0), backoff_ms(attempts, 1)
    assert 0 < shortest < longest <= BACKOFF_MAX_MS
    assert backoff_ms(attempts + 1, 0) >= shortest


def test_the_most_urgent_class_counts() -> None:
    assert most_urgent(()) == "chat"
    assert most_urgent(("marketing", "chat")) == "chat"
    assert most_urgent(("service", "critical", "chat")) == "critical"
