"""Connections to Redis with every timeout stated: the library's defaults would hide a lost one."""

from __future__ import annotations

from typing import cast

from redis.asyncio import Connection, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError

# What any use of a connection may raise. uvloop's way to say that one has just been closed, as
# happens between the library's check and its write, is a RuntimeError.
BROKEN = (RedisError, OSError, RuntimeError)

_CONNECT_TIMEOUT_S = 0.8


def command_client(url: str, *, timeout_s: float) -> Redis:
    """A client for commands; an answer that is late fails, a connection that broke is made anew."""
    # The library retries ten times, timeouts too, which would stretch an outage to a minute.
    # One retry on a lost connection covers one of the pool that died unnoticed.
    retry = Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,))
    return Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
        socket_keepalive=True,
        health_check_interval=15,
        retry=retry,
        protocol=2,
    )


def listening_connection(url: str) -> Connection:
    """A connection, not yet open, that waits for ever for messages and never reconnects by itself.

    The library's own subscriber reconnects silently, and what was published meanwhile is lost
    without anybody noticing.
    """
    pool = ConnectionPool.from_url(
        url,
        socket_timeout=None,
        socket_connect_timeout=_CONNECT_TIMEOUT_S,
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    return cast("Connection", pool.connection_class(**pool.connection_kwargs))
