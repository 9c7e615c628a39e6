"""Ports of this machine: which are free."""

from __future__ import annotations

import errno
import random
import socket

from chatserver.dev.errors import DevError

# Below the ports that systems hand out for outgoing connections: one of those could sit on a kept
# port just when its server is restarted.
PRIVATE = range(20_000, 32_000)


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    return _why_not(host, port) is None


def pick(count: int = 1) -> int:
    """The first of `count` free ports of the loopback address in a row.

    Raises:
        DevError: hardly any port is free.
    """
    for _ in range(1000):
        first = random.choice(PRIVATE)  # noqa: S311
        if all(is_free("127.0.0.1", port) for port in range(first, first + count)):
            return first
    raise DevError("no free port was found on this machine")


def require_free(host: str, port: int) -> None:
    """Check that a server can listen there.

    Raises:
        DevError: it cannot; the message names the port.
    """
    problem = _why_not(host, port)
    if problem is None:
        return
    if problem.errno == errno.EADDRINUSE:
        raise DevError(f"port {port} is taken by another program; choose another with --port")
    raise DevError(f"port {port} of {host} cannot be used ({problem.strerror}); see --port")


def is_open(port: int) -> bool:
    """Whether something on this machine listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _why_not(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return error
    return None
