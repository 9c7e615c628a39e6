"""Listening sockets: bound as asyncio would, with a sentence for people when that fails.

Several processes can listen on one port (SO_REUSEPORT); Linux then spreads the connections over
them. It allows this only between processes of one user which all ask for it, and tells nobody
whose they are: two installations that ask for the same port share it unnoticed. Hence only who
says so (`reuse_port`) shares a port, and `held_port` refuses one where anybody listens already.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from chatserver.config import StartError

BACKLOG = 4096
"""Connections that may wait to be accepted: a storm's worth, where the system allows as many."""

_TUNING = (
    ("TCP_NODELAY", 1),  # frames are joined before they are written; waiting only delays them
    # A peer that fell silent is gone after 60 + 6 * 10 s. The server's pings find it sooner and
    # keep these probes from being sent at all, so that they wake no phone; they are for
    # connections without pings.
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPALIVE", 60),  # the same on macOS
    ("TCP_KEEPINTVL", 10),
    ("TCP_KEEPCNT", 6),
    # No probe is sent while data is on its way; Linux would repeat that for 15 minutes, also
    # after the socket was closed.
    ("TCP_USER_TIMEOUT", 120_000),
)

_PASSED_OVER = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}  # as of `::1` where IPv6 is off


def listening_sockets(
    host: str, port: int, *, reuse_port: bool, backlog: int = BACKLOG
) -> list[socket.socket]:
    """Sockets listening on each address of the host, not blocking; what they accept is tuned.

    `host` is an IPv4 or IPv6 address or a name; empty means all of the machine's. With port 0 all
    take the same free one.

    Raises:
        StartError: that is not possible; the sentence says why and what to do.
    """
    sockets = _bound(host, port, reuse_port=reuse_port)
    try:
        for each in sockets:
            tune(each)  # what is accepted inherits it: no system calls for each connection
            each.listen(backlog)
    except OSError as error:
        _close(sockets)
        raise _refusal(error, host, port) from None
    return sockets


def tune(sock: socket.socket) -> None:
    """Send at once, and let the kernel end connections whose peer vanished (see `_TUNING`)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _TUNING:
        option = getattr(socket, name, None)  # no system has all of them
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


@contextmanager
def held_port(host: str, port: int, *, shared: bool) -> Iterator[int]:
    """Keep a port for processes that listen there with `reuse_port`; gives its number.

    The port is taken without listening, so no connection comes here. Unless it is `shared` with
    others, nobody else may listen there or hold it.

    Raises:
        StartError: the port cannot be had.
    """
    if not shared:
        _close(_bound(host, port, reuse_port=False))
    sockets = _bound(host, port, reuse_port=True)
    try:
        for each in sockets if not shared else ():
            # else the check above would pass over a port that is held and not yet listened on
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        yield sockets[0].getsockname()[1]
    finally:
        _close(sockets)


def _bound(host: str, port: int, *, reuse_port: bool) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    passed_over: OSError | None = None
    with ExitStack() as opened:
        for family, address in _resolve(host, port):
            chosen = sockets[0].getsockname()[1] if sockets else port
            try:
                sock = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
                _bind(sock, (address[0], chosen, *address[2:]), reuse_port=reuse_port)
            except OSError as error:
                if error.errno not in _PASSED_OVER:
                    raise _refusal(error, host, port) from None
                passed_over = error
            else:
                sockets.append(sock)
        if passed_over and not sockets:
            raise _refusal(passed_over, host, port)
        opened.pop_all()
    return sockets


def _close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _bind(sock: socket.socket, address: tuple[object, ...], *, reuse_port: bool) -> None:
    sock.setblocking(False)
    if os.name == "posix":  # elsewhere it means that anybody may take the port away
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse_port:
        _allow_sharing(sock)
    if sock.family == socket.AF_INET6:  # IPv4 has a socket of its own
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(address)


def _allow_sharing(sock: socket.socket) -> None:
    option = getattr(socket, "SO_REUSEPORT", None)
    with suppress(OSError):
        if option is not None:
            sock.setsockopt(socket.SOL_SOCKET, option, 1)
            return
    raise StartError("this system cannot share a port between processes; run one process")


def _resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    """Family and address of each, once."""
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, UnicodeError):
        raise StartError(f"the host {host!r} is unknown to this machine; set CHAT_HOST") from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _refusal(error: OSError, host: str, port: int) -> StartError:
    where = f"cannot listen on {host}:{port}"
    reasons = {
        errno.EADDRINUSE: "another program listens there; stop it, or set another port "
        "(CHAT_PORT, CHAT_METRICS_PORT)",
        errno.EACCES: "this user may not; take a port above 1023, or allow it by the capability "
        "CAP_NET_BIND_SERVICE",
        errno.EADDRNOTAVAIL: "this machine does not have that address; set CHAT_HOST",
    }
    says = reasons.get(error.errno or 0) or (os.strerror(error.errno) if error.errno else error)
    return StartError(f"{where}: {says}")
