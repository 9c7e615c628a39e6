"""Nodes as forks of one process that has imported the product: a start costs a tenth of another.

What a node does from its command line on is the same. The process that forks has one thread and
has run nothing of the product, so a fork is as good as a fresh start. Each process that uses this
has a nursery of its own; nursery and nodes end with it.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from chatserver import leash

POLL_S = 0.01
IMPORTED = ("chatserver.app", "chatserver.processes", "cyclopts", "motor.motor_asyncio", "uvloop")
NAME = "loadtest.faults.nursery"  # also when it runs as `__main__`


class Fork:
    """A process of the nursery, with what `subprocess.Popen` has for one of one's own."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        """`pid` is a child of the nursery."""
        self.pid = pid
        self._nursery = nursery
        self._status: int | None = None

    def poll(self) -> int | None:
        """Its exit status, below zero the signal that killed it; None while it runs."""
        if self._status is None:
            self._status = self._nursery.ask({"poll": self.pid})
        return self._status

    def wait(self, timeout_s: float) -> int:
        """Its exit status, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it still runs after that time.
        """
        deadline = time.monotonic() + timeout_s
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"node {self.pid}", timeout_s)
            time.sleep(POLL_S)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Nursery:
    """The user's side. Processes that were forked stay until they end or this one does."""

    def __init__(self) -> None:
        """Starts the process that forks; the first answer waits until it has imported all."""
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", NAME, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
            )
        self._answers = self._socket.makefile("r", encoding="utf-8")
        self._asking = threading.Lock()

    def fork(self, program: Sequence[str], variables: Mapping[str, str], log: Path) -> Fork:
        """Run Python with these arguments in this environment; what it writes goes to `log`."""
        asked = {"run": list(program), "variables": dict(variables), "log": str(log)}
        return Fork(self, self.ask({**asked, "folder": str(Path.cwd())}))

    def ask(self, asked: Mapping[str, Any]) -> Any:
        """The answer of the process that forks."""
        with self._asking:
            self._socket.sendall(json.dumps(asked).encode() + b"\n")
            return json.loads(self._answers.readline())

    def close(self) -> None:
        """End it, and all nodes that still run."""
        self._answers.close()
        self._socket.close()
        self._process.wait()


@cache
def nursery() -> Nursery:
    """That of this process, started at the first need."""
    made = Nursery()
    atexit.register(made.close)
    return made


def main() -> None:
    """The process that forks: does what it is asked, until nobody can ask any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the user of it
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as user:
        parent, asked = os.getpid(), _serve(user)
    if asked is not None:
        leash.die_with_parent(parent)
        _become(asked)


def _serve(user: socket.socket) -> dict[str, Any] | None:
    """Fork and poll as asked: in a fork what it is to be, in the one that forks None at the end."""
    running: set[int] = set()
    for line in user.makefile("r", encoding="utf-8"):
        asked: dict[str, Any] = json.loads(line)
        if "poll" in asked:
            answer = _poll(asked["poll"], running)
        elif pid := os.fork():
            running.add(pid)
            answer = pid
        else:
            return asked
        user.sendall(json.dumps(answer).encode() + b"\n")
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    return None


def _poll(pid: int, running: set[int]) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return None
    running.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _become(asked: Mapping[str, Any]) -> None:
    """In the fork: be what Python with these arguments would be."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["variables"])
    first, *rest = asked["run"]
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main()
