"""What can be set on an engine."""

from __future__ import annotations

from msgspec import Struct

TRANSPORTS = ("polling", "websocket")


class Options(Struct, frozen=True, kw_only=True):
    """Times are in milliseconds, sizes in bytes.

    Processes that share a port have a `tag` each (see `handover.new_tag`), with which their session
    ids begin, and one folder `handover_dir`, where they pass connections on to each other.

    `payload_bytes` bounds one WebSocket message and one polling body of a client. What waits for
    a reader beyond `shed_bytes` makes droppable frames go, beyond `outbox_bytes` the socket; the
    network layer may hold as much again. At most `heads_max` connections may be on the way to their
    first request, and a request must be there within `request_within_ms`.
    """

    path: str = "/socket.io/"
    tag: str = ""
    handover_dir: str = ""
    transports: tuple[str, ...] = TRANSPORTS
    allow_upgrades: bool = True
    ping_interval_ms: int = 25_000
    ping_timeout_ms: int = 20_000
    payload_bytes: int = 1_000_000
    shed_bytes: int = 262_144
    outbox_bytes: int = 1_048_576
    head_bytes: int = 16_384
    heads_max: int = 10_000
    request_within_ms: int = 10_000
    close_within_ms: int = 2_000
    upgrade_within_ms: int = 10_000
