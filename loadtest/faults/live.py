"""A device that looks after itself, as PROTOCOL.md asks of a client, and does no more than that."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from loadtest.faults.people import LostError, NotGrantedError, RefusedError
from loadtest.faults.recorded import RecordedDevice
from loadtest.recorder import Recorder

LOOKS_EVERY_S = 0.1
FAILED = (LostError, NotGrantedError, RefusedError, TimeoutError, OSError)


class LiveDevice(RecordedDevice):
    """Comes back to whichever node is there, and fetches what it can know to be missing.

    That is: after coming back, when told to `resync`, and when a number was left out. Whatever
    else it misses stays missing, so that a server which does not tell it is found out.
    """

    def __init__(self, urls: Sequence[str], user: str, recorder: Recorder, **more: Any) -> None:
        """It prefers the first of the nodes at `urls`; others are tried in turn."""
        super().__init__(urls[0], user, recorder, **more)
        self._urls = itertools.cycle(urls)
        self._stale = False
        self._tending: asyncio.Task[None] | None = None

    async def arrive(self) -> None:
        """Come in, catch up, and look after itself from then on.

        Raises:
            LostError, RefusedError: the first connection failed.
        """
        self.url = next(self._urls)
        await self.connect()
        await self.catch_up()
        self._tending = asyncio.create_task(self._tend(), name=f"tends {self.device}")

    async def leave(self) -> None:
        """Go for good."""
        if self._tending is not None:
            self._tending.cancel()
            with suppress(asyncio.CancelledError):
                await self._tending
        await self.close()

    def on_event(self, event: str, payload: Any) -> None:
        """Keep it, and note when it says that others were missed."""
        super().on_event(event, payload)
        if event == "notice" and payload["type"] == "resync":
            self._stale = True

    async def _tend(self) -> None:
        lacked: set[str] = set()
        while True:
            await asyncio.sleep(LOOKS_EVERY_S)
            lacking = {name for name, shelf in self.shelves.items() if shelf.lacks}
            try:
                await self._see_to_it(lacking & lacked)
            except FAILED:
                self._stale = True
            lacked = lacking  # what is only late comes by itself until the next look

    async def _see_to_it(self, lacking: set[str]) -> None:
        if not self.connected:
            self.url = next(self._urls)
            self._stale = True
            await self.connect()
        if self._stale or lacking:
            self._stale = False
            await self.catch_up()
