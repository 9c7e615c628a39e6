"""The application of these tests: it echoes, and notes what it is told."""

from __future__ import annotations

from functools import partial
from typing import Any

import socketio

NAMESPACES = ("/", "/custom")


class Echo:
    """Attached to a server, in each namespace:

    - on connecting it emits `auth` with what the client authenticated with
    - `message` is emitted back as `message-back`, `message-with-ack` is acknowledged, each with
      the arguments that came
    - a client that authenticates with `{"refuse": …}` is refused, with that as the data
    """

    def __init__(self, sio: socketio.AsyncServer) -> None:
        self.sio = sio
        self.connected: list[tuple[str, str]] = []  # namespace and sid
        self.events: list[tuple[str, Any]] = []  # namespace and arguments
        self.ended: list[tuple[str, str]] = []  # namespace and why
        for namespace in NAMESPACES:
            sio.on("connect", partial(self._connect, namespace), namespace=namespace)
            sio.on("disconnect", partial(self._disconnect, namespace), namespace=namespace)
            sio.on("message", partial(self._message, namespace), namespace=namespace)
            sio.on("message-with-ack", partial(self._acknowledge, namespace), namespace=namespace)

    def sid(self, namespace: str = "/") -> str:
        """Who connected last."""
        return [sid for where, sid in self.connected if where == namespace][-1]

    async def _connect(
        self, namespace: str, sid: str, environ: dict[str, Any], auth: Any = None
    ) -> None:
        if isinstance(auth, dict) and "refuse" in auth:
            raise socketio.exceptions.ConnectionRefusedError("refused", auth["refuse"])
        self.connected.append((namespace, sid))
        # a task of its own: what a connect handler emits itself leaves before the CONNECT packet
        told = partial(self.sio.emit, "auth", auth or {}, to=sid, namespace=namespace)
        self.sio.start_background_task(told)

    async def _disconnect(self, namespace: str, sid: str, reason: str) -> None:
        self.ended.append((namespace, reason))

    async def _message(self, namespace: str, sid: str, *arguments: Any) -> None:
        self.events.append((namespace, arguments))
        await self.sio.emit("message-back", arguments, to=sid, namespace=namespace)

    async def _acknowledge(self, namespace: str, sid: str, *arguments: Any) -> tuple[Any, ...]:
        self.events.append((namespace, arguments))
        return arguments
