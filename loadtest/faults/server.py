"""A database server of one's own, to do to it what a fault would."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from chatserver.dev.folder import DataFolder
from chatserver.dev.process import POLL_S, Child, Program
from loadtest.swarm.failed import Failed


class Server:
    """A database server that may be started, stopped, killed and paused as one likes.

    Start it from the main thread: it ends with the thread that started it.
    """

    def __init__(self, make: Callable[[DataFolder], Program], path: Path) -> None:
        """`make` gives the program that works in a folder at `path`; nothing runs yet."""
        self._folder = DataFolder(path)
        self._child = Child(make(self._folder), self._folder)
        self._paused = False

    @property
    def url(self) -> str:
        """Its address, the same after each start."""
        return self._child.program.url

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        return self._child.pid

    def start(self) -> None:
        """Start it and wait until it works; its data is as it was.

        Raises:
            DevError: it does not start.
        """
        self.spawn()
        self.wait_ready()

    def spawn(self) -> None:
        """Start it; it does not work yet."""
        self._child.start()

    def wait_ready(self) -> None:
        """Block until it works.

        Raises:
            DevError: it ended, or it does not work in time.
        """
        self._child.wait_ready()

    def kill(self) -> None:
        """End it as a crash would."""
        self._paused = False
        self._child.kill()

    def pause(self) -> None:
        """Hang it: its connections stay, and nothing is answered until `resume`."""
        self._paused = True
        self._child.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`; harmless without one."""
        if self._paused:
            self._paused = False
            self._child.signal(signal.SIGCONT)

    def fill_disk(self) -> None:
        """Let it write to no file any more, as if its disk were full; lasts until its next start.

        Raises:
            Failed: this system cannot do that to another process.
        """
        process = psutil.Process(self.pid)
        if not hasattr(process, "rlimit"):
            raise Failed("a full disk can be played on Linux only")
        process.rlimit(psutil.RLIMIT_FSIZE, (0, 0))

    def wait_ended(self, within_s: float) -> None:
        """Block until it has ended by itself.

        Raises:
            Failed: it has not, in time.
        """
        deadline = time.monotonic() + within_s
        while self._child.ended() is None:
            if time.monotonic() > deadline:
                raise Failed(f"process {self.pid} goes on after {within_s:.0f} s")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """End it in order."""
        self.resume()
        self._child.stop()
