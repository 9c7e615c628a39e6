"""People who talk, read and change things on several devices each, whatever breaks meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from loadtest.faults.live import FAILED, LiveDevice
from loadtest.faults.people import Payload, text
from loadtest.history import now
from loadtest.recorder import Recorder

TRY_AGAIN = frozenset({"unavailable", "internal", "busy", "rate_limited"})
PAUSE_S = 0.1  # at most, between two things somebody does
ALL_SAID_S = 60.0

Cast = Mapping[str, Sequence[LiveDevice]]  # everybody's devices


class Talk(Protocol):
    """A conversation that people of the cast have."""

    async def begin(self, cast: Cast) -> None:
        """Make it; everybody of the cast is there."""
        ...


@dataclass(frozen=True)
class Direct:
    """A conversation of two people."""

    one: str
    other: str

    async def begin(self, cast: Cast) -> None:
        """The first of them opens it."""
        await cast[self.one][0].open(cast[self.other][0].user)


PEOPLE = {"mei": ("phone", "tablet"), "lin": ("desk", "phone"), "yu": ("phone", "web")}
TALKS: tuple[Talk, ...] = (Direct("mei", "lin"), Direct("yu", "lin"))


class Traffic:
    """A cast, spread over the nodes, with its talks; what happens is recorded."""

    def __init__(
        self,
        urls: Sequence[str],
        recorder: Recorder,
        chance: random.Random,
        pause_s: float = PAUSE_S,
    ) -> None:
        """Nobody is there yet; between two things somebody does lies `pause_s` at most."""
        self.silent_at = 0  # on the clock of histories
        self.cast: dict[str, list[LiveDevice]] = {}
        for user, names in PEOPLE.items():
            for name in names:
                first = len(self.devices) % len(urls)
                nodes = [*urls[first:], *urls[:first]]
                device = LiveDevice(nodes, user, recorder, device=f"{user}-{name}")
                device.says_retry = first != 0  # a hint only: nothing may depend on it
                self.cast.setdefault(user, []).append(device)
        self._actors = [
            Actor(each, random.Random(chance.random()), pause_s) for each in self.devices
        ]
        self._acting: list[asyncio.Task[None]] = []

    @property
    def devices(self) -> list[LiveDevice]:
        """Everybody's devices."""
        return [device for devices in self.cast.values() for device in devices]

    @property
    def shown(self) -> int:
        """How many messages all devices show together."""
        return sum(shelf.seq for device in self.devices for shelf in device.shelves.values())

    async def begin(self, talks: Sequence[Talk] = TALKS) -> None:
        """Everybody comes in and starts to talk."""
        for device in self.devices:
            await device.arrive()
        for talk in talks:
            await talk.begin(self.cast)
        for device in self.devices:
            await device.catch_up()
        self._acting = [asyncio.create_task(actor.act()) for actor in self._actors]

    async def fall_silent(self) -> None:
        """Nobody begins anything any more; what was begun may still be open."""
        for actor in self._actors:
            actor.silent = True
        await asyncio.gather(*self._acting)
        self.silent_at = now()

    async def finish(self) -> None:
        """Everything open is tried again until it is answered for certain.

        Raises:
            TimeoutError: something is not answered, long after the faults.
        """
        async with asyncio.timeout(ALL_SAID_S):
            await asyncio.gather(*(actor.finish() for actor in self._actors))

    async def last_views(self) -> None:
        """Everybody writes down what they show."""
        for device in self.devices:
            await device.last_view()

    async def end(self) -> None:
        """Everybody leaves, also in the middle of something."""
        for task in self._acting:
            task.cancel()
        await asyncio.gather(*self._acting, return_exceptions=True)
        for device in self.devices:
            await device.leave()


class Actor:
    """Somebody with a device who does one thing after the other, as chance has it."""

    def __init__(self, device: LiveDevice, chance: random.Random, pause_s: float) -> None:
        """Silent people only finish what they began."""
        self._pause_s = pause_s
        self.silent = False
        self._device = device
        self._chance = chance
        self._deeds: list[tuple[str, Payload]] = []  # asked for, and not yet answered for certain

    async def act(self) -> None:
        """Do things until silent."""
        while not self.silent:
            await asyncio.sleep(self._chance.uniform(0, self._pause_s))
            if self._device.connected:
                await self._try(self._one_thing)

    async def finish(self) -> None:
        """Come to an end with everything that is open."""
        while self._device.outbox or self._deeds:
            await self._try(self._insist)

    async def _try(self, what: Callable[[], Awaitable[None]]) -> None:
        try:
            await what()
        except FAILED:
            await asyncio.sleep(PAUSE_S)

    async def _insist(self) -> None:
        if self._device.outbox:
            await self._device.post()
        for event, asked in list(self._deeds):
            answer = await self._device.call(event, asked)
            if "read" in answer:
                self._device.shelf(asked["conversation"]).read(self._device.user, answer["read"])
            if answer.get("ok") or answer.get("code") not in TRY_AGAIN:
                self._deeds.remove((event, asked))

    async def _one_thing(self) -> None:
        room = self._chance.choice(sorted(self._device.shelves))
        does = self._chance.choices(
            [self._talk, self._read, self._change, self._look], [6, 2, 3, 1]
        )
        await does[0](room)
        await self._insist()

    async def _talk(self, room: str) -> None:
        for number in range(self._chance.randrange(1, 6)):
            self._device.write(room, f"number {number}")

    async def _read(self, room: str) -> None:
        seq = self._device.shelf(room).seq
        if seq:
            self._deeds.append(("read.mark", {"conversation": room, "seq": seq}))

    async def _look(self, room: str) -> None:
        after = self._chance.randrange(self._device.shelf(room).seq + 1)
        await self._device.read_history(room, after=after)

    async def _change(self, room: str) -> None:
        messages = self._device.shelf(room).messages.values()
        standing = [each for each in messages if not each.get("recalled")]
        own = [each["seq"] for each in standing if each["sender"] == self._device.user]
        event = self._chance.choice(["message.edit", "message.react", "message.recall"])
        seqs = [each["seq"] for each in standing] if event == "message.react" else own
        if seqs:
            more: dict[str, Payload] = {
                "message.edit": {"body": text(f"better {self._chance.random()}")},
                "message.react": {"reaction": "👍", "on": self._chance.random() < 0.7},
                "message.recall": {},
            }
            deed = {"conversation": room, "seq": self._chance.choice(seqs), **more[event]}
            self._deeds.append((event, deed))
