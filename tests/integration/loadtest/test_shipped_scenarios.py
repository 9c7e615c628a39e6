"""Every scenario that is shipped, with a handful of people and in seconds."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from rich.console import Console

from loadtest.faults.nodes import KEY, ChatServer
from loadtest.rehearsal import command
from loadtest.rehearsal.command import There, Wish
from loadtest.rehearsal.scenario import SHIPPED, load

CLIENTS = 20
LASTS_S = 3.0
NAMES = sorted(file.stem for file in SHIPPED.glob("*.toml"))
BREAKING = {name for name in NAMES if load(name).breaks_servers}


@pytest.fixture(scope="module")
def there(
    tmp_path_factory: pytest.TempPathFactory, mongo_url: str, redis_url: str
) -> Iterator[There]:
    """One server for all scenarios that break nothing."""
    database = f"rehearsal_{secrets.token_hex(6)}"
    server = ChatServer(tmp_path_factory.mktemp("node"), {
        "CHAT_MONGO_URL": mongo_url, "CHAT_REDIS_URL": redis_url, "CHAT_MONGO_DATABASE": database,
    })  # fmt: skip
    try:
        server.start()
        yield There((server.url,), KEY, mongo_url, database, redis_url)
    finally:
        server.stop()
        with MongoClient[object](mongo_url) as client:
            client.drop_database(database)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_keeps_every_promise(name: str, there: There, tmp_path: Path) -> None:
    compress = load(name).seconds / LASTS_S
    wish = Wish(name, CLIENTS, processes=1, compress=compress, busier=50, out=tmp_path)
    report = command.run(wish, None if name in BREAKING else there, Console())
    assert report.ok, report.judged.violations
    assert report.judged.looked_at["last views"] > CLIENTS
    assert len(report.faults) == sum(len(stage.faults) for stage in load(name).stages)
