from __future__ import annotations

import socket

import msgspec
import pytest

from chatserver.config import Settings
from chatserver.dev import ports
from chatserver.doctor import examine, line

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
