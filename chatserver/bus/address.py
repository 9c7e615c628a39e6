"""Where Redis is: one server, a master that Sentinel names, or a cluster.

    redis://[user:password@]host[:port][/db]           one server; rediss:// with TLS
    unix://[user:password@]/path/of/socket[?db=0]      one server
    redis+sentinel://[user:password@]host[:port],…/service[/db]
    redis+cluster://[user:password@]host[:port],…      rediss+sentinel, rediss+cluster with TLS

Options of a connection may follow as a query, as redis-py knows them (`?ssl_ca_certs=…`). TLS is
meant for the Sentinels too; what they are told otherwise begins with `sentinel_`, such as
`sentinel_password`.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct
from redis.asyncio.connection import parse_url

from chatserver.config import SettingsError

Shape = Literal["server", "sentinel", "cluster"]
Place = tuple[str, int]  # host and port

SENTINEL_PORT = 26379
REDIS_PORT = 6379
PORT_MAX = 65_535

_TOGETHER: dict[str, tuple[str, Shape, int]] = {
    "redis+sentinel": ("redis", "sentinel", SENTINEL_PORT),
    "rediss+sentinel": ("rediss", "sentinel", SENTINEL_PORT),
    "redis+cluster": ("redis", "cluster", REDIS_PORT),
    "rediss+cluster": ("rediss", "cluster", REDIS_PORT),
}


class Address(Struct, frozen=True):
    """What a URL says. `places` are Sentinels or nodes of a cluster, and empty for one server."""

    shape: Shape
    options: dict[str, Any]  # of every connection to Redis, as redis-py names them
    places: tuple[Place, ...] = ()
    service: str = ""
    sentinel_options: dict[str, Any] = {}


def parse(url: str) -> Address:
    """Read `CHAT_REDIS_URL`.

    Raises:
        SettingsError: it is no address of Redis; the sentence says why, without any password.
    """
    scheme = url.partition("://")[0]
    try:
        if scheme in _TOGETHER:
            return _several(url, *_TOGETHER[scheme])
        _place(urlsplit(url).netloc.rpartition("@")[2], REDIS_PORT)
        return Address("server", dict(parse_url(url)))
    except ValueError as error:
        raise SettingsError(f"CHAT_REDIS_URL cannot be used: {error}") from None


def _several(url: str, scheme: str, shape: Shape, port: int) -> Address:
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    places = tuple(_place(host, port) for host in hosts.split(","))
    if not all(host for host, _ in places):
        raise ValueError("a host is missing")
    service, _, database = parts.path.strip("/").partition("/")
    if shape == "cluster":
        service, database = "", service
    elif not service:
        raise ValueError("the name of the service is missing: redis+sentinel://host,host/service")
    if database not in ("", "0") and (shape == "cluster" or not database.isdecimal()):
        raise ValueError(f"there is no database {database}")
    theirs, query = _query(parts.query)
    # the library reads the rest, as it does for one server
    options = dict(parse_url(f"{scheme}://{user}{at}host/{database}{query}"))
    del options["host"]
    if "connection_class" in options:
        tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
        theirs = {"ssl": True, **tls, **theirs}
    return Address(shape, options, places, service, theirs)


def _query(query: str) -> tuple[dict[str, Any], str]:
    """What is meant for the Sentinels, and the rest."""
    theirs, rest = {}, []
    for name, value in parse_qsl(query):
        if name.startswith("sentinel_"):
            theirs[name.removeprefix("sentinel_")] = value
        else:
            rest.append((name, value))
    return theirs, f"?{urlencode(rest)}" if rest else ""


def _place(text: str, port: int) -> Place:
    try:
        parts = urlsplit(f"//{text}")
        return parts.hostname or "", parts.port or port
    except ValueError:  # its own words would repeat what may be half a password
        raise ValueError(f"a port must be a number up to {PORT_MAX}") from None
