from __future__ import annotations

import base64
import socket
from pathlib import Path

import msgspec
import pytest

from chatserver.config import Settings
from chatserver.dev import ports
from chatserver.doctor import examine, line
from chatserver.store.database import Database
from chatserver.store.vault import MasterKeys, Place, Vault

SECRET = "a secret of thirty-two bytes or more"


@pytest.fixture
def settings(mongo_url: str, redis_url: str, database_name: str) -> Settings:
    return Settings(
        mongo_url=mongo_url,
        mongo_database=database_name,
        redis_url=redis_url,
        jwt_key=SECRET,
        port=ports.pick(),
        store_timeout_ms=1000,
    )


async def wrong(settings: Settings, **changed: object) -> dict[str, str]:
    """What is wrong when some settings are other ones."""
    changed_settings = msgspec.structs.replace(settings, **changed)
    findings = [finding async for finding in examine(changed_settings)]
    assert all("canary" not in line(finding) for finding in findings)
    return {finding.subject: finding.says for finding in findings if not finding.ok}


@pytest.mark.asyncio
@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_all_is_well(settings: Settings, driver: str) -> None:
    assert await wrong(settings, mongo_driver=driver) == {}


@pytest.mark.asyncio
async def test_a_missing_mongodb_is_named(settings: Settings) -> None:
    found = await wrong(settings, mongo_url="mongodb://user:canary@127.0.0.1:9/")
    assert list(found) == ["mongodb"]
    assert "CHAT_MONGO_URL" in found["mongodb"]


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ["http://x", "mongodb://", "mongodb://:@", "mongodb://h:0x/"])
async def test_a_url_that_is_none_of_mongodb_is_named(settings: Settings, url: str) -> None:
    assert "CHAT_MONGO_URL" in (await wrong(settings, mongo_url=url))["mongodb"]


@pytest.mark.asyncio
@pytest.mark.parametrize("url", ["redis://127.0.0.1:9/0", "http://x", "", "redis://h:port/0"])
async def test_a_missing_redis_is_named(settings: Settings, url: str) -> None:
    found = await wrong(settings, redis_url=url)
    assert "CHAT_REDIS_URL" in found["redis"]


@pytest.mark.asyncio
@pytest.mark.parametrize("key", ["", "short"])
async def test_a_bad_key_is_named(settings: Settings, key: str) -> None:
    assert "CHAT_JWT_KEY" in (await wrong(settings, jwt_key=key))["token keys"]


@pytest.mark.asyncio
async def test_a_taken_port_is_named(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.port)):
        assert "CHAT_PORT" in (await wrong(settings))["port"]


@pytest.mark.asyncio
async def test_a_port_that_is_shared_is_not_taken(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.port), reuse_port=True):
        assert "port" in await wrong(settings)
        assert await wrong(settings, reuse_port=True) == {}


@pytest.mark.asyncio
async def test_a_taken_port_for_metrics_of_any_process_is_named(settings: Settings) -> None:
    first = ports.pick(2)
    with socket.create_server(("127.0.0.1", first + 1)):
        found = await wrong(settings, metrics_port=first, processes=2)
    assert list(found) == ["metrics port"]
    assert f":{first + 1}: " in found["metrics port"]


@pytest.mark.asyncio
async def test_a_low_limit_of_open_files_says_how_many_connections_it_allows(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatserver.descriptors.raise_limit", lambda: 900)
    says = (await wrong(settings, connections_max=5000))["open files"]
    assert "at most 780 connections" in says
    assert "LimitNOFILE=5120" in says


@pytest.mark.asyncio
async def test_a_short_queue_for_connections_is_no_fault_but_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit = tmp_path / "somaxconn"
    limit.write_text("128\n")
    monkeypatch.setattr("chatserver.doctor.SOMAXCONN", limit)
    (backlog,) = [found async for found in examine(settings) if found.subject == "backlog"]
    assert backlog.ok
    assert "sysctl net.core.somaxconn=4096" in backlog.says


MASTER_KEY = "main:" + base64.b64encode(b"k" * 32).decode()


@pytest.mark.asyncio
async def test_missing_data_keys_are_no_fault_but_named(settings: Settings) -> None:
    says = {found.subject: found.says async for found in examine(settings)}
    assert "CHAT_DATA_KEYS" in says["data keys"]
    assert says["sealed data"] == "none yet"


@pytest.mark.asyncio
async def test_data_keys_that_are_none_are_named(settings: Settings) -> None:
    found = await wrong(settings, data_keys=(MASTER_KEY, "canary"))
    assert "key 2" in found["data keys"]


@pytest.mark.asyncio
async def test_sealed_data_that_no_key_opens_is_named(settings: Settings) -> None:
    database = Database(settings.mongo_url, settings.mongo_database)
    await Vault(database, MasterKeys([MASTER_KEY])).seal({Place("c", "mei", "f"): "text"})
    await database.close()
    assert "main" in (await wrong(settings))["sealed data"]
    assert await wrong(settings, data_keys=(MASTER_KEY,)) == {}
    newer = msgspec.structs.replace(
        settings, data_keys=(MASTER_KEY.replace("main", "n"), MASTER_KEY)
    )
    (says,) = [found.says async for found in examine(newer) if found.subject == "sealed data"]
    assert "rotate-keys" in says


@pytest.mark.asyncio
async def test_a_bad_rule_of_communities_is_named(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('[[community]]\nid = "babies"\nby = ["shop"]\n')
    says = (await wrong(settings, communities_file=str(file)))["communities"]
    assert "rules.toml: rule 'babies': " in says
