from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatserver import notify


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        address = tmp_path / "notify"
        listener.bind(str(address))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        yield listener


def test_systemd_is_told(systemd: socket.socket) -> None:
    notify.ready()
    assert systemd.recv(100) == b"READY=1"
    notify.stopping()
    assert systemd.recv(100) == b"STOPPING=1"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such names")
def test_systemd_may_listen_on_a_name_that_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("")
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + listener.getsockname()[1:].decode())
        notify.ready()
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens-here"])
def test_where_nobody_listens_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify.ready()


def test_the_parent_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    monkeypatch.setenv(notify.PARENT_PIPE, str(writer))
    notify.ready()
    notify.ready()
    with open(reader, "rb") as told:
        assert told.read() == b"\n"


def test_a_parent_that_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setenv(notify.PARENT_PIPE, str(writer))
    notify.ready()
