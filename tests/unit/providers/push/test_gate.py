"""How much a vendor is asked, by a clock that the test turns."""

from __future__ import annotations

import asyncio

import pytest

from chatserver.domain.push.notification import Outcome
from chatserver.providers.push import gate as gates
from chatserver.providers.push.base import Answer, busy, dead, failing, later, sent, unauthorized
from chatserver.providers.push.gate import FAILURES_MAX, PAUSES_MAX, Gate, Gates

pytestmark = pytest.mark.asyncio

FAST = 100_000


class Clock:
    def __init__(self) -> None:
        self.now = 1000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(gates.random, "uniform", lambda least, most: most)  # the longest each time
    return Clock()


async def ask(gate: Gate, verdict: object = None) -> Outcome | None:
    """Ask the vendor, who answers so; None where it was not asked."""
    async with gate.place() as turned_away:
        if turned_away is not None:
            assert turned_away.state == "later"
            assert turned_away.retry_after_ms
            return None
        return gate.settle(verdict or sent())  # type: ignore[arg-type]


async def fail(gate: Gate, times: int) -> list[Outcome | None]:
    return [await ask(gate, failing("500")) for _ in range(times)]


async def test_a_vendor_that_fails_in_a_row_is_left_alone_longer_each_time(clock: Clock) -> None:
    gate = Gate(FAST, 8, clock)
    outcomes = await fail(gate, FAILURES_MAX)
    waits = [outcome.retry_after_ms for outcome in outcomes if outcome]
    assert waits[:3] == [1250, 2500, 5000], "with the spread on top"
    assert await ask(gate) is None
    for longest in (1000, 2000, 4000):
        clock.now += longest - 1
        assert await ask(gate) is None
        clock.now += 1
        assert await ask(gate, failing("500"))


async def test_one_tries_a_vendor_that_failed_and_the_others_wait_for_it(clock: Clock) -> None:
    gate = Gate(FAST, 8, clock)
    await fail(gate, FAILURES_MAX)
    clock.now += 60_000
    async with gate.place() as probing:
        assert probing is None
        assert await ask(gate) is None, "one at a time"
        gate.settle(sent())
    assert gate.is_open
    assert await ask(gate)


async def test_one_success_between_failures_keeps_the_gate_open(clock: Clock) -> None:
    gate = Gate(FAST, 8, clock)
    for _ in range(3):
        await fail(gate, FAILURES_MAX - 1)
        assert await ask(gate, dead("gone")), "an answer about an address is an answer"
    assert gate.is_open


async def test_credentials_that_are_not_taken_count_as_failures(clock: Clock) -> None:
    gate = Gate(FAST, 8, clock)
    for _ in range(FAILURES_MAX):
        outcome = await ask(gate, unauthorized("401"))
        assert outcome is not None
        assert outcome.state == "later"
    assert await ask(gate) is None


async def test_a_pause_that_is_asked_for_is_kept_to_the_millisecond(clock: Clock) -> None:
    gate = Gate(FAST, 8, clock)
    await ask(gate, busy("429", 7000))
    clock.now += 6999
    assert await ask(gate) is None
    clock.now += 1
    assert await ask(gate)


async def test_pauses_that_are_not_timed_grow(clock: Clock) -> None:
    gate = Gate(FAST, 8, clock)
    for longest in (1000, 2000, 4000):
        await ask(gate, busy("429"))
        clock.now += longest - 1
        assert await ask(gate) is None
        clock.now += 1


async def test_after_some_pauses_one_tries_before_all_do(clock: Clock) -> None:
    gate = Gate(FAST, 8, clock)
    for _ in range(PAUSES_MAX):
        await ask(gate, busy("429", 1000))
        clock.now += 1000
    async with gate.place() as probing:
        assert probing is None
        assert await ask(gate) is None, "one at a time"
        gate.settle(sent())
    assert await ask(gate)


async def test_one_address_that_must_wait_holds_up_no_other(clock: Clock) -> None:
    gate = Gate(FAST, 8, clock)
    outcome = await ask(gate, later("TooManyRequests", 5000))
    assert outcome is not None
    assert (outcome.state, outcome.reason) == ("later", "TooManyRequests")
    assert outcome.retry_after_ms is not None
    assert outcome.retry_after_ms >= 5000
    assert await ask(gate)


async def test_those_under_way_when_it_shuts_count_once(clock: Clock) -> None:
    gate = Gate(FAST, 50, clock)
    ready = asyncio.Event()

    async def one() -> None:
        async with gate.place() as turned_away:
            assert turned_away is None
            await ready.wait()
            gate.settle(failing("500"))

    under_way = [asyncio.create_task(one()) for _ in range(30)]
    await asyncio.sleep(0)
    ready.set()
    await asyncio.gather(*under_way)
    clock.now += 1000
    assert await ask(gate), "the first pause, not the thirtieth"


async def test_who_waits_for_a_place_does_not_go_when_it_shuts_meanwhile(clock: Clock) -> None:
    gate = Gate(FAST, 1, clock)
    asked = []

    async def one() -> None:
        async with gate.place() as turned_away:
            if turned_away is None:
                asked.append(1)
                await asyncio.sleep(0)
                gate.settle(busy("429", 60_000))

    await asyncio.gather(*(one() for _ in range(5)))
    assert len(asked) == 1


async def test_more_than_the_rate_are_sent_away_and_told_when(clock: Clock) -> None:
    gate = Gate(1, 8, clock)
    assert await ask(gate)
    gate._turn_at += 5000
    async with gate.place() as turned_away:
        assert turned_away is not None
        assert turned_away.reason == "rate"
        assert turned_away.retry_after_ms is not None
        assert turned_away.retry_after_ms >= 6000


async def test_gates_do_not_grow_without_bound(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "GATES_MAX", 3)
    lanes = Gates(FAST, 8, clock)
    first = lanes.of("a")
    for lane in ("b", "c", "a", "d"):
        lanes.of(lane)
    assert lanes.of("a") is first, "the one longest unused goes"
    assert len(lanes._gates) == 3


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("120", 120_000),
        ("0", 0),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 59_000),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("99999999", 86_400_000),
        ("Sat, 31 Dec 9999 23:59:59 GMT", 86_400_000),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("9" * 500, None),
    ],
)
async def test_retry_after_is_read_in_seconds_and_as_a_date(said: str, meant: int | None) -> None:
    answer = Answer(status=429, headers={"retry-after": said})
    assert answer.retry_after_ms(now_ms=1000) == meant
