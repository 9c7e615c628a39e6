"""Starting several processes where something is in the way: one sentence, and nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatserver.dev import ports
from chatserver.dev.leftovers import is_running

START_S = 90.0  # only what fails waits so long
Serve = Callable[..., "Serving"]


class Serving:
    """A `chatserver serve --processes 2` and what it says."""

    def __init__(self, log: Path, environment: dict[str, str], *arguments: str) -> None:
        self._log = log
        clean = {name: value for name, value in os.environ.items() if name[:5] != "CHAT_"}
        command = [sys.executable, "-m", "chatserver", "serve", "--processes", "2", *arguments]
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                command, env={**clean, "CHAT_LOG_FORMAT": "json", **environment}, stderr=file
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    @property
    def sentences(self) -> list[str]:
        """What it says to the person who started it."""
        return [line for line in self.said.splitlines() if line.startswith("chatserver: ")]

    def status(self) -> int:
        """Its exit status; waits for the end."""
        return self.process.wait(START_S)

    def children(self) -> list[int]:
        command = ["pgrep", "-P", str(self.process.pid)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]


@pytest.fixture
def serve(tmp_path: Path, mongo_url: str, redis_url: str, database_name: str) -> Iterator[Serve]:
    started: list[Serving] = []

    def serve(*arguments: str, **settings: object) -> Serving:
        environment = {
            "CHAT_MONGO_URL": mongo_url, "CHAT_REDIS_URL": redis_url,
            "CHAT_MONGO_DATABASE": database_name, "CHAT_JWT_KEY": 32 * "k", "CHAT_PORT": "0",
            **{f"CHAT_{name.upper()}": str(value) for name, value in settings.items()},
        }  # fmt: skip
        started.append(Serving(tmp_path / f"log-{len(started)}", environment, *arguments))
        return started[-1]

    yield serve
    for each in started:
        each.process.kill()
        each.process.wait()


def until(condition: Callable[[], object], within_s: float = START_S) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.05)


def test_a_bad_setting_is_named_once_with_the_status_of_a_single_node(serve: Serve) -> None:
    serving = serve(jwt_key="short")
    assert serving.status() == 2
    (sentence,) = serving.sentences
    assert "CHAT_JWT_KEY" in sentence
    assert "Traceback" not in serving.said


def test_a_missing_mongodb_is_named_once(serve: Serve) -> None:
    serving = serve(mongo_url="mongodb://127.0.0.1:9/?replicaSet=rs0", store_timeout_ms=500)
    assert serving.status() == 1
    (sentence,) = serving.sentences
    assert "MongoDB does not answer" in sentence


def test_a_taken_port_is_named_once(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        serving = serve("--port", str(port))
        assert serving.status() == 1
    (sentence,) = serving.sentences
    assert f"127.0.0.1:{port}" in sentence


def test_what_only_the_second_process_lacks_ends_the_first_too(serve: Serve) -> None:
    first = ports.pick(2)
    with socket.create_server(("127.0.0.1", first + 1)):
        serving = serve(metrics_port=first)
        assert serving.status() == 1
    (sentence,) = serving.sentences
    assert f"127.0.0.1:{first + 1}" in sentence
    assert serving.said.count('"stopped"') == 1


def test_a_second_parent_does_not_share_the_port_unasked(serve: Serve) -> None:
    port = ports.pick()
    first = serve("--port", str(port))
    until(lambda: "all processes serve" in first.said)
    second = serve("--port", str(port))
    assert second.status() == 1
    assert len(second.sentences) == 1
    third = serve("--port", str(port), "--reuse-port")
    until(lambda: "all processes serve" in third.said)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_ends_all(serve: Serve, number: signal.Signals) -> None:
    serving = serve(mongo_url="mongodb://127.0.0.1:9/?replicaSet=rs0", store_timeout_ms=60_000)
    until(serving.children)
    children = serving.children()
    serving.process.send_signal(number)
    assert serving.status() == 0
    assert not any(is_running(pid) for pid in children)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children")
def test_a_parent_killed_during_the_start_leaves_no_child(serve: Serve) -> None:
    serving = serve(mongo_url="mongodb://127.0.0.1:9/?replicaSet=rs0", store_timeout_ms=60_000)
    until(serving.children)
    children = serving.children()
    serving.process.kill()
    serving.process.wait()
    until(lambda: not any(is_running(pid) for pid in children))


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made; the path of a Unix socket must be short."""
    with tempfile.TemporaryDirectory(prefix="chat-") as made:
        monkeypatch.setenv("TMPDIR", made)
        yield Path(made)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd is told comes here."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(START_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield systemd


def test_systemd_is_told_by_the_parent_alone_and_the_folder_for_handovers_goes_with_it(
    serve: Serve, temporary: Path, systemd: socket.socket
) -> None:
    serving = serve()
    assert systemd.recv(100) == b"READY=1"
    assert serving.said.count('"listening"') == 2
    (folder,) = temporary.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700  # for this user alone
    assert len(list(folder.iterdir())) == 2
    victim = serving.children()[0]
    os.kill(victim, signal.SIGKILL)  # it leaves its socket behind
    until(lambda: "a process serves again" in serving.said)
    assert len(list(folder.iterdir())) == 3
    serving.process.terminate()
    assert systemd.recv(100) == b"STOPPING=1"
    assert serving.status() == 0
    assert not list(temporary.iterdir())
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(100)


def test_a_folder_for_handovers_that_others_may_enter_is_named_once(
    serve: Serve, temporary: Path
) -> None:
    temporary.chmod(0o755)
    serving = serve(handover_dir=temporary)
    assert serving.status() == 1
    (sentence,) = serving.sentences
    assert f"CHAT_HANDOVER_DIR={temporary}: must be this user's" in sentence
