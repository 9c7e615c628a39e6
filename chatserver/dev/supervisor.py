"""Keeps child processes running: starts them, starts them again when they die, stops them."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

from chatserver.dev.errors import DevError
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import PATIENCE_S, READY_S, Child, Program
from chatserver.tasks import Tasks

LOOK_S = 0.05
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0  # after this long it is not a failing start any more


class Supervisor:
    """The children of one data folder, in the order of their start."""

    def __init__(self, folder: DataFolder, say: Callable[[str], None]) -> None:
        """To be made inside the event loop; `say` gets a line for all that a person should know."""
        self._folder = folder
        self._say = say
        self._children: list[Child] = []
        self._keepers = Tasks(self._give_up)
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def launch(self, program: Program) -> Child:
        """Start a program without waiting for it; call `keep` next."""
        child = Child(program, self._folder)
        self._children.append(child)
        child.start()
        return child

    async def keep(self, child: Child, ready_s: float = READY_S) -> float:
        """Wait until the child works and keep it running from then on; returns the wait in seconds.

        Raises:
            DevError: it ended, or does not work in time.
        """
        await asyncio.to_thread(child.wait_ready, ready_s)
        took_s = time.monotonic() - child.started_at
        self._keepers.spawn(f"keep {child.program.name}", self._keep(child))
        return took_s

    async def watch(self) -> None:
        """Runs until cancelled.

        Raises:
            DevError: a child cannot be started any more, as when the disk is full.
        """
        await self._broken

    async def stop(self, patience_s: float = PATIENCE_S) -> None:
        """Stop all children, the last first."""
        await self._keepers.stop()
        for child in reversed(self._children):
            await asyncio.to_thread(child.stop, patience_s)
            self._say(f"{child.program.title} stopped")

    def kill(self) -> None:
        """End all children at once."""
        for child in self._children:
            child.signal(signal.SIGKILL)

    def _give_up(self, error: BaseException) -> None:
        if not self._broken.done():
            self._broken.set_exception(DevError(f"a program cannot be started again: {error}"))

    async def _keep(self, child: Child) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            how = await _end_of(child)
            if time.monotonic() - child.started_at > STEADY_S:
                pause_s = FIRST_PAUSE_S
            self._say(f"{child.program.name} {how}; starting it again")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            await self._start_again(child)

    async def _start_again(self, child: Child) -> None:
        child.start()
        try:
            await asyncio.to_thread(child.wait_ready)
        except DevError as error:
            self._say(str(error))
            child.signal(signal.SIGKILL)
        else:
            self._say(f"{child.program.name} is ready again")


async def _end_of(child: Child) -> str:
    """Wait until the child has ended; returns how."""
    while (how := child.ended()) is None:  # noqa: ASYNC110 - a process sets no event
        await asyncio.sleep(LOOK_S)
    return how
