"""Children: kept running, ended with their parent, found again when left over."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatserver.dev import servers
from chatserver.dev.errors import DevError
from chatserver.dev.folder import DataFolder
from chatserver.dev.leftovers import command_line, is_running, stop_leftovers
from chatserver.dev.process import Child, Program
from chatserver.dev.supervisor import Supervisor

PARENT = Path(__file__).with_name("parent.py")
ROOT = PARENT.parents[3]


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.02)


class Parent:
    """A process of its own that keeps a Valkey running."""

    def __init__(self, data: Path) -> None:
        command = [sys.executable, str(PARENT), str(data)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def child_pid(self) -> int:
        while not (line := self.line()).startswith("pid "):
            assert line, "the parent ended"
        return int(line.removeprefix("pid "))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Parent]:
    parent = Parent(tmp_path)
    yield parent
    parent.kill()


SLEEP = "import time; time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


def sleeper(folder: DataFolder, name: str = "sleeper", script: str = SLEEP) -> Program:
    """A program that is ready at once and names the folder in its command line."""
    command = (sys.executable, "-IS", "-c", script, str(folder.path))
    return Program(name, name.title(), "", command, is_ready=lambda: True)


@pytest.mark.asyncio
async def test_a_killed_server_is_started_again_and_a_line_says_so(tmp_path: Path) -> None:
    lines: list[str] = []
    folder = DataFolder(tmp_path)
    supervisor = Supervisor(folder, lines.append)
    valkey = supervisor.launch(servers.valkey(folder))
    try:
        await supervisor.keep(valkey)
        os.kill(valkey.pid, signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: "valkey is ready again" in lines)
        assert lines[0] == "valkey was killed by signal 9; starting it again"
    finally:
        await supervisor.stop()
    assert lines[-1] == "Valkey stopped"


@pytest.mark.asyncio
async def test_children_stop_in_reverse_order(tmp_path: Path) -> None:
    lines: list[str] = []
    folder = DataFolder(tmp_path)
    supervisor = Supervisor(folder, lines.append)
    for name in ("first", "second"):
        await supervisor.keep(supervisor.launch(sleeper(folder, name)))
    await supervisor.stop()
    assert lines == ["Second stopped", "First stopped"]


def test_a_child_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    ready = tmp_path / "ready"
    script = f"{DEAF}; open({str(ready)!r}, 'w'); {SLEEP}"
    child = Child(sleeper(folder, script=script), folder)
    child.start()
    wait_until(ready.exists)
    child.stop(patience_s=0.2)
    assert child.ended() == "was killed by signal 9"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a killed parent")
def test_children_end_when_the_parent_is_killed(parent: Parent) -> None:
    pid = parent.child_pid()
    assert is_running(pid)
    parent.kill()
    wait_until(lambda: not is_running(pid))


def test_a_second_run_on_the_same_folder_is_refused(parent: Parent, tmp_path: Path) -> None:
    parent.child_pid()
    with (
        pytest.raises(DevError, match=r"is in use by another chatserver dev; stop that one"),
        DataFolder(tmp_path).held(),
    ):
        pass


def test_a_killed_parent_holds_nothing(parent: Parent, tmp_path: Path) -> None:
    parent.child_pid()
    parent.kill()
    with DataFolder(tmp_path).held():
        pass


def test_a_process_left_over_is_stopped(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    left = Child(sleeper(folder), folder)
    left.start()
    wait_until(lambda: command_line(left.pid).startswith(f"{sys.executable}\0-IS\0-c"))
    assert stop_leftovers(folder) == ["sleeper"]
    assert not is_running(left.pid)
    assert left.ended() == "was killed by signal 15"
    assert folder.pid_files() == []


def test_a_process_of_something_else_is_left_alone(tmp_path: Path) -> None:
    folder, other = DataFolder(tmp_path / "data"), DataFolder(tmp_path / "data2")
    stranger = Child(sleeper(other), other)
    stranger.start()
    wait_until(lambda: SLEEP in command_line(stranger.pid))
    folder.pid_file("sleeper").write_text(f"{stranger.pid}\n")
    assert stop_leftovers(folder) == []
    assert stranger.ended() is None
    stranger.kill()
