"""What people do by themselves: write, answer, mark as read, look back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

from loadtest.rehearsal import scenario
from loadtest.rehearsal.device import Device
from loadtest.rehearsal.texts import text
from loadtest.rehearsal.ways import now
from loadtest.swarm.failed import Failed

LOOKS_BACK_AFTER_S = 1.0


class Habits:
    """Acts for devices, with the distributions of the scenario."""

    def __init__(self, habits: scenario.Habits, chance: random.Random) -> None:
        """`answers` are the devices that answer who writes to them directly."""
        self.answers: set[Device] = set()
        self._habits = habits
        self._chance = chance
        self._marking: set[tuple[Device, str]] = set()
        self._doing: set[asyncio.Task[None]] = set()
        self._is_over = False

    def end(self) -> None:
        """Nobody begins anything any more."""
        self._is_over = True

    def say(self, device: Device, conversation: str, kind: str, due: float) -> None:
        """A device sends something that was due then."""
        if self._is_over:
            return
        if self._chance.random() < self._habits.typing:
            device.type(conversation)
        characters = round(self._habits.text.draw(self._chance))
        device.write(conversation, text(kind, characters, self._chance), due)

    def on_message(self, device: Device, message: dict[str, Any]) -> None:
        """A device was shown a message while connected."""
        if self._is_over or message["kind"] != "text":
            return
        conversation = message["conversation"]
        if device in self.answers and self._chance.random() < self._habits.answers:
            self._later(
                self._habits.answers_after_s.draw(self._chance), self._answer, device, conversation
            )
        mark = (device, conversation)
        if mark not in self._marking and self._chance.random() < self._habits.reads:
            self._marking.add(mark)
            self._later(
                self._habits.reads_after_s.draw(self._chance), self._mark, device, conversation
            )

    def returned(self, device: Device) -> None:
        """A device is coming: perhaps somebody will look at older messages."""
        if self._chance.random() < self._habits.history:
            self._later(LOOKS_BACK_AFTER_S, self._look_back, device, "")

    def _later(self, after_s: float, act: Any, device: Device, conversation: str) -> None:
        due = now() + after_s
        asyncio.get_running_loop().call_later(after_s, act, device, conversation, due)

    def _answer(self, device: Device, conversation: str, due: float) -> None:
        self.say(device, conversation, "answer", due)

    def _mark(self, device: Device, conversation: str, _due: float) -> None:
        self._marking.discard((device, conversation))
        if not self._is_over:
            self._do(device.mark(conversation))

    def _look_back(self, device: Device, _conversation: str, _due: float) -> None:
        if not self._is_over and device.here:
            self._do(self._one_page(device))

    async def _one_page(self, device: Device) -> None:
        for conversation in sorted(device.shelves)[:1]:
            try:
                await device.look_back(conversation, limit=50)
            except Failed:
                return  # it is counted where it failed

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
