"""One Socket.IO connection from its beginning to its end. A new one is made for every attempt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec
import socketio

from chatclient.errors import ChatCallError, ChatClientError, ChatDisconnected, ChatTimeout
from chatclient.model import Ready

logger = logging.getLogger("chatclient")
CLOSE_SECONDS = 2.0


class Refused(ChatClientError):
    """The server does not accept this connection."""

    def __init__(self, code: str, message: str, retry_after_ms: int | None = None) -> None:
        """As told by the server."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms


class _Client(socketio.AsyncClient):  # type: ignore[misc]  # the library is untyped
    """Tells the server's Socket.IO DISCONNECT, which is for good, from a mere loss."""

    dismissed = False

    async def _handle_disconnect(self, namespace: str | None) -> None:
        self.dismissed = True
        await super()._handle_disconnect(namespace)


class Socket:
    """Calls out, events in; `ended` is set when it is over."""

    def __init__(self, on_event: Callable[[str, Any], None]) -> None:
        """`on_event` gets each event in order, without waiting."""
        self.ended = asyncio.Event()
        self._on_event = on_event
        self._http: aiohttp.ClientSession | None = None
        self._sio: Any = None
        self._opened: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self._joined = asyncio.Event()  # calls can be made; `ready` may come before
        self._calls: set[asyncio.Future[Any]] = set()

    async def open(self, url: str, auth: dict[str, Any], timeout: float) -> Ready:
        """Connect and wait until the server is ready.

        Raises:
            Refused: the server said no, and why.
            ChatDisconnected: it could not be reached, or did not answer in time.
        """
        self._http = aiohttp.ClientSession()
        self._sio = self._client(self._http)
        try:
            async with asyncio.timeout(timeout):
                await self._sio.connect(url, auth=auth, transports=["websocket"], wait=False)
                ready = await self._opened
                await self._joined.wait()
                return ready
        except TimeoutError:
            raise ChatDisconnected("The server does not answer") from None
        except (aiohttp.ClientError, OSError, ValueError, socketio.exceptions.SocketIOError) as e:
            raise ChatDisconnected(f"The server cannot be reached ({e})") from None

    @property
    def dismissed(self) -> bool:
        """Whether the server ended it for good."""
        return self._sio is not None and self._sio.dismissed

    async def call(self, name: str, fields: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Make a call and wait for its acknowledgement.

        Raises:
            ChatCallError: the server refused it.
            ChatTimeout: no acknowledgement in time; ChatDisconnected: there will be none.
        """
        if self.ended.is_set():
            raise ChatDisconnected("There is no connection")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls.add(future)
        try:
            async with asyncio.timeout(timeout):
                await self._sio.emit(name, fields, callback=_settle(future))
                return _accept(await future)
        except TimeoutError:
            raise ChatTimeout(f"No answer to {name} within {timeout:g} s") from None
        except socketio.exceptions.SocketIOError:
            raise ChatDisconnected("There is no connection") from None
        finally:
            self._calls.discard(future)

    async def close(self) -> None:
        """End it, politely while that takes no time."""
        self._end()
        if self._opened.done() and not self._opened.cancelled():
            self._opened.exception()  # seen, also when nobody waited for it
        try:
            if self._sio is not None:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._sio.disconnect()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            logger.debug("closing: %s", error)
        finally:
            await self._tidy()

    def _client(self, http: aiohttp.ClientSession) -> Any:
        quiet = logging.getLogger("chatclient.wire")
        sio = _Client(
            reconnection=False, handle_sigint=False, logger=quiet, engineio_logger=quiet,
            http_session=http,
        )  # fmt: skip
        sio.on("connect", self._joined.set)
        sio.on("connect_error", self._on_refused)
        sio.on("disconnect", self._on_disconnect)
        sio.on("*", self._on_told)
        return sio

    def _on_told(self, name: str, data: Any = None, *_more: Any) -> None:
        try:
            if name == "ready" and not self._opened.done():
                self._opened.set_result(msgspec.convert(data, Ready))
            else:
                self._on_event(name, data)
        except msgspec.ValidationError as error:
            logger.warning("event %s was not understood: %s", name, error)

    def _on_refused(self, data: Any = None, *_more: Any) -> None:
        if not self._opened.done():
            self._opened.set_exception(_refusal(data))
        self._end()

    def _on_disconnect(self, *_reason: Any) -> None:
        if not self._opened.done():
            self._opened.set_exception(ChatDisconnected("The server closed the connection"))
        self._end()

    def _end(self) -> None:
        self.ended.set()
        for future in self._calls:
            if not future.done():
                future.set_exception(ChatDisconnected("The connection ended before the answer"))

    async def _tidy(self) -> None:
        eio = self._sio.eio if self._sio is not None else None
        tasks = [getattr(eio, name, None) for name in ("read_loop_task", "write_loop_task")]
        for task in tasks:
            if task is not None and not task.done():
                task.cancel()
        if self._http is not None:
            await self._http.close()


def _settle(future: asyncio.Future[Any]) -> Callable[..., None]:
    def settle(*answer: Any) -> None:
        if not future.done():
            future.set_result(answer[0] if answer else None)

    return settle


def _accept(answer: Any) -> dict[str, Any]:
    """An acknowledgement says ok with a result, or why not; anything else is no yes."""
    if isinstance(answer, dict) and answer.get("ok") is True:
        return answer
    told = answer if isinstance(answer, dict) else {}
    raise ChatCallError(
        str(told.get("code", "protocol")),
        str(told.get("message", "The server's answer was not understood")),
        told.get("retry_after_ms"),
        told.get("path"),
        told.get("by"),
    )


def _refusal(data: Any) -> ChatClientError:
    if not isinstance(data, dict) or "message" not in data:
        return ChatDisconnected("The server cannot be reached")
    told = data.get("data")
    told = told if isinstance(told, dict) else {}
    code = str(told.get("code", data["message"]))
    return Refused(code, str(told.get("message", code)), told.get("retry_after_ms"))
