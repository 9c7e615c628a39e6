"""Child processes: started with a log file, ended with their parent, found again if left over."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chatserver import leash
from chatserver.dev.errors import DevError
from chatserver.dev.folder import DataFolder

POLL_S = 0.02
READY_S = 60.0
PATIENCE_S = 12.0

# What a Debian package must bring for a program whose libraries the system lacks.
DEBIAN_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
}


@dataclass(frozen=True)
class Program:
    """What to run and how to see that it works. One word of `command` must name the data folder."""

    name: str  # in sentences and file names: "mongod"
    title: str  # in headlines: "MongoDB"
    url: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]  # asked often; may block for a second
    variables: Mapping[str, str] = field(default_factory=dict)  # on top of this environment


class Child:
    """A running program. Start it from the main thread: it dies with the thread that started it."""

    def __init__(self, program: Program, folder: DataFolder) -> None:
        """Nothing runs yet."""
        self.program = program
        self.log = folder.log_file(program.name)
        self.started_at = 0.0
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; it changes with each start.

        Raises:
            DevError: it was never started.
        """
        if self._process is None:
            raise DevError(f"{self.program.name} was not started")
        return self._process.pid

    def start(self) -> None:
        """Start the program; it is not ready yet."""
        self.log = self._folder.log_file(self.program.name)
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-IS", leash.__file__, str(os.getpid()), *self.program.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.program.variables},
                start_new_session=True,  # Ctrl-C in the terminal is for the parent alone
            )
        self._folder.pid_file(self.program.name).write_text(f"{self.pid}\n")

    def wait_ready(self, timeout_s: float = READY_S) -> None:
        """Block until the program works.

        Raises:
            DevError: it ended, or it does not work in time.
        """
        deadline = time.monotonic() + timeout_s
        while not self.program.is_ready():
            if (how := self.ended()) is not None:
                raise DevError(f"{self.program.name} {how}: {_last_words(self.log)}")
            if time.monotonic() > deadline:
                raise DevError(
                    f"{self.program.name} was not ready after {timeout_s:.0f} s; see {self.log}"
                )
            time.sleep(POLL_S)

    def ended(self) -> str | None:
        """How it ended, as the end of a sentence; None while it runs."""
        status = self._process.poll() if self._process else 0
        if status is None:
            return None
        return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"

    def stop(self, patience_s: float = PATIENCE_S) -> None:
        """Ask it to end, wait, and kill it when it does not end in time."""
        self.signal(signal.SIGTERM)
        deadline = time.monotonic() + patience_s
        while self.ended() is None and time.monotonic() < deadline:
            time.sleep(POLL_S)
        self.kill()
        self._folder.pid_file(self.program.name).unlink(missing_ok=True)

    def kill(self) -> None:
        """End it at once, as a crash would; returns when it is gone."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if it has ended."""
        if self._process is not None:
            self._process.send_signal(number)


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace")[-20_000:].splitlines() if log.exists() else []
    missing = re.search(r"shared libraries: (lib[^:]+):", lines[-1] if lines else "")
    if missing:
        package = DEBIAN_PACKAGES.get(missing[1], "the package that has it")
        return f"the library {missing[1]} is missing; on Debian: apt-get install {package}"
    serious = [line for line in lines if '"s":"F"' in line or '"s":"E"' in line]
    words = (serious or lines or ["it wrote nothing"])[-1]
    return f"{words[:400]} (in {log})"
