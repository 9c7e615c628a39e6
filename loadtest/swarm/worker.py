"""A process of its own for load: one object with an event loop, told step by step what to do."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from loadtest.swarm import cores
from loadtest.swarm.failed import Failed

ROOT = Path(__file__).parents[2]
STEP_WITHIN_S = 300.0
DIES_WITHIN_S = 5.0

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


class Worker(Generic[T]):
    """The parent's side: `with Worker(core, Room, place) as worker: worker.do(Room.gather, 10)`.

    The object lives in the other process; its methods go there by name. That process ends with
    the `with`, and by itself when this process ends in any other way.
    """

    def __init__(self, core: int | None, make: Callable[..., T], *arguments: Any) -> None:
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "loadtest.swarm", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                start_new_session=True,  # Ctrl-C in the terminal is for the parent alone
            )
        cores.pin(self._process.pid, core)
        self._pipe.send((make, arguments))

    def __enter__(self) -> Worker[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def do(
        self,
        step: Callable[Concatenate[T, P], Coroutine[Any, Any, R]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Have the object do something and wait until it is done.

        Raises:
            Failed: the step failed, the process died, or nothing came in time.
        """
        self.begin(step, *args, **kwargs)
        result: R = self.result()
        return result

    def begin(
        self,
        step: Callable[Concatenate[T, P], Coroutine[Any, Any, R]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Have the object do something; `result` waits for it.

        Raises:
            Failed: the process died.
        """
        try:
            self._pipe.send((step, args, kwargs))
        except OSError:
            raise Failed(f"the load process died {self._how()}") from None

    def result(self) -> Any:
        """What the step that was begun gave.

        Raises:
            Failed: as for `do`.
        """
        try:
            if not self._pipe.poll(STEP_WITHIN_S):
                raise Failed(f"the load process was not done within {STEP_WITHIN_S:.0f} s")
            well, result = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise Failed(f"the load process died {self._how()}") from None
        if not well:
            raise Failed(result)
        return result

    def _how(self) -> str:
        """How it ended, as the end of a sentence."""
        try:
            status = self._process.wait(DIES_WITHIN_S)
        except subprocess.TimeoutExpired:
            return "for its parent, and still runs"
        return f"of signal {-status}" if status < 0 else f"with status {status}"

    def kill(self) -> None:
        """End the process at once: its connections break off as if its machine had gone."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()


async def serve(pipe: Connection) -> None:
    """The other side: make the object, do the steps, end with the parent."""
    steps: asyncio.Queue[Any] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        """In a thread: the loop would make the pipe one that cannot take a large step in."""
        while True:
            try:
                loop.call_soon_threadsafe(steps.put_nowait, pipe.recv())
            except (EOFError, OSError):
                os._exit(0)  # the parent is gone, whatever goes on here

    threading.Thread(target=read, daemon=True).start()
    make, arguments = await steps.get()
    actor = make(*arguments)
    while True:
        step, args, kwargs = await steps.get()
        pipe.send(await _outcome(step(actor, *args, **kwargs)))


async def _outcome(step: Coroutine[Any, Any, Any]) -> tuple[bool, Any]:
    try:
        return True, await step
    except Failed as failed:
        return False, str(failed)
    except Exception as error:
        return False, f"the load process stumbled: {error!r}"
