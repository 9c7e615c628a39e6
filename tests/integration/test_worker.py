"""`chatserver worker` as a process, and what `chatserver search` says of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from chatserver.__main__ import main
from chatserver.dev import ports

PATIENCE_S = 60.0


@pytest.fixture
def port(mongo_url: str, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Where a worker on the test's database says how it is; the settings are in the environment."""
    port = ports.pick()
    monkeypatch.setenv("CHAT_MONGO_URL", mongo_url)
    monkeypatch.setenv("CHAT_MONGO_DATABASE", empty_database)
    monkeypatch.setenv("CHAT_WORKER_PORT", str(port))
    return port


@pytest.fixture
def worker(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that is ready."""
    command = [sys.executable, "-m", "chatserver", "worker"]
    with subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: status_of(port, "readyz") == 200 or process.poll() is not None)
            yield process
        finally:
            process.kill()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def status_of(port: int, page: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_an_operator_sees_a_worker_work_rebuilds_and_ends_it(
    port: int, worker: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(port, "metrics") == 200
    until(lambda: main(["search", "status"]) == 0)
    assert "behind the log" in capsys.readouterr().out
    assert main(["search", "rebuild"]) == 0
    assert capsys.readouterr().out.startswith("the new index is searched")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE_S) == 0
    assert main(["search", "status"]) == 1
    assert capsys.readouterr().out.startswith("no worker keeps it, ")


@pytest.mark.parametrize("command", ["status", "rebuild"])
@pytest.mark.usefixtures("port")
def test_without_a_database_a_command_says_so(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAT_MONGO_URL", "mongodb://127.0.0.1:1/?replicaSet=rs0")
    monkeypatch.setenv("CHAT_STORE_TIMEOUT_MS", "200")
    assert main(["search", command]) == 1
    assert capsys.readouterr().out.startswith("MongoDB does not answer; ")
