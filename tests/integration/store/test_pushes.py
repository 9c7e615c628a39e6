"""The queue of bursts: nothing noted is lost, nothing is claimed twice, nothing old counts."""

from __future__ import annotations

import asyncio
import random
import secrets
from typing import Any

import pytest
from msgspec import structs

from chatserver.domain.push.burst import Burst, Decision, Handed, Special
from chatserver.store.pushes import DECISIONS_KEPT, News, Pushes, Record
from tests.examples import examples
from tests.integration.store.conftest import NOW, Node

pytestmark = [pytest.mark.asyncio, pytest.mark.one_driver]

LEASE_MS = 1000
FAR = NOW + 10**9


@pytest.fixture
def pushes(node: Node, empty_database: str) -> Pushes:
    return Pushes(node.database, gather_ms=30_000)


@pytest.fixture
def user() -> str:
    return secrets.token_hex(4)


def news(user: str, last: int, **fields: Any) -> News:
    given = {"first": last, "since": NOW, "at": NOW, "due": NOW, "conversation": "d1", **fields}
    return News(user=user, last=last, **given)


async def claimed(pushes: Pushes, at_ms: int = FAR) -> list[Burst]:
    return await pushes.claim(at_ms, LEASE_MS, 100)


async def settled(
    pushes: Pushes, burst: Burst, *, due: int | None = None, why: str = "sent", **after: Any
) -> None:
    decision = Decision(
        at=NOW, first=burst.first, last=burst.last, action="wait" if due else "send", why=why
    )
    after = {"told": burst.last, **after}
    record = Record(before=burst, after=structs.replace(burst, **after), decision=decision, due=due)
    await pushes.record(record, NOW)


async def test_many_messages_are_one_burst_and_one_told_again_changes_nothing(
    pushes: Pushes, user: str
) -> None:
    await pushes.enqueue([news(user, 2, due=NOW + 5, first=1)], NOW)
    await pushes.enqueue([news(user, 3, due=NOW + 9, at=NOW + 1)], NOW)
    before = await pushes.look(user, "d1")
    for _ in range(2):
        await pushes.enqueue([news(user, 2, first=1), news(user, 3)], NOW + 1000)
    assert await pushes.look(user, "d1") == before
    assert await claimed(pushes, NOW + 4) == []
    (burst,) = await claimed(pushes, NOW + 5)
    assert (burst.first, burst.last, burst.since, burst.at) == (1, 3, NOW, NOW + 1)


async def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(
    pushes: Pushes, user: str
) -> None:
    await pushes.enqueue([news(user, 1)], NOW)
    taken = await asyncio.gather(*(claimed(pushes, NOW) for _ in range(5)))
    (burst,) = [burst for part in taken for burst in part]
    assert await claimed(pushes, NOW + LEASE_MS - 1) == []
    (again,) = await claimed(pushes, NOW + LEASE_MS)
    await settled(pushes, burst)  # whoever had it before comes too late
    left, _ = await pushes.look(user, "d1") or pytest.fail("it is gone")
    assert left == structs.replace(again, due=left.due)
    await settled(pushes, again)
    assert await claimed(pushes) == []


async def test_who_claims_knows_since_when_it_was_due(pushes: Pushes, user: str) -> None:
    await pushes.enqueue([news(user, 1, due=NOW + 5)], NOW)
    (burst,) = await claimed(pushes, NOW + 9)
    assert burst.due == NOW + 5
    (again,) = await claimed(pushes, NOW + 9 + LEASE_MS)
    assert again.due == NOW + 9 + LEASE_MS  # the lease of whoever had it is over


async def test_what_comes_while_it_is_claimed_is_due_afterwards(pushes: Pushes, user: str) -> None:
    await pushes.enqueue([news(user, 1)], NOW)
    (burst,) = await claimed(pushes, NOW)
    await pushes.enqueue([news(user, 2, due=NOW + 5, at=NOW + 2)], NOW)
    await settled(pushes, burst)
    (burst,) = await claimed(pushes)
    assert (burst.first, burst.last, burst.told, burst.since) == (2, 2, 1, NOW + 2)


async def test_after_a_notification_others_gather_but_critical_ones(
    pushes: Pushes, user: str
) -> None:
    await pushes.enqueue([news(user, 1)], NOW)
    (burst,) = await claimed(pushes, NOW)
    await settled(pushes, burst, pushed_at=NOW)
    await pushes.enqueue([news(user, 2, due=NOW + 5)], NOW)
    assert await claimed(pushes, NOW + 29_999) == []
    special = (Special(3, "critical"),)
    await pushes.enqueue([news(user, 3, due=NOW + 6, kind="critical", special=special)], NOW)
    (burst,) = await claimed(pushes, NOW + 6)
    assert burst.special == special


async def test_a_night_is_not_cut_short_by_chat_but_by_what_is_critical(
    pushes: Pushes, user: str
) -> None:
    await pushes.enqueue([news(user, 1)], NOW)
    (burst,) = await claimed(pushes, NOW)
    await settled(pushes, burst, due=NOW + 50_000, why="quiet_hours", told=0)
    await pushes.enqueue([news(user, 2)], NOW)
    assert await claimed(pushes, NOW + 49_999) == []
    special = (Special(3, "critical"),)
    await pushes.enqueue([news(user, 3, kind="critical", special=special)], NOW)
    assert len(await claimed(pushes, NOW + 1)) == 1


async def test_something_special_that_is_told_late_is_noted(pushes: Pushes, user: str) -> None:
    """As by a walk that goes through older messages while newer ones come in."""
    await pushes.enqueue([news(user, 9)], NOW)
    special = (Special(3, "critical"),)
    late = news(user, 3, kind="critical", special=special)
    for _ in range(2):
        await pushes.enqueue([late], NOW)
    (burst,) = await claimed(pushes)
    assert (burst.special, burst.last) == (special, 9)


async def test_reading_wakes_those_who_show_what_was_read(pushes: Pushes, user: str) -> None:
    await pushes.enqueue([news(user, 5)], NOW)
    (burst,) = await claimed(pushes, NOW)
    await settled(pushes, burst, handed=(Handed("phone", 5), Handed("watch", 5, shown=False)))
    await pushes.wake({(user, "d1"): 4, (user, "d2"): 9}, NOW)
    assert await claimed(pushes) == []
    await pushes.wake({(user, "d1"): 5}, NOW)
    assert len(await claimed(pushes, NOW)) == 1
    await pushes.wake_all_shown(NOW)
    assert len(await claimed(pushes, NOW + LEASE_MS)) == 1


async def test_the_last_decisions_are_kept_and_the_same_one_once(pushes: Pushes, user: str) -> None:
    await pushes.enqueue([news(user, 1)], NOW)
    for why in ("in_foreground", "in_foreground", "desktop_open"):
        (burst,) = await claimed(pushes)
        await settled(pushes, burst, due=NOW, why=why, told=0)
    for seq in range(2, 30):
        _, decisions = await pushes.look(user, "d1") or (None, [])
        if seq == 2:
            assert [each.why for each in decisions] == ["in_foreground", "desktop_open"]
        await pushes.enqueue([news(user, seq)], NOW)
        (burst,) = await claimed(pushes)
        await settled(pushes, burst)
    _, decisions = await pushes.look(user, "d1") or (None, [])
    assert [each.last for each in decisions] == [*range(30 - DECISIONS_KEPT, 30)]


async def test_the_queue_says_how_much_is_due_and_for_how_long(pushes: Pushes, user: str) -> None:
    assert (await pushes.queue(NOW)).depth == 0
    await pushes.enqueue([news(user, 1, due=NOW - 7), news(user, 1, conversation="d2")], NOW)
    queue = await pushes.queue(NOW)
    assert (queue.depth, queue.oldest_ms) == (2, 7)


class Model:
    """What somebody who forgets nothing would know of the queue."""

    def __init__(self, pushes: Pushes, users: list[str], chance: random.Random) -> None:
        self.pushes = pushes
        self.chance = chance
        self.now = NOW
        self.noted = dict.fromkeys(users, 0)
        self.decided = dict.fromkeys(users, 0)
        self.held: dict[str, Burst] = {}
        self.until = dict.fromkeys(users, 0)

    async def note(self, *, again: bool) -> None:
        user = self.chance.choice([*self.noted])
        last = self.noted[user] if again else self.noted[user] + self.chance.randint(1, 3)
        self.noted[user] = last
        if last:
            due = self.now + self.chance.randint(0, 500)
            first = self.chance.randint(1, last)
            await self.pushes.enqueue([news(user, last, first=first, due=due)], self.now)

    async def claim(self) -> None:
        for burst in await self.pushes.claim(self.now, LEASE_MS, 2):
            assert self.now >= self.until[burst.user], "two have the same burst"
            self.held[burst.user] = burst
            self.until[burst.user] = self.now + LEASE_MS

    async def settle(self) -> None:
        if self.held:
            burst = self.held.pop(self.chance.choice([*self.held]))
            kept, _ = await self.pushes.look(burst.user, "d1") or (None, [])
            await settled(self.pushes, burst)
            if kept is not None and kept.lease == burst.lease:
                self.decided[burst.user] = burst.last
                self.until[burst.user] = 0

    async def step(self) -> None:
        self.now += self.chance.randint(0, 400)
        chosen = self.chance.choice(["note", "again", "claim", "claim", "settle", "die"])
        if chosen in {"note", "again"}:
            await self.note(again=chosen == "again")
        elif chosen == "claim":
            await self.claim()
        elif chosen == "settle":
            await self.settle()
        elif self.held:  # whoever has it dies: nothing is written
            del self.held[self.chance.choice([*self.held])]

    async def come_to_rest(self) -> None:
        self.now += 60_000
        self.held.clear()
        while bursts := await self.pushes.claim(self.now, LEASE_MS, 100):
            for burst in bursts:
                self.decided[burst.user] = burst.last
                await settled(self.pushes, burst)
            self.now += 60_000


class Careless(Pushes):
    """Gives what is claimed to others as well."""

    async def claim(self, now_ms: int, lease_ms: int, limit: int) -> list[Burst]:
        return await super().claim(now_ms, 1, limit)


class Forgetful(Pushes):
    """Takes what came while a burst was claimed for decided."""

    async def record(self, record: Record, now_ms: int) -> None:
        await super().record(record, now_ms)
        user, place = record.before.user, record.before.conversation
        of_burst = {"_id": {"u": user, "c": place}}
        await self._collection.update_one(of_burst, {"$unset": {"due": 1}})


@pytest.mark.parametrize("broken", [Careless, Forgetful])
async def test_the_model_finds_a_queue_out_that_breaks_its_promises(
    node: Node, empty_database: str, broken: type[Pushes]
) -> None:
    async def play() -> None:
        for seed in range(9, 60):  # the first that finds both
            pushes = broken(node.database, gather_ms=30_000)
            await test_whatever_happens_every_message_is_decided_about(pushes, seed)

    with pytest.raises(AssertionError):
        await play()


@pytest.mark.parametrize("seed", range(examples(12)))
async def test_whatever_happens_every_message_is_decided_about(pushes: Pushes, seed: int) -> None:
    users = [f"{seed}-{number}-{secrets.token_hex(2)}" for number in range(3)]
    model = Model(pushes, users, random.Random(seed))
    for _ in range(40):
        await model.step()
    await model.come_to_rest()
    assert model.decided == model.noted
    for _ in range(5):
        await model.note(again=True)
    assert await claimed(pushes, model.now + 10**6) == []
