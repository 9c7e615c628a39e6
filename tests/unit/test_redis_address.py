"""What CHAT_REDIS_URL may be, and what is said of one that it may not be."""

from __future__ import annotations

import pytest
from redis.asyncio import SSLConnection, UnixDomainSocketConnection
from redis.crc import key_slot

from chatserver.bus.address import parse
from chatserver.bus.lanes import _TAGS, Lanes
from chatserver.bus.live import Bus
from chatserver.bus.presence import PresenceBoard
from chatserver.config import SettingsError


def test_one_server_is_named_as_redis_py_names_it() -> None:
    address = parse("redis://mei:p%40ss@cache:6380/3?client_name=chat")
    assert address.shape == "server"
    assert address.options == {
        "username": "mei", "password": "p@ss", "host": "cache", "port": 6380, "db": 3,
        "client_name": "chat",
    }  # fmt: skip
    assert parse("rediss://cache").options["connection_class"] is SSLConnection
    assert parse("unix:///run/valkey.sock?db=2").options == {
        "path": "/run/valkey.sock", "db": 2, "connection_class": UnixDomainSocketConnection,
    }  # fmt: skip


def test_sentinels_are_named_with_their_service() -> None:
    address = parse("redis+sentinel://:p%2Fss@one:1,two,[::1]:3/chat/4?sentinel_password=theirs")
    assert address.shape == "sentinel"
    assert address.places == (("one", 1), ("two", 26379), ("::1", 3))
    assert address.service == "chat"
    assert address.options == {"password": "p/ss", "db": 4}
    assert address.sentinel_options == {"password": "theirs"}


def test_a_cluster_is_named_by_some_of_its_nodes() -> None:
    address = parse("redis+cluster://mei:secret@one:7000,two")
    assert address.shape == "cluster"
    assert address.places == (("one", 7000), ("two", 6379))
    assert address.options == {"username": "mei", "password": "secret"}


def test_tls_is_for_redis_and_the_sentinels() -> None:
    address = parse("rediss+sentinel://one/chat?ssl_ca_certs=/ca.pem")
    assert address.options == {"connection_class": SSLConnection, "ssl_ca_certs": "/ca.pem"}
    assert address.sentinel_options == {"ssl": True, "ssl_ca_certs": "/ca.pem"}


@pytest.mark.parametrize("scheme", ["", "s"])
@pytest.mark.parametrize("rest", ["://h", "+sentinel://h/chat", "+cluster://h"])
def test_every_shape_can_be_made(scheme: str, rest: str) -> None:
    assert len(Lanes(f"redis{scheme}{rest}", timeout_s=1)) == (16 if "cluster" in rest else 1)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "schemes"),
        ("http://h", "schemes"),
        ("redis-cluster://h", "schemes"),
        ("redis://h:port/0", "port"),
        ("redis://:can/ary@h/0", "port"),
        ("redis://h:65536", "port"),
        ("redis://h/0?socket_timeout=soon", "socket_timeout"),
        ("redis://h/0?nonsense=1", "nonsense"),
        ("redis+sentinel://h", "service"),
        ("redis+sentinel://h/chat/first", "database first"),
        ("redis+sentinel://:canary@/chat", "host"),
        ("redis+sentinel://h,/chat", "host"),
        ("redis+sentinel://h:1:2/chat", "port"),
        ("redis+sentinel://h/chat?sentinel_nonsense=1", "nonsense"),
        ("redis+cluster://", "host"),
        ("redis+cluster://h/1", "database 1"),
        ("redis+cluster://h?nonsense=1", "nonsense"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(url: str, why: str) -> None:
    for made in (lambda: Bus(url, "node"), lambda: PresenceBoard(url, "node")):
        with pytest.raises(SettingsError, match="CHAT_REDIS_URL cannot be used") as error:
            made()
        assert why in str(error.value)
        assert "canary" not in str(error.value)


def test_the_lanes_of_a_cluster_lie_evenly_among_its_slots() -> None:
    share = 16384 // len(_TAGS)
    slots = [key_slot(f"{{{tag}}}chat:u:mei".encode()) for tag in _TAGS]
    assert [slot // share for slot in slots] == list(range(len(_TAGS)))


def test_names_are_spread_over_the_lanes_alike_on_every_node() -> None:
    lanes = Lanes("redis+cluster://h", timeout_s=1)
    found = [lanes.index(f"u:{number}") for number in range(1600)]
    assert all(60 < found.count(number) < 140 for number in range(16))
    assert lanes.index("u:mei") == 10  # for ever: other nodes may run an older version
