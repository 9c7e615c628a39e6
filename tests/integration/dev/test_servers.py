"""The embedded databases: what is kept, what is found again, what moves."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from chatserver.dev import servers
from chatserver.dev.errors import DevError
from chatserver.dev.folder import DataFolder
from chatserver.dev.process import Child, Program


def started(program: Program, folder: DataFolder) -> Child:
    child = Child(program, folder)
    child.start()
    child.wait_ready()
    return child


def notes(url: str) -> list[str]:
    client: MongoClient[dict[str, Any]] = MongoClient(url)
    with client:
        collection = client.get_database("shop").get_collection("notes")
        collection.insert_one({"text": f"note {collection.count_documents({})}"})
        return [each["text"] for each in collection.find(sort=[("_id", 1)])]


class Stranger(socketserver.TCPServer):
    """Hangs up on whoever calls."""

    allow_reuse_address = True


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Another program listens there."""
    with Stranger(("127.0.0.1", port), socketserver.BaseRequestHandler) as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield
        other.shutdown()
        thread.join()


def test_data_is_kept_between_runs_and_the_port_while_it_is_free(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    first = started(servers.mongod(folder), folder)
    notes(first.program.url)
    first.stop()
    second = started(servers.mongod(folder), folder)
    try:
        assert second.program.url == first.program.url
        assert notes(second.program.url) == ["note 0", "note 1"]
    finally:
        second.kill()
    with taken(folder.port("mongod")):
        third = started(servers.mongod(folder), folder)
        try:
            assert third.program.url != first.program.url
            assert notes(third.program.url) == ["note 0", "note 1", "note 2"]
        finally:
            third.stop()


def test_mongod_runs_transactions(mongo_url: str, database_name: str) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_url)
    with client, client.start_session() as session, session.start_transaction():
        client.get_database(database_name).get_collection("x").insert_one({}, session=session)


def test_a_missing_program_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DevError, match=r"^mongod was not found; install it with: pip install"):
        servers.mongod(DataFolder(tmp_path))


def test_a_program_on_the_path_comes_before_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "redis-server"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert servers.valkey(DataFolder(tmp_path)).command[0] == str(own)


def test_a_program_that_ends_at_once_shows_its_last_words(tmp_path: Path) -> None:
    command = ("/bin/sh", "-c", "echo the disk is full; exit 3", str(tmp_path))
    program = Program("sh", "Shell", "", command, is_ready=lambda: False)
    child = Child(program, DataFolder(tmp_path))
    child.start()
    with pytest.raises(DevError, match="sh ended with status 3: the disk is full"):
        child.wait_ready()


def test_a_missing_system_library_is_named_with_its_package(tmp_path: Path) -> None:
    words = "mongod: error while loading shared libraries: libcurl.so.4: cannot open"
    command = ("/bin/sh", "-c", f"echo '{words}'; exit 127", str(tmp_path))
    child = Child(Program("sh", "", "", command, is_ready=lambda: False), DataFolder(tmp_path))
    child.start()
    with pytest.raises(DevError, match=r"on Debian: apt-get install libcurl4$"):
        child.wait_ready()
