"""A database server of one's own, to do to it what a fault would."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from chatserver.dev.folder import DataFolder
from chatserver.dev.process import Child, Program


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

    def stop(self) -> None:
        """End it in order."""
        self.resume()
        self._child.stop()
