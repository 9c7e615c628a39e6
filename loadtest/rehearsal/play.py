"""A load process: its share of everybody, told step by step what to do.

The parent calls these steps; between them arrivals go on by themselves.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from loadtest.recorder import GatheringRecorder
from loadtest.rehearsal.cast import CHANNEL, Cast
from loadtest.rehearsal.device import Device
from loadtest.rehearsal.figures import Tally
from loadtest.rehearsal.habits import Habits
from loadtest.rehearsal.notified import PROVIDER
from loadtest.rehearsal.scenario import Drop, Scenario, Stage
from loadtest.rehearsal.schedule import Curve, arrivals, regular
from loadtest.rehearsal.ways import Target, Ways, now
from loadtest.swarm.failed import Failed
from loadtest.swarm.pace import wait_until

AT_ONCE = 100  # people who come in at the same time before a run
TENDS_EVERY_S = 1.0
COME_WITHIN_S = 240.0
PER = 1000  # customers, to whom rates refer

T = TypeVar("T")
Due = tuple[float, int, Callable[[float], None]]  # the number keeps equal times in order


class Part(Struct, frozen=True):
    """Which load process of how many this is, and where its history goes."""

    number: int
    of: int
    history: str


class Play:
    """Everybody whose number leaves this rest, with their devices."""

    def __init__(self, scenario: Scenario, run: str, target: Target, part: Part) -> None:
        self.cast = Cast(scenario, run)
        self._part = part
        self._scenario = scenario
        self._chance = random.Random(f"{scenario.seed} part {part.number}")
        self._recorder = GatheringRecorder(Path(part.history))
        self._ways = Ways(target, run, self._recorder, self._chance, scenario.phones)
        self._habits = Habits(scenario.habits, self._chance)
        self._ways.on_message = self._habits.on_message
        self._nodes = len(target.urls)
        self._phones = {n: self._customer(n, "phone") for n in self.cast.queue if self._is_mine(n)}
        self._tablets = {
            number: self._customer(number, "tablet")
            for number in self._phones
            if self.cast.has_tablet(number)
        }
        self._desks = {n: self._desk(n) for n in self.cast.consultants if self._is_mine(n)}
        self._staff: Device | None = None
        if part.number == 0:
            self._staff = Device(self.cast.staff, "staff", "manager", 0, self._ways)
        self._queue = list(self._phones)
        self._inside = 0
        self._rooms: dict[str, str] = {}
        self._tasks: list[asyncio.Task[Any]] = []
        self._driver: asyncio.Task[None] | None = None

    # --- before the run -----------------------------------------------------------------------

    async def employ(self) -> None:
        """Consultants and the member of staff come in."""
        self._tasks = [
            asyncio.create_task(self._ways.book.watch_lag()),
            asyncio.create_task(self._tend()),
        ]
        staff = [self._staff] if self._staff else []
        await self._all_come([*self._desks.values(), *staff])

    async def make_rooms(self) -> dict[str, str]:
        """The member of staff begins the channel and the communities; their ids by name."""
        made: dict[str, str] = {}
        if self._staff is None:
            return made
        for name in self.cast.rooms:
            answer = await self._staff.ask(
                "conversation.open",
                kind="channel" if name == CHANNEL else "group",
                title=f"Rehearsal {name}",
                client_id=f"{self.cast.run}-{name}",
            )
            made[name] = answer["conversation"]["id"]
        return made

    async def gather(self, rooms: dict[str, str]) -> None:
        """All customers come in once and open their conversations."""
        self._rooms = rooms
        await self._all_come(self._phones.values())
        await self._in_turn(self._phones, self._acquaint)

    async def fill_rooms(self) -> None:
        """The member of staff brings customers into the channel and their communities."""
        if self._staff is None:
            return
        for name, room in self._rooms.items():
            for users in self.cast.handfuls(name):
                await self._staff.ask("conversation.add", conversation=room, users=users)

    async def empty(self, share: float) -> None:
        """Customers leave, but for the share that the first stage begins with."""
        stay = round(share * len(self._queue))
        for number in self._queue[stay:]:
            self._leave(number)
        for number in self._queue[:stay]:
            if number in self._tablets:
                self._tablets[number].come(now())
        self._inside = stay
        self._ways.book.take()

    # --- the run ------------------------------------------------------------------------------

    async def start(self, begin: float) -> None:
        """Play all stages from that time (`time.perf_counter`) on; returns at once."""
        self._driver = asyncio.create_task(self._drive(begin))

    async def figures(self) -> Tally:
        """What was measured since the last time.

        Raises:
            Failed: something that goes on by itself has broken off.
        """
        for task in (*self._tasks, self._driver):
            if task is not None and task.done() and not task.cancelled() and task.exception():
                raise Failed(f"the load broke off: {task.exception()!r}")
        return self._ways.book.take()

    # --- after the run ------------------------------------------------------------------------

    async def fall_silent(self) -> None:
        """Nobody begins anything any more, and everybody who is away comes in."""
        self._habits.end()
        if self._driver is not None:
            self._driver.cancel()
        for device in self.devices():
            device.come(now())
            device.go_on_reading()

    async def unsettled(self) -> int:
        """How many devices are still on their way, or have something open."""
        return sum(not device.settled for device in self.devices())

    async def heads(self) -> dict[str, int]:
        """The highest number that any device holds of each conversation."""
        heads: dict[str, int] = {}
        for device in self.devices():
            for name, shelf in device.shelves.items():
                heads[name] = max(heads.get(name, 0), shelf.seq)
        return heads

    async def behind(self, heads: dict[str, int]) -> int:
        """How many devices do not hold all of that."""
        return sum(
            any(shelf.seq < heads.get(name, 0) for name, shelf in device.shelves.items())
            for device in self.devices()
        )

    async def finish(self) -> None:
        """Everybody writes down what they show; then each conversation is read anew elsewhere."""
        for device in self.devices():
            device.last_view()
        await self._read_anew()
        for device in self.devices():
            device.leave()
        for task in self._tasks:
            task.cancel()
        self._recorder.close()

    def devices(self) -> Iterator[Device]:
        """Everybody's devices."""
        yield from self._phones.values()
        yield from self._tablets.values()
        yield from self._desks.values()
        if self._staff is not None:
            yield self._staff

    # --- who ----------------------------------------------------------------------------------

    def _is_mine(self, number: int) -> bool:
        return number % self._part.of == self._part.number

    def _customer(self, number: int, what: str) -> Device:
        home = self._chance.randrange(self._nodes)
        device = Device(
            self.cast.customer(number), f"{self.cast.run}-{number}-{what}", "customer", home,
            self._ways,
        )  # fmt: skip
        device.has_bad_line = what == "phone" and self.cast.has_bad_line(number)
        return device

    def _desk(self, number: int) -> Device:
        user = self.cast.consultant(number)
        device = Device(user, f"{user}-desk", "consultant", number % self._nodes, self._ways)
        self._habits.answers.add(device)
        return device

    async def _all_come(self, devices: Iterable[Device]) -> None:
        expected = list(devices)
        try:
            async with asyncio.timeout(COME_WITHIN_S):
                await self._in_turn(expected, _settled)
        except TimeoutError:
            here = sum(device.here for device in expected)
            raise Failed(f"{here} of {len(expected)} devices came in before the run") from None

    async def _in_turn(self, things: Iterable[T], do: Callable[[T], Awaitable[None]]) -> None:
        """Do something with all of them, with some at the same time."""
        waiting = iter(list(things))

        async def one_by_one() -> None:
            for thing in waiting:
                await do(thing)

        await asyncio.gather(*(one_by_one() for _ in range(AT_ONCE)))

    async def _acquaint(self, number: int) -> None:
        phone = self._phones[number]
        other = self.cast.consultant(self.cast.consultant_of(number))
        answer = await phone.ask("conversation.open", kind="direct", **{"with": other})
        if answer["conversation"]["id"] != self.cast.direct(number):
            raise Failed("the server names direct conversations in a way of its own")
        if self._scenario.setting.push:
            await phone.ask("device.update", push={"provider": PROVIDER, "token": phone.name})

    async def _read_anew(self) -> None:
        """Through the next node: a device that holds nothing reads everything."""
        reading = [(desk, list(map(self.cast.direct, self.cast.customers_of(number))))
                   for number, desk in self._desks.items()]  # fmt: skip
        if self._staff is not None:
            reading.append((self._staff, list(self._rooms.values())))
        await self._in_turn(reading, self._read_all)

    async def _read_all(self, of: tuple[Device, list[str]]) -> None:
        device, conversations = of
        home = (device.home + 1) % self._nodes
        reader = Device(device.user, f"{device.name}-anew", device.role, home, self._ways)
        await _settled(reader)
        for conversation in conversations:
            above, more = 0, True
            while more:
                page = await reader.look_back(conversation, after=above, limit=100)
                more = len(page) == 100
                above = page[-1]["seq"] if page else above
        reader.leave()

    # --- what happens when --------------------------------------------------------------------

    async def _drive(self, begin: float) -> None:
        for stage in self._scenario.stages:
            for after_s, _, happens in heapq.merge(*self._events(stage)):
                await wait_until(begin + after_s)
                happens(begin + after_s)
            begin += stage.seconds
        await wait_until(begin)

    def _events(self, stage: Stage) -> Iterator[Iterator[Due]]:
        number = iter(range(100))

        def at(times: Iterable[float], happens: Callable[[float], None]) -> Iterator[Due]:
            place = next(number)
            return ((time, place, happens) for time in times)

        yield at(self._rate(stage.asks, stage.seconds), self._ask)
        yield at(self._rate(stage.talks, stage.seconds), self._talk)
        if stage.broadcast_every_s and self._staff is not None:
            yield at(regular(stage.broadcast_every_s, stage.seconds), self._broadcast)
        for drop in stage.drops:
            yield at([drop.at_s], self._dropping(drop))
        place = next(number)
        first = stage.online.level(0) * len(self._queue)
        yield iter([(0.0, place, lambda due: self._let_in(round(first), due))])
        yield from self._moving(stage)
        if self._scenario.phones.stops:
            yield at(self._stops(stage.seconds), self._stop_one)

    def _moving(self, stage: Stage) -> Iterator[Iterator[Due]]:
        """Who comes and goes, as the share of those online passes each of them."""

        def crossing(number: int) -> Callable[[float], None]:
            inside = number if number > 0 else -number - 1
            return lambda due: self._let_in(inside, due)

        crossings = stage.online.crossings(len(self._queue))
        yield ((share * stage.seconds, 99, crossing(number)) for share, number in crossings)

    def _rate(self, rate: Curve, seconds: float) -> Iterator[float]:
        """Arrivals of this process: its part of what 1,000 customers do, for so many as there are.

        Several processes' arrivals together are those of one at the whole rate.
        """
        scale = self._scenario.clients / PER / self._part.of
        points = tuple((time, level * scale) for time, level in rate.points)
        return arrivals(Curve(points=points), seconds, self._chance)

    def _let_in(self, inside: int, due: float) -> None:
        for number in self._queue[self._inside : inside]:
            self._phones[number].come(due)
            if number in self._tablets:
                self._tablets[number].come(due)
            self._habits.returned(self._phones[number])
        for number in self._queue[inside : self._inside]:
            self._leave(number)
        self._inside = inside

    def _leave(self, number: int) -> None:
        self._phones[number].leave()
        if number in self._tablets:
            self._tablets[number].leave()

    def _ask(self, due: float) -> None:
        if self._inside:
            number = self._chance.choice(self._queue[: self._inside])
            self._habits.say(self._phones[number], self.cast.direct(number), "ask", due)

    def _talk(self, due: float) -> None:
        if not self._inside or not self.cast.communities:
            return
        number = self._chance.choice(self._queue[: self._inside])
        for name, members in enumerate(self.cast.communities):
            if number in members:
                self._habits.say(self._phones[number], self._rooms[str(name)], "talk", due)

    def _broadcast(self, due: float) -> None:
        if self._staff is not None and CHANNEL in self._rooms:
            self._habits.say(self._staff, self._rooms[CHANNEL], "notice", due)

    def _dropping(self, drop: Drop) -> Callable[[float], None]:
        def fall(_due: float) -> None:
            for device in self.devices():
                if device.here and self._chance.random() < drop.share:
                    device.drop(token_ended=self._chance.random() < drop.expired)

        return fall

    def _stops(self, seconds: float) -> Iterator[float]:
        """When one of the bad lines that stop at times does so."""
        bad = sum(phone.has_bad_line for phone in self._phones.values())
        stopping = bad * self._scenario.phones.stops
        after_s = 0.0
        while stopping:
            after_s += self._scenario.phones.stops_every_s.draw(self._chance) / stopping
            if after_s >= seconds:
                return
            yield after_s

    def _stop_one(self, _due: float) -> None:
        bad = [phone for phone in self._phones.values() if phone.has_bad_line and phone.here]
        if bad:
            phone = self._chance.choice(bad)
            phone.stop_reading()
            again_s = self._scenario.phones.stops_for_s.draw(self._chance)
            asyncio.get_running_loop().call_later(again_s, phone.go_on_reading)

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(TENDS_EVERY_S)
            caring = [device for device in self.devices() if device.needs_care]
            await self._in_turn(caring, Device.tend)
            self._recorder.flush()


async def _settled(device: Device) -> None:
    device.come(now())
    while not device.settled:  # noqa: ASYNC110 - thousands of events would be kept for this
        await asyncio.sleep(0.005)
