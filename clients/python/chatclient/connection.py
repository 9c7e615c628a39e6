"""Staying connected: one socket after the other, with waits between them that spread clients."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from chatclient.errors import ChatClientError, ChatDisconnected, ChatStopped
from chatclient.events import Phase
from chatclient.model import Device, Ready, plain
from chatclient.pacing import Backoff
from chatclient.socket import Refused, Socket

logger = logging.getLogger("chatclient")
TokenSource = str | Callable[[], str | Awaitable[str]]
FINAL = frozenset({"unauthorized", "origin_refused", "protocol"})  # coming back would not help
SOONEST_SECONDS = 0.05


class Listener(Protocol):
    """Who is told about the connection."""

    def on_ready(self, ready: Ready) -> None:
        """A connection is accepted."""

    def on_event(self, name: str, data: Any) -> None:
        """The server tells something."""

    def on_down(self) -> None:
        """The connection is over."""

    def on_phase(self, phase: Phase, wait: float | None, error: ChatClientError | None) -> None:
        """Connecting, waiting for so many seconds, or stopped, and why."""


class Connection:
    """Connects, comes back after a loss, and stops only when the server wants that."""

    def __init__(
        self, url: str, token: TokenSource, device: Device, listener: Listener, timeout: float
    ) -> None:
        """`token` may be a function, asked on every attempt, plain or asynchronous."""
        self._url = url
        self._token = token
        self._device = device
        self._listener = listener
        self._timeout = timeout
        self._socket: Socket | None = None
        self._backoff = Backoff(base=1.0, top=30.0)
        self._leave = asyncio.Event()
        self._hurry = asyncio.Event()
        self._return_at: float | None = None
        self._kicked: str | None = None
        self._expired_once = False

    @property
    def renewable(self) -> bool:
        """Whether a new token can be had."""
        return callable(self._token)

    async def run(self) -> ChatStopped:
        """Stay connected until the server ends it for good; returns why."""
        try:
            while True:
                self._listener.on_phase("connecting", None, None)
                wait, reason = await self._stay()
                self._listener.on_phase("waiting", wait, reason)
                await self._rest(wait)
        except ChatStopped as stopped:
            self._listener.on_phase("stopped", None, stopped)
            return stopped

    async def call(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Make a call on the present connection.

        Raises:
            ChatCallError, ChatTimeout, ChatDisconnected: see `Socket.call`.
        """
        if self._socket is None:
            raise ChatDisconnected("There is no connection")
        return await self._socket.call(name, fields, self._timeout)

    async def token(self) -> str:
        """A token, freshly asked for where it comes from a function."""
        if isinstance(self._token, str):
            return self._token
        token = self._token()
        return await token if inspect.isawaitable(token) else token

    def drain(self, wait_ms: int) -> None:
        """The server goes down: leave now, come back after `wait_ms`."""
        self._return_at = time.monotonic() + wait_ms / 1000
        self._leave.set()

    def kick(self, reason: str) -> None:
        """The server logged this device out."""
        self._kicked = reason
        self._leave.set()

    def drop(self) -> None:
        """Give this connection up and make a new one."""
        self._leave.set()

    def hurry(self) -> None:
        """Do not wait any longer before the next attempt."""
        self._hurry.set()

    async def _stay(self) -> tuple[float, ChatClientError | None]:
        """One connection; returns how long to wait before the next, and why it ended."""
        self._leave.clear()
        self._return_at = None
        socket = Socket(self._listener.on_event)
        try:
            ready = await socket.open(self._url, await self._auth(), self._timeout)
            self._begin(socket, ready)
            await _first(socket.ended.wait(), self._leave.wait())
        except Refused as refused:
            return self._after_refusal(refused), refused
        except ChatDisconnected as unreachable:
            return self._backoff.next(), unreachable
        finally:
            await self._end(socket)
        if socket.dismissed and self._kicked is None:
            self._kicked = "replaced"
        return self._after_loss(), None

    def _begin(self, socket: Socket, ready: Ready) -> None:
        self._socket = socket
        self._backoff.reset()
        self._expired_once = False
        self._listener.on_ready(ready)

    async def _end(self, socket: Socket) -> None:
        was_up, self._socket = self._socket is not None, None
        if was_up:
            self._listener.on_down()
        await socket.close()

    async def _auth(self) -> dict[str, Any]:
        try:
            token = await self.token()
        except ChatStopped:
            raise
        except Exception as error:
            logger.warning("no token could be had: %r", error)
            raise ChatDisconnected(f"No token could be had ({error})") from error
        return {"token": token, "device": plain(self._device)}

    def _after_refusal(self, refused: Refused) -> float:
        if refused.code in FINAL or (refused.code == "token_expired" and not self.renewable):
            raise ChatStopped(refused.code, refused.message)
        if refused.code == "token_expired" and not self._expired_once:
            self._expired_once = True
            return SOONEST_SECONDS
        if refused.retry_after_ms is not None:
            return max(SOONEST_SECONDS, refused.retry_after_ms / 1000)
        return self._backoff.next()

    def _after_loss(self) -> float:
        if self._kicked is not None:
            raise ChatStopped("kicked", self._kicked)
        if self._return_at is not None:
            return max(SOONEST_SECONDS, self._return_at - time.monotonic())
        return self._backoff.next()

    async def _rest(self, wait: float) -> None:
        self._hurry.clear()
        try:
            async with asyncio.timeout(wait):
                await self._hurry.wait()
        except TimeoutError:
            return


async def _first(*waiters: Any) -> None:
    """Wait for whichever comes first."""
    tasks = [asyncio.ensure_future(waiter) for waiter in waiters]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
