"""No orphan tasks: every task has a name and an owner, and a dead loop stops the process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog

CANCELLATIONS = 4
CANCEL_AGAIN_S = 0.25

log = structlog.get_logger()

OnDeath = Callable[[BaseException], None]


class Tasks:
    """The background tasks of one process."""

    def __init__(self, on_death: OnDeath) -> None:
        """`on_death` is told when a task that must not end raised: it stops the process."""
        self._running: set[asyncio.Task[Any]] = set()
        self._on_death = on_death

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in the background; an exception in it is logged and stops the process."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """Cancel what still runs, again where that got lost, and wait a moment for its end."""
        for _ in range(CANCELLATIONS):
            running = tuple(self._running)
            if not running:
                return
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
        log.warning("tasks did not end", tasks=[task.get_name() for task in self._running])

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.error("a background task died", task=task.get_name(), exc_info=error)
            self._on_death(error)


async def until_signal(running: Callable[[Tasks], AbstractAsyncContextManager[None]]) -> int:
    """Let a process run until SIGTERM, SIGINT, or the death of a task; 1 in that case, else 0."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    died: list[BaseException] = []

    def on_death(error: BaseException) -> None:
        died.append(error)
        stop.set()

    async with running(Tasks(on_death)):
        await stop.wait()
    return 1 if died else 0
