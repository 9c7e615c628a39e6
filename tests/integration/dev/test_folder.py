"""The data folder: private, with a key that stays, and ports that are checked."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from chatserver.dev import ports
from chatserver.dev.errors import DevError
from chatserver.dev.folder import LOG_BYTES, DataFolder, dev_key
from chatserver.store.vault import MasterKeys


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_key_are_for_this_user_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    dev_key(data)
    assert mode(data) == 0o700
    assert mode(data / "jwt-key") == 0o600


def test_the_key_is_made_once_per_folder(tmp_path: Path) -> None:
    key = dev_key(tmp_path / "a")
    assert dev_key(tmp_path / "a") == key
    assert dev_key(tmp_path / "b") != key
    assert len(key.encode()) >= 32


def test_a_key_from_the_settings_becomes_that_of_the_folder(tmp_path: Path) -> None:
    given = "k" * 32
    dev_key(tmp_path)
    assert DataFolder(tmp_path).key(given) == given
    assert dev_key(tmp_path) == given


def test_a_master_key_is_made_once_per_folder_for_this_user_only(tmp_path: Path) -> None:
    (key,) = DataFolder(tmp_path).data_keys()
    assert DataFolder(tmp_path).data_keys() == (key,)
    assert DataFolder(tmp_path / "other").data_keys() != (key,)
    assert MasterKeys([key]).ids == ("dev",)
    assert mode(tmp_path / "data-keys") == 0o600


def test_master_keys_from_the_settings_come_first_and_no_known_one_is_lost(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    (made,) = folder.data_keys()
    assert folder.data_keys(("a:1", "b:2")) == ("a:1", "b:2", made)
    assert folder.data_keys(("c:3", "a:1")) == ("c:3", "a:1", "b:2", made)
    assert folder.data_keys() == ("c:3", "a:1", "b:2", made)


def test_a_port_is_kept_until_something_else_takes_it(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    port = folder.port("mongod")
    assert folder.port("mongod") == port
    with socket.create_server(("127.0.0.1", port)):
        other = folder.port("mongod")
    assert other != port
    assert folder.port("mongod") == other


def test_a_taken_port_is_named_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DevError, match=f"port {port} is taken .* --port"):
            ports.require_free("127.0.0.1", port)


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.log_file("mongod").write_bytes(b"x" * (LOG_BYTES + 1))
    assert not folder.log_file("mongod").exists()
    assert (tmp_path / "logs" / "mongod.log.1").exists()
