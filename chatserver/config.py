"""Settings: frozen, typed, the unit in the name, secrets masked.

Nothing else in the package reads the environment. A value comes from `CHAT_<NAME>` in the
environment, else from the TOML file named by `CHAT_CONFIG` (or `--config`), else from its default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta, Struct

from chatserver.config_content import NotNegative, Positive, says
from chatserver.config_push import PushSettings

PREFIX = "CHAT_"
SECRETS = frozenset({"data_keys", "jwt_key", "media_s3_secret_key", "mongo_url", "redis_url"})

_ORIGIN = re.compile(r"\*|null|[a-z][a-z\d+.-]*://[^\s/;,'\"@]+\Z")
_WEB_ADDRESS = re.compile(r"https?://[^\s/;,'\"@]+(/\S*)?\Z")

_HOST_NAME = re.compile(r"\.?([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z][a-z\d-]*")

PORT_MAX = 65_535
Port = Annotated[int, Meta(ge=0, le=PORT_MAX)]
Percent = Annotated[int, Meta(ge=1, le=100)]


class SettingsError(Exception):
    """A setting has a value that the server cannot use."""


class StartError(Exception):
    """The server cannot start with these settings; the sentence says why and what to do."""


class Settings(PushSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an operator can turn.

    Times end in `_ms`, sizes in `_bytes`, rates in `_per_s`, shares in `_percent`.
    """

    host: Annotated[str, says("address to listen on")] = "127.0.0.1"
    port: Annotated[Port, says("port for the socket and HTTP; 0 takes a free one")] = 8080
    processes: Annotated[
        Positive, says("nodes that `serve` starts on this port, each on a core of its own")
    ] = 1
    reuse_port: Annotated[
        bool, says("share the port with other nodes of this user that are set so too")
    ] = False
    handover_dir: Annotated[
        str,
        says(
            "folder of mode 0700 in which nodes on one port pass each other connections of long "
            "polling, which reach any of them; `processes` makes one by itself; without it nodes "
            "with `reuse_port` can serve WebSocket only, or behind a proxy that keeps each client "
            "with one node"
        ),
    ] = ""
    metrics_port: Annotated[
        Port,
        says(
            "port of its own for /metrics, /healthz and /readyz: of several processes the first "
            "takes this one, the second the next; 0: on the main port, where any of them answers"
        ),
    ] = 0
    worker_port: Annotated[
        Port, says("port of `chatserver worker` for /metrics, /healthz and /readyz; 0: none")
    ] = 0
    connections_max: Annotated[
        Positive, says("connections of one process; its limit of open files must allow them")
    ] = 50_000
    public_origins: Annotated[
        tuple[str, ...],
        says("origins of pages that may connect besides the server's own, comma-separated"),
    ] = ()
    token_url: Annotated[
        str,
        says(
            "address on the shop's site that answers with the token of whoever is signed in there, "
            "as text; the web clients ask it with cookies, so it must let their origin read it"
        ),
    ] = ""
    demo_folder: Annotated[
        str,
        says(
            "data folder of `chatserver dev`, which sets this: whoever opens the pages may then be "
            "anybody of the demo shop; refused with any other key than that folder's"
        ),
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        says("networks of proxies whose X-Forwarded-For is believed, comma-separated CIDRs"),
    ] = ()

    mongo_url: Annotated[
        str, says("MongoDB replica set, or the mongos routers of a sharded cluster")
    ] = "mongodb://127.0.0.1:27017/?replicaSet=rs0"
    mongo_database: Annotated[str, says("database name")] = "chat"
    mongo_driver: Annotated[
        Literal["motor", "pymongo"], says("motor, or PyMongo's own asyncio client")
    ] = "motor"
    mongo_pool_size: Annotated[Positive, says("connections to MongoDB from one process")] = 20
    store_timeout_ms: Annotated[
        Positive, says("after this long without an answer of MongoDB a call fails")
    ] = 4000
    redis_url: Annotated[
        str,
        says(
            "Valkey or Redis: one server `redis://[user:password@]host:6379/0` or "
            "`unix:///path/of/socket`, a master that Sentinels name "
            "`redis+sentinel://host1:26379,host2:26379/service/0`, or a cluster of version 7 or "
            "newer `redis+cluster://host1:6379,host2:6379`; `rediss` in place of `redis` for TLS; "
            "`?sentinel_password=` is for Sentinels that ask for one"
        ),
    ] = "redis://127.0.0.1:6379/0"

    jwt_key: Annotated[str, says("HS256 secret of the one key without a kid, 32 bytes or more")] = (
        ""
    )
    jwt_keys_file: Annotated[
        str, says("JWKS file with further keys by kid (oct, OKP, EC, RSA), each with its alg")
    ] = ""
    jwt_issuer: Annotated[str, says("required iss claim")] = "chatserver"
    jwt_audience: Annotated[str, says("required aud claim")] = "chatserver"
    jwt_leeway_ms: Annotated[NotNegative, says("clock difference forgiven in exp and iat")] = 2000
    jwt_lifetime_max_ms: Annotated[
        Positive, says("tokens made to live longer are refused; revocations are kept this long")
    ] = 7_776_000_000

    data_keys: Annotated[
        tuple[str, ...],
        says(
            "master keys of sealed personal data, each `id:base64 of 32 bytes`, comma-separated: "
            "the first seals, all open; without any, sensitive fields are refused"
        ),
    ] = ()
    shop_names: Annotated[
        tuple[str, ...],
        says("what shops are called, as customers see it: `id=name`, comma-separated"),
    ] = ()
    communities_file: Annotated[
        str, says("TOML file with the rules by which people come into community rooms")
    ] = ""
    push_file: Annotated[
        str,
        says(
            "TOML file with what carries notifications to devices, and in which order; without it "
            "nobody is notified; `chatserver push check` reads it"
        ),
    ] = ""

    ping_interval_ms: Annotated[Positive, says("between two pings of the server")] = 25_000
    ping_timeout_ms: Annotated[Positive, says("a client silent this long after a ping is gone")] = (
        20_000
    )
    auth_deadline_ms: Annotated[Positive, says("a socket must authenticate within this")] = 5000
    unauthenticated_per_address: Annotated[
        Positive, says("sockets of one address that may wait for authentication")
    ] = 2000
    unauthenticated_total: Annotated[
        Positive, says("sockets that may wait for authentication in all")
    ] = 20_000
    connects_per_s: Annotated[
        Positive,
        says("clients one process lets in, a second's worth at once; the others are told when"),
    ] = 2000
    sockets_per_user: Annotated[Positive, says("open sockets of one person")] = 10
    devices_per_platform: Annotated[
        Positive, says("devices of one person on one platform; the newest takes over")
    ] = 4
    inbox_frames: Annotated[
        Positive, says("frames of one socket that may wait to be handled; beyond it, it floods")
    ] = 256
    outbox_bytes: Annotated[
        Positive, says("what may wait for a slow reader before its socket is closed")
    ] = 1_048_576
    frame_bytes: Annotated[
        int, Meta(ge=1024, le=1_048_576), says("largest frame accepted, 1 MiB at most")
    ] = 65_536
    drain_ms: Annotated[Positive, says("time for a shutdown, from SIGTERM to exit")] = 8000
    reconnect_spread_ms: Annotated[
        Positive, says("at a shutdown clients are told to come back spread over this long")
    ] = 5000

    customers_open_rooms: Annotated[bool, says("customers may begin groups, as staff may")] = False
    room_members_max: Annotated[
        Positive, says("members of a group; above 500 it shows counts, no typing, no names")
    ] = 5000
    page_default: Annotated[Positive, says("messages in a page of history")] = 50
    page_max: Annotated[Positive, says("most messages in a page of history")] = 100
    reset_after_messages: Annotated[
        Positive, says("a device missing more than this in a conversation starts afresh there")
    ] = 1000
    sends_per_s: Annotated[Positive, says("messages a person may send, with bursts of 3 times")] = 5
    room_sends_per_s: Annotated[
        Positive, says("messages a conversation takes, with bursts of 3 times")
    ] = 40
    calls_per_s: Annotated[Positive, says("calls of a person of all kinds, bursts of 3 times")] = (
        100
    )
    typing_interval_ms: Annotated[Positive, says("typing signals closer than this are dropped")] = (
        2000
    )
    typing_expires_ms: Annotated[Positive, says("a typing signal not renewed is gone after")] = 8000
    typing_told_max: Annotated[
        Positive, says("people typing in one conversation that one node tells of at once")
    ] = 5
    read_together_ms: Annotated[
        NotNegative, says("read marks of one person this close are told as one; 0 tells each")
    ] = 200
    leaves_after_ms: Annotated[
        Positive, says("who reconnects within this time was never offline")
    ] = 5000
    read_marks_per_s: Annotated[Positive, says("read marks of a person, bursts of 3 times")] = 3
    profile_changes_per_s: Annotated[
        Positive, says("changes of profiles and consents by a person, bursts of 3 times")
    ] = 1
    contexts_per_s: Annotated[
        Positive, says("pages that a customer is told to look at, bursts of 3 times")
    ] = 1
    searches_per_s: Annotated[
        Positive, says("searches of a person, bursts of 3 times; pages of one search count")
    ] = 3
    append_waiting_max: Annotated[
        Positive, says("messages that may wait to be stored; beyond it senders get busy")
    ] = 10_000
    append_chatter_percent: Annotated[
        Percent,
        says("of that, what groups and channels may fill; then only direct messages go on"),
    ] = 50
    overload_waiting_percent: Annotated[
        Percent, says("of that, where the node counts as overloaded: no typing, no presence")
    ] = 25
    overload_lag_ms: Annotated[
        Positive, says("the same for how late its event loop runs; both are smoothed over 2 s")
    ] = 250
    overload_connects_percent: Annotated[
        Percent, says("of connects_per_s, what an overloaded node lets in")
    ] = 25
    append_batch_max: Annotated[Positive, says("messages stored in one write")] = 500
    cursor_flush_ms: Annotated[Positive, says("read positions are gathered this long")] = 200

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], says("least severity logged")
    ] = "info"
    log_format: Annotated[Literal["auto", "text", "json"], says("auto: text on a terminal")] = (
        "auto"
    )

    def __post_init__(self) -> None:
        last = self.metrics_port + self.processes - 1
        if self.metrics_port and last > PORT_MAX:
            raise ValueError(
                f"{PREFIX}METRICS_PORT={self.metrics_port}: {self.processes} processes take a "
                f"port each from there on, and the last one is {PORT_MAX}"
            )
        for origin in self.public_origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{PREFIX}PUBLIC_ORIGINS={origin}: no origin; https://shop.example is one"
                )
        for host in self.picture_hosts:
            if not _HOST_NAME.fullmatch(host):
                raise ValueError(
                    f"{PREFIX}PICTURE_HOSTS={host}: no host; img.example and .cdn.example are some"
                )
        if self.token_url and not _WEB_ADDRESS.match(self.token_url):
            raise ValueError(f"{PREFIX}TOKEN_URL={self.token_url}: that is no address of a site")

    def __repr__(self) -> str:
        shown = ", ".join(f"{row.name}={row.shown}" for row in describe(self))
        return f"Settings({shown})"


class Row(Struct, frozen=True):
    """One setting as the settings page lists it."""

    name: str
    shown: str
    default: str
    meaning: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()


def load(
    environ: Mapping[str, str] | None = None, file: str | None = None, **overrides: object
) -> Settings:
    """Read the settings; `overrides` (from the command line) win, None among them is no override.

    Raises:
        SettingsError: a name is unknown or a value has the wrong form; the message names it.
    """
    environ = os.environ if environ is None else environ
    values = _from_file(file or environ.get(PREFIX + "CONFIG", ""))
    values |= _from_environment(environ)
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_blame(error, values)) from None


def describe(settings: Settings) -> Iterator[Row]:
    """Every setting with its present value (secrets masked), default and meaning."""
    hints = get_type_hints(Settings, include_extras=True)
    fields = msgspec.structs.fields(Settings)
    # what the server itself is comes before what messages are
    for field in sorted(fields, key=lambda field: field.name in PushSettings.__struct_fields__):
        yield Row(
            name=field.name,
            shown=_show(field.name, getattr(settings, field.name)),
            default=_show_plain(field.default),
            meaning=_meaning(hints[field.name]),
        )


def _from_file(path: str) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        raw = environ.get(PREFIX + field.name.upper())
        if raw is not None:
            values[field.name] = _split(raw) if isinstance(field.default, tuple) else raw
    return values


def _split(raw: str) -> list[str]:
    return [part.strip() for part in raw.split(",") if part.strip()]


def _blame(error: msgspec.ValidationError, values: Mapping[str, Any]) -> str:
    reason, _, path = str(error).partition(" - at `$.")
    name = path.rstrip("`").split("[")[0]
    if not name:
        return str(error)
    value = "" if name in SECRETS else f"={values.get(name)!r}"
    return f"{PREFIX}{name.upper()}{value}: {reason}"


def _show(name: str, value: object) -> str:
    if name not in SECRETS or not value:
        return _show_plain(value)
    return _without_password(str(value)) if name.endswith("_url") else "********"


def _show_plain(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    _, at, host = rest.rpartition("@")
    host = re.sub(r"(?i)(password=)[^&]*", r"\1***", host)
    return f"{scheme}://{'***@' if at else ''}{host}"


def _meaning(hint: Any) -> str:
    notes = (note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Meta))
    return next((note.description for note in notes if note.description), "")
