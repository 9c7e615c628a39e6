"""Tells whoever started this process how it stands: our own parent, or systemd (sd_notify(3)).

With `Type=notify` systemd knows when a node serves, so that restarting one unit after the other
leaves no moment without a node.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

PARENT_PIPE = "CHAT_READY_FD"
"""Names a file descriptor that gets a line when this process serves; set by our own parent."""

SYSTEMD = "NOTIFY_SOCKET"
SYSTEMD_TIMEOUT_S = 1.0


def ready() -> None:
    """To be called when this process serves. Where nobody asked to be told, nothing happens."""
    pipe = os.environ.pop(PARENT_PIPE, "")
    if pipe.isdecimal():
        with suppress(OSError), open(int(pipe), "wb", buffering=0) as parent:
            parent.write(b"\n")
    _tell_systemd("READY=1")


def stopping() -> None:
    """To be called when this process begins to stop."""
    _tell_systemd("STOPPING=1")


def _tell_systemd(state: str) -> None:
    address = os.environ.get(SYSTEMD, "")
    if not address:
        return
    if address.startswith("@"):  # a name that is no file
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(SYSTEMD_TIMEOUT_S)
        systemd.sendto(state.encode(), address)
