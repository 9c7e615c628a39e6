"""Every scenario that is shipped, with a handful of people and in seconds."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from rich.console import Console

from loadtest.faults.nodes import KEY, ChatServer
from loadtest.rehearsal import command, figures
from loadtest.rehearsal.command import There, Wish
from loadtest.rehearsal.scenario import SHIPPED, load
from loadtest.swarm.failed import Failed

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


def test_customers_who_are_away_are_notified_where_the_operator_asks_for_it(tmp_path: Path) -> None:
    compress = load("flash_sale").seconds / (3 * LASTS_S)  # a worker needs a moment to begin
    wish = Wish(
        "flash_sale", CLIENTS, processes=1, compress=compress, out=tmp_path,
        push=True, set=("CHAT_LEAVES_AFTER_MS=1",),
    )  # fmt: skip
    report = command.run(wish, None, Console())
    assert report.settings == {"CHAT_LEAVES_AFTER_MS": "1"}
    assert report.ok, report.judged.violations
    assert report.waits[figures.NOTIFIED].count > 0


@pytest.mark.parametrize("wish", [{"push": True}, {"set": ("CHAT_CALLS_PER_S=1",)}])
def test_only_servers_of_its_own_are_set_up(
    wish: dict[str, Any], there: There, tmp_path: Path
) -> None:
    with pytest.raises(Failed, match="leave out --target"):
        command.run(Wish("flash_sale", CLIENTS, out=tmp_path, **wish), there, Console())
