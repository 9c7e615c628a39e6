"""Nodes as processes of their own, which may be killed, stopped and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from loadtest.faults.nursery import Fork, nursery

KEY = "an-acceptance-test-key-of-enough-bytes"
CANARY = "canary-5e1f"  # in every text of these tests; must never be in a log
READY_S = 60.0
POLL_S = 0.05
ENDED_S = 30.0  # only what hangs waits so long
PRODUCT = ("-m", "chatserver", "serve")
WORKER = ("-m", "chatserver", "worker")


class ChatServer:
    """One node on a fixed port; what it logs is kept over restarts."""

    def __init__(
        self, folder: Path, environment: dict[str, str], program: Sequence[str] = PRODUCT
    ) -> None:
        """Its log is in `folder`; `program` is what Python runs. Nothing runs yet."""
        folder.mkdir(parents=True, exist_ok=True)
        self.port = int(environment.get("CHAT_PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / "server.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CHAT_")},
            "CHAT_PORT": str(self.port),
            "CHAT_JWT_KEY": KEY,
            "CHAT_LOG_FORMAT": "json",
            **environment,
        }
        self._program = program
        self._process: Fork | subprocess.Popen[bytes] | None = None

    def spawn(self) -> None:
        """Start it; it is not ready yet."""
        if sys.platform == "linux":
            self._process = nursery().fork(self._program, self._environment, self.log_file)
        else:  # where a fork is not as good as a fresh start
            self._process = self._started()

    def start(self) -> None:
        """Start it and wait until it is ready; blocks.

        Raises:
            RuntimeError: it ended, or is not ready in time.
        """
        self.spawn()
        deadline = time.monotonic() + READY_S
        while not self.is_ready():
            self._check_start(deadline)
            time.sleep(POLL_S)

    async def restart(self) -> None:
        """Start it again on the same port, while everything else goes on.

        Raises:
            RuntimeError: as for `start`.
        """
        self.spawn()
        deadline = time.monotonic() + READY_S
        while not await asyncio.to_thread(self.is_ready):
            self._check_start(deadline)
            await asyncio.sleep(POLL_S)

    def is_ready(self) -> bool:
        """Whether it takes clients and its databases answer."""
        try:
            return self.get("/readyz") == 200
        except OSError:
            return False

    def get(self, path: str) -> int:
        """The status of a page."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else 0

    def kill9(self) -> None:
        """End it as a crash would."""
        self._signal(signal.SIGKILL)
        self._wait(ENDED_S)

    def sigterm(self) -> None:
        """Ask it to end; it drains first."""
        self._signal(signal.SIGTERM)

    async def ended(self, within_s: float) -> int:
        """Its exit status, once it has ended.

        Raises:
            AssertionError: it still runs after that time.
        """
        deadline = time.monotonic() + within_s
        while self.exit_status is None:
            assert time.monotonic() < deadline, f"still running after {within_s} s"
            await asyncio.sleep(POLL_S)
        return self.exit_status

    def stop(self) -> None:
        """End it, whatever it takes."""
        self.sigterm()
        try:
            self._wait(ENDED_S)
        except subprocess.TimeoutExpired:
            self.kill9()

    def log(self) -> str:
        """All it has logged."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def log_size(self) -> int:
        """How many bytes it has logged so far."""
        return self.log_file.stat().st_size if self.log_file.exists() else 0

    def log_since(self, size: int) -> str:
        """What it has logged after its first `size` bytes."""
        return self.log_file.read_bytes()[size:].decode(errors="replace")

    def _started(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [sys.executable, *self._program],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )

    def _check_start(self, deadline: float) -> None:
        if self.exit_status is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server is not ready:\n{self.log()[-4000:]}")

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _wait(self, timeout_s: float) -> None:
        if self._process is not None:
            self._process.wait(timeout_s)


def free_port() -> int:
    """A port of this machine that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def faults_in(log: str) -> list[str]:
    """What must never be in a log: tracebacks, texts of people, tokens."""
    forbidden = ("Traceback", CANARY, "eyJhbGciOi")
    return [line[:2000] for line in log.splitlines() if any(word in line for word in forbidden)]
