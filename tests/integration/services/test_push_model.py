"""Whatever people do and whoever dies: nothing is told that must not be, and everybody is told.

Every notification is held against the database at the moment when it is handed over.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from msgspec import structs

from chatserver.config import Settings
from chatserver.domain.message import Message
from chatserver.domain.push import policy as push_policy
from chatserver.domain.push.notification import Address, Notification, Outcome
from chatserver.services.notifying.dispatch import LEASE_MS
from chatserver.services.notifying.outlook import Known
from chatserver.services.notifying.wording import Seen, Wording
from chatserver.services.views import Views
from chatserver.store.pushes import News, Pushes
from tests.examples import examples
from tests.integration.services.pushing import SENT, Day, Died
from tests.integration.services.rooms import act, begin

pytestmark = pytest.mark.asyncio

LATER = Outcome(state="later")


class Town:
    """Lin of the shop, two customers with two devices each, and what is wrong about what they are
    told."""

    def __init__(self, day: Day, chance: random.Random) -> None:
        self.day = day
        self.chance = chance
        self.wrong: list[str] = []
        self.handed: Counter[tuple[str, str]] = Counter()
        self.deaths = 0
        self.views = Views(day.stores)
        self.people: dict[str, Any] = {}
        self.places: list[str] = []
        day.post.send = self.take  # type: ignore[method-assign]

    async def begin(self) -> None:
        self.lin = await self.day.node.arrive("lin", role="manager", shop="renmin")
        for user in ("mei", "fang"):
            for device in ("phone", "tablet"):
                await self.day.phone(user, device)
            self.people[user] = await self.day.node.arrive(user)
            self.places.append(await self.lin.open(user))
        self.room = await begin(self.lin, "mei", "fang")
        self.places.append(self.room)

    async def take(self, address: Address, said: Notification) -> Outcome:
        """What a provider does, which looks at what it is handed first."""
        user = address.token.partition("-")[0]
        unread = await self._unread(user, said)
        mine = (await self.day.stores.cursors.of([(said.conversation, user)])).get(
            (said.conversation, user)
        )
        if said.shows and not (mine and mine.is_in):
            self._blame("told who is no member", said)
        elif said.shows and not unread:
            self._blame("told of what was read or recalled", said)
        elif not said.shows and mine and mine.is_in and mine.read < said.seq and unread:
            self._blame("took away what was not read", said)
        elif said.shows and said.sounds and mine and not _wants(user, mine.prefs.mode, unread):
            self._blame("told who does not want it", said)
        if said.badge != (await self.views.badge(user)).unread:
            self._blame(f"counts {said.badge}, not {(await self.views.badge(user))}", said)
        answer = self.chance.choice([SENT, SENT, SENT, LATER])
        if answer is SENT:
            self.handed[said.id, address.token] += 1
            self.day.post.handed[address.token].append(said)
        return answer

    async def _unread(self, user: str, said: Notification) -> list[Message]:
        """What counts as unread there up to what the notification speaks of."""
        place = said.conversation
        found = await self.day.stores.cursors.of([(place, user)])
        read = found[place, user].read if (place, user) in found else 0
        messages = (await self.day.stores.messages.ranges({place: (read + 1, said.seq)})).get(
            place, ()
        )
        return [
            each for each in messages if not each.recalled and each.kind not in {"system", "void"}
        ]

    def _blame(self, what: str, said: Notification) -> None:
        self.wrong.append(f"{what}: {said.conversation} {said.seq}")

    async def step(self) -> None:
        chosen: Callable[[], Any] = self.chance.choice(
            [self.say, self.say, self.say, self.read, self.read, self.recall, self.wish, self.turn,
             self.remove, self.time, self.time, self.time, self.die]
        )  # fmt: skip
        await chosen()

    async def say(self) -> None:
        kind = self.chance.choice(["chat", "chat", "chat", "service", "critical"])
        place = self.chance.choice(self.places)
        await self.lin.say(place, f"{kind}", **{"class": kind})

    async def read(self) -> None:
        user, place = self._somewhere()
        head = (await self.day.stores.heads.of([place]))[place].seq
        if head and await self._is_in(user, place):
            seq = self.chance.choice([head, head, self.chance.randint(1, head)])
            fields = {"conversation": place, "seq": seq}
            await self.people[user].call("read.mark", fields)

    async def recall(self) -> None:
        place = self.chance.choice(self.places)
        head = (await self.day.stores.heads.of([place]))[place].seq
        places = [(place, seq) for seq in range(max(1, head - 2), head + 1)]
        for message in (await self.day.stores.messages.by_id(places)).values():
            if message.sender == "lin" and not message.recalled:
                fields = {"conversation": place, "seq": message.seq}
                await self.lin.call("message.recall", fields)
                await self.day.worker.recipients.recalled([message], self.day.now())
                return

    async def wish(self) -> None:
        user, place = self._somewhere()
        if await self._is_in(user, place):
            mode = self.chance.choice(["all", "all", "mentions", "silent", "none"])
            fields = {"conversation": place, "mode": mode}
            await self.people[user].call("conversation.prefs", fields)

    async def turn(self) -> None:
        user, _ = self._somewhere()
        fronts = [None, "handheld", "desktop", "away", "offline"]
        self.day.fronts[user] = self.chance.choice(fronts)  # type: ignore[assignment]

    async def remove(self) -> None:
        if await self._is_in("fang", self.room):
            await act(self.lin, "remove", self.room, user="fang")
        else:
            await act(self.lin, "add", self.room, users=["fang"])

    async def time(self) -> None:
        await self.day.passes(self.chance.choice([0, 3, 6, 31, 61]))

    async def die(self) -> None:
        """Whoever sends ends before it wrote down what it did."""
        pushes = self.day.stores.pushes

        async def dies(*_: Any) -> None:
            raise Died

        pushes.record = dies  # type: ignore[method-assign]
        try:
            await self.day.passes(6)
        except* Died:
            self.deaths += 1
        finally:
            del pushes.record  # type: ignore[method-assign]

    async def come_to_rest(self) -> None:
        """All have put everything away, and hear one more word in each conversation."""
        self.day.fronts.clear()
        if not await self._is_in("fang", self.room):
            await self.remove()
        for user, place in self._all():
            fields = {"conversation": place, "mode": "all"}
            await self.people[user].call("conversation.prefs", fields)
        for place in self.places:
            await self.lin.say(place, "one more")
        await self._waits()
        for user, place in self._all():
            head = (await self.day.stores.heads.of([place]))[place].seq
            for told in self._last(user, place):
                if told is None or not told.shows or told.seq < head:
                    self.wrong.append(f"{user} was not told of {place} {head}")
            await self.people[user].call("read.mark", {"conversation": place, "seq": head})
        await self._waits()
        for user, place in self._all():
            if any(told and told.shows for told in self._last(user, place)):
                self.wrong.append(f"{user} still sees {place}")
        most = max(self.handed.values(), default=0)
        if most > 1 + self.deaths:
            self.wrong.append(f"one notification was handed over {most} times")

    async def _waits(self) -> None:
        await self.day.passes(LEASE_MS / 1000)
        for _ in range(8):
            await self.day.passes(130)

    def _last(self, user: str, place: str) -> list[Notification | None]:
        """What each device was handed last of a conversation."""
        return [
            next(
                (s for s in reversed(self.day.post.handed[token]) if s.conversation == place), None
            )
            for token in (f"{user}-phone", f"{user}-tablet")
        ]

    def _all(self) -> list[tuple[str, str]]:
        direct = list(zip(self.people, self.places, strict=False))
        return [*direct, *((user, self.room) for user in self.people)]

    def _somewhere(self) -> tuple[str, str]:
        return self.chance.choice(self._all())

    async def _is_in(self, user: str, place: str) -> bool:
        found = await self.day.stores.cursors.of([(place, user)])
        return found[place, user].is_in


def _wants(user: str, mode: str, unread: list[Message]) -> bool:
    if mode in {"all", "silent"} or any(each.message_class == "critical" for each in unread):
        return True
    is_meant = any(user in each.mentions or each.mention_all for each in unread)
    return mode == "mentions" and is_meant


async def played(day: Day, seed: int, steps: int = 30) -> Town:
    town = Town(day, random.Random(seed))
    await town.begin()
    for _ in range(steps):
        await town.step()
    await town.come_to_rest()
    return town


@pytest.mark.parametrize("seed", range(examples(12, least=3)))
async def test_everybody_is_told_and_of_nothing_that_must_not_be(
    node: Any, settings: Settings, seed: int
) -> None:
    wrong = (await played(Day(node, settings), seed)).wrong
    assert not wrong, "\n".join(wrong)


def tells_what_was_read(patch: pytest.MonkeyPatch) -> None:
    """Neither the rules nor the count keep what was read from being told."""
    loose = [
        structs.replace(each, holds=lambda *_: False) if each.why in {"read", "recalled"} else each
        for each in push_policy.RULES
    ]
    view = Wording.view

    async def counts(self: Wording, known: Known) -> Seen:
        seen = await view(self, known)
        return structs.replace(seen, count=max(1, seen.count))

    patch.setattr(push_policy, "RULES", loose)
    patch.setattr(Wording, "view", counts)


def forgets_some(patch: pytest.MonkeyPatch) -> None:
    """Not all that comes is noted."""
    enqueue = Pushes.enqueue

    async def forgets(self: Pushes, news: Iterable[News], now_ms: int) -> None:
        await enqueue(self, [each for each in news if each.user != "fang"], now_ms)

    patch.setattr(Pushes, "enqueue", forgets)


def hears_of_no_reading(patch: pytest.MonkeyPatch) -> None:
    """What is read takes nothing away."""

    async def deaf(*_: Any) -> None: ...

    patch.setattr(Pushes, "wake", deaf)


@pytest.mark.parametrize("broken", [forgets_some, hears_of_no_reading])
async def test_a_worker_that_breaks_a_promise_is_found_out(
    node: Any,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[pytest.MonkeyPatch], None],
) -> None:
    broken(monkeypatch)
    assert (await played(Day(node, settings), 5)).wrong


async def test_a_worker_that_tells_what_was_read_is_found_out(
    node: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = Town(Day(node, settings), random.Random(1))
    await town.begin()
    place, town.day.fronts["mei"] = town.places[0], "handheld"
    seq = await town.lin.say(place, "read while the app is in front")
    await town.day.passes(6)
    await town.people["mei"].call("read.mark", {"conversation": place, "seq": seq})
    town.day.fronts.clear()
    tells_what_was_read(monkeypatch)
    await town.day.passes(60)
    assert any("told of what was read" in each for each in town.wrong)
