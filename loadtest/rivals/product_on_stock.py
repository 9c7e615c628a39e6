"""The product with python-engineio's own engine under it: what our engine is worth.

python -m loadtest.rivals.product_on_stock PORT
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import engineio
from aiohttp import web
from engineio import packet as engineio_packet

from chatserver import app, config, logs
from chatserver.gateway.engine.engine import Application
from chatserver.gateway.engine.errors import ProtocolError, Refusal
from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.options import Options
from chatserver.gateway.engine.request import Request
from chatserver.gateway.engine.sockets import Socket, State
from chatserver.gateway.hub import Hub
from chatserver.gateway.server import Gateway


class StockSocket(Socket):
    """A session of python-engineio that looks like one of ours."""

    __slots__ = ("_server",)

    def __init__(self, server: StockEngine, id_: str, request: Request) -> None:
        self.id = id_
        self.request = request
        self.state = State.OPEN
        self.data: Any = None
        self._server = server

    def push(self, frame: Frame) -> None:
        """Queue a packet."""
        stock = self._server.stock.get(self.id)
        if stock is not None and self.state is State.OPEN:
            stock.queue.put_nowait(engineio_packet.Packet(engineio_packet.MESSAGE, frame.text[1:]))

    def close(self, reason: str = "server disconnect") -> None:
        """End the session."""
        if self.state is State.OPEN:
            self.state = State.CLOSED
            self._server.spawn(self._server.disconnect(self.id))

    def fail(self, reason: str) -> None:
        """End the session."""
        self.close(reason)


class StockEngine(engineio.AsyncServer):  # type: ignore[misc]
    """python-engineio's server, behind what the gateway expects of an engine."""

    def __init__(self, *, options: Options, application: Application, **given: Any) -> None:
        super().__init__(
            **given,
            ping_interval=options.ping_interval_ms / 1000,
            ping_timeout=options.ping_timeout_ms / 1000,
            max_http_buffer_size=options.payload_bytes,
        )
        self._application = application
        self._wrapped: dict[str, StockSocket] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.handlers = {
            "connect": self._opened,
            "message": self._received,
            "disconnect": self._closed,
        }

    @property
    def stock(self) -> dict[str, Any]:
        """python-engineio's sockets."""
        sockets: dict[str, Any] = self.sockets
        return sockets

    def on(self, event: str, handler: Any = None) -> None:
        """The gateway listens as an application, not by handlers."""

    def protocol_factory(self, runner: web.AppRunner) -> Callable[[], asyncio.Protocol]:
        """aiohttp serves everything."""
        if runner.server is None:
            raise RuntimeError("Set the runner up first")
        return runner.server

    def spawn(self, work: Any) -> None:
        """Run something in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _opened(self, sid: str, environ: dict[str, Any]) -> bool | None:
        http = environ["aiohttp.request"]
        head = b"\r\n".join(name + b": " + value for name, value in http.raw_headers)
        socket = StockSocket(self, sid, Request(http.path_qs, head, http.remote or ""))
        try:
            self._application.opened(socket)
        except Refusal:
            return False
        self._wrapped[sid] = socket
        return None

    async def _received(self, sid: str, data: str) -> None:
        try:
            self._application.received(self._wrapped[sid], data)
        except ProtocolError:
            self._wrapped[sid].close()

    async def _closed(self, sid: str, reason: str) -> None:
        socket = self._wrapped.pop(sid, None)
        if socket is not None:
            socket.state = State.CLOSED
            self._application.closed(socket, reason)


def main() -> int:
    """Serve until a signal ends it; the exit status."""
    settings = config.load(port=int(sys.argv[1]))
    logs.setup(settings)
    vars(app)["Gateway"] = partial(Gateway, engine=StockEngine)
    vars(app)["Hub"] = lambda bus, _push_all: Hub(bus)
    return app.serve(settings)


if __name__ == "__main__":
    sys.exit(main())
