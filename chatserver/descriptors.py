"""How many files a process may have open: each connection takes one of them."""

from __future__ import annotations

import sys

import structlog

from chatserver.config import Settings

RESERVED = 100
"""For what is no client: the event loop, logs, Redis, MongoDB's monitors, a health check."""

MACOS_GRANTS = 10_240  # where the limit reads "unlimited", it gives no more than this (OPEN_MAX)

log = structlog.get_logger()


def prepare(settings: Settings) -> None:
    """To be called at the start: raise the limit, and log when it stays too low."""
    raise_limit()
    if sentence := shortage(settings):
        log.warning(sentence)


def raise_limit() -> int:
    """Raise the limit of this process as far as it may by itself; returns the limit.

    Systems keep the soft limit low, often at 1024, for old programs that use select(2).
    """
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return sys.maxsize
    kind, unlimited = resource.RLIMIT_NOFILE, resource.RLIM_INFINITY
    _, hard = resource.getrlimit(kind)
    for wanted in (hard, MACOS_GRANTS):
        soft, _ = resource.getrlimit(kind)
        if soft in (unlimited, hard) or 0 <= wanted <= soft:
            break
        try:
            resource.setrlimit(kind, (wanted, hard))
        except (ValueError, OSError):  # macOS, when the hard limit is none
            continue
    soft, _ = resource.getrlimit(kind)
    return sys.maxsize if soft == unlimited else soft


def connections_max(settings: Settings) -> int:
    """How many connections this process can hold: as many as it is set to, if it may."""
    return max(1, min(settings.connections_max, raise_limit() - _own(settings)))


def shortage(settings: Settings) -> str | None:
    """A sentence when the limit is lower than the settings need, saying what to do."""
    limit, needed = raise_limit(), settings.connections_max + _own(settings)
    if limit >= needed:
        return None
    return (
        f"only {limit} files may be open, so a process holds at most {connections_max(settings)} "
        f"connections and not the {settings.connections_max} of CHAT_CONNECTIONS_MAX; allow more "
        f"with LimitNOFILE={needed} in the systemd unit or `ulimit -n {needed}`, or set fewer"
    )


def _own(settings: Settings) -> int:
    return RESERVED + settings.mongo_pool_size
