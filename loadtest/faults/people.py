"""People of the plays, each a raw Socket.IO client: no help from our own client libraries."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import jwt
import socketio

from loadtest.faults.nodes import CANARY, KEY

PATIENCE_S = 45.0  # only what fails waits so long; a promised time is stated where it is tested
POLL_S, POLL_MAX_S = 0.01, 0.1
Payload = dict[str, Any]


class LostError(Exception):
    """The connection ended before the answer came."""


class NotGrantedError(AssertionError):
    """A call was refused that had to be granted."""


class RefusedError(Exception):
    """The server did not let this connection in."""

    def __init__(self, data: Any) -> None:
        """`data` is the server's reason."""
        super().__init__(str(data))
        self.data = data


def token(user: str, role: str = "customer", ttl: float = 3600, **claims: Any) -> str:
    """A token as a shop's own back end makes it; `claims` replace, None leaves one out."""
    now = int(time.time())
    made = {
        "sub": user, "role": role, "iss": "chatserver", "aud": "chatserver", "typ": "access",
        "iat": now, "exp": now + ttl, "jti": uuid.uuid4().hex, **claims,
    }  # fmt: skip
    kept = {name: value for name, value in made.items() if value is not None}
    return jwt.encode(kept, KEY, algorithm="HS256")


def text(words: str) -> Payload:
    """The body of a message; the canary in it must not reach any log."""
    return {"text": f"{words} {CANARY}"}


async def eventually(
    what: Callable[[], Any | Awaitable[Any]], why: str, within_s: float = PATIENCE_S
) -> Any:
    """Wait until something is true, and give it.

    Raises:
        AssertionError: it did not come true in time.
    """
    deadline, pause_s = time.monotonic() + within_s, POLL_S
    while True:
        found = what()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {within_s} s: {why}"
        await asyncio.sleep(pause_s)
        pause_s = min(1.2 * pause_s, POLL_MAX_S)  # what takes long must not cost more by the asking


class Person:
    """Somebody with a device, connected or not."""

    def __init__(
        self,
        url: str,
        user: str,
        *,
        role: str = "customer",
        device: str | None = None,
        platform: str = "web",
    ) -> None:
        """Not connected yet; `url` is that of a node."""
        self.url = url
        self.user = user
        self.role = role
        self.device = device or f"{user}-device"
        self.platform = platform
        self.token = token(user, role, name=user.title())
        self.events: list[tuple[str, Any]] = []
        self.connected = False
        self._pending: set[asyncio.Future[Any]] = set()
        self._sio: socketio.AsyncClient | None = None
        self._http: aiohttp.ClientSession | None = None
        self._refusal: Any = None

    async def connect(self, *, transports: tuple[str, ...] = ("websocket",)) -> Person:
        """Come in and wait for `ready`.

        Raises:
            RefusedError: the server says no; `data` is its reason.
            LostError: there is no server.
        """
        await self.close()
        self.events.clear()
        self._http = aiohttp.ClientSession()
        self._sio = socketio.AsyncClient(
            reconnection=False, handle_sigint=False, http_session=self._http
        )
        self._listen(self._sio)
        try:
            await self._sio.connect(
                self.url, auth=self._auth(), transports=list(transports), wait_timeout=PATIENCE_S
            )
        except socketio.exceptions.ConnectionError as error:
            await self.close()
            if isinstance(self._refusal, dict):
                raise RefusedError(self._refusal) from None
            raise LostError(str(error)) from None
        return self

    async def call(self, event: str, payload: Any = None, within_s: float = PATIENCE_S) -> Payload:
        """Make a call; the acknowledgement, whatever it says.

        Raises:
            LostError: the connection ended first.
            TimeoutError: no answer came.
        """
        return await asyncio.wait_for(await self.begin(event, payload or {}), within_s)

    async def begin(self, event: str, payload: Any) -> asyncio.Future[Payload]:
        """Put a call on the wire and give what will hold the answer."""
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        if not self.connected or self._sio is None:
            raise LostError("not connected")
        self._pending.add(answer)
        answer.add_done_callback(self._pending.discard)
        try:
            await self._sio.emit(event, payload, callback=lambda *ack: _settle(answer, ack))
        except (socketio.exceptions.SocketIOError, OSError) as error:
            answer.cancel()
            raise LostError(str(error)) from None
        return answer

    async def ask(self, event: str, /, **payload: Any) -> Payload:
        """Make a call that must succeed.

        Raises:
            NotGrantedError: it was refused.
            LostError, TimeoutError: as for `call`.
        """
        ack = await self.call(event, payload)
        if ack.get("ok") is not True:
            raise NotGrantedError(f"{event} was refused: {ack}")
        return ack

    async def refused(self, event: str, /, **payload: Any) -> str:
        """Make a call that must be refused; the code."""
        ack = await self.call(event, payload)
        assert ack.get("ok") is False, f"{event} was not refused: {ack}"
        assert ack["message"], ack
        return str(ack["code"])

    async def open(self, other: str) -> str:
        """The conversation with somebody."""
        ack = await self.ask("conversation.open", kind="direct", **{"with": other})
        return str(ack["conversation"]["id"])

    async def say(self, conversation: str, words: str, **more: Any) -> Payload:
        """Send a text."""
        payload = {"client_id": f"{self.user}-{uuid.uuid4().hex[:12]}", "kind": "text", **more}
        return await self.ask(
            "message.send", conversation=conversation, body=text(words), **payload
        )

    async def sees(self, event: str, /, within_s: float = PATIENCE_S, **fields: Any) -> Payload:
        """Wait for an event with these fields."""
        why = f"{self.user} sees {event} {fields}, of {self.events}"
        found = await eventually(lambda: self.seen(event, **fields), why, within_s)
        return dict(found[0])

    def seen(self, event: str, /, **fields: Any) -> list[Payload]:
        """The events with these fields so far."""
        return [
            payload
            for name, payload in self.events
            if name == event and all(payload.get(key) == value for key, value in fields.items())
        ]

    async def settled(self) -> None:
        """When this returns, everything the server had told this device before has arrived."""
        await self.ask("device.list")

    async def gone(self, within_s: float = PATIENCE_S) -> None:
        """Wait until the connection has ended."""
        await eventually(lambda: not self.connected, f"{self.user} is cut off", within_s)

    async def close(self) -> None:
        """Leave, if here."""
        if self._sio is not None:
            await self._sio.disconnect()
            self._drop("closed")
        if self._http is not None:
            await self._http.close()
        self._sio = self._http = None

    def _auth(self) -> Payload:
        return {"token": self.token, "device": {"id": self.device, "platform": self.platform}}

    def _listen(self, sio: socketio.AsyncClient) -> None:
        def came() -> None:
            self.connected = True

        def refused(data: Any) -> None:
            self._refusal = data

        def told(event: str, *payload: Any) -> None:
            self.on_event(event, payload[0] if payload else None)

        self._refusal = None
        sio.on("connect", came)
        sio.on("connect_error", refused)
        sio.on("disconnect", lambda *reason: self._drop(str(reason)))
        sio.on("*", told)

    def on_event(self, event: str, payload: Any) -> None:
        """The server tells something."""
        self.events.append((event, payload))

    def _drop(self, reason: str) -> None:
        self.connected = False
        for answer in list(self._pending):
            if not answer.done():
                answer.set_exception(LostError(reason))
                answer.exception()  # seen, also when nobody waits any longer


def _settle(answer: asyncio.Future[Payload], ack: tuple[Any, ...]) -> None:
    if not answer.done():
        answer.set_result(ack[0] if ack else {})
