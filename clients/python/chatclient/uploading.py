"""One upload by the tus protocol, that goes on where it was after every loss.

Source: tus 1.0.0 (https://tus.io/protocols/resumable-upload).
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import msgspec

from chatclient.errors import ChatCallError, ChatTimeout
from chatclient.pacing import Backoff

PLACE = "/media/uploads"
PART_BYTES = 2**18
WHOLE = 2**20  # up to so many bytes go with the first request
TUS = {"Tus-Resumable": "1.0.0"}
BODY = {"Content-Type": "application/offset+octet-stream"}
AGAIN = frozenset({408, 409, 423, 429, 460, 500, 502, 503, 504})


class Upload:
    """Sends a file or bytes to a server."""

    def __init__(
        self,
        url: str,
        token: Callable[[], Awaitable[str]],
        content: Path | str | bytes,
        said: dict[str, str],
    ) -> None:
        """`said` is what the server is to know of it: `kind`, and `name`."""
        self._url = url.rstrip("/")
        self._token = token
        self._content = content
        self._said = said
        self._length = len(content) if isinstance(content, bytes) else Path(content).stat().st_size
        self._place: str | None = None
        self._offset = 0
        self._moved_at = time.monotonic()

    async def run(self, progress: Callable[[int, int], None], give_up_after: float) -> str:
        """Send all of it; the id of the medium. See `MediaSide.upload`."""
        backoff = Backoff(base=0.5, top=15.0)
        async with aiohttp.ClientSession() as http:
            while True:
                before = self._offset
                try:
                    media = await self._step(http)
                except (aiohttp.ClientError, OSError, TimeoutError, _Later):
                    if time.monotonic() - self._moved_at > give_up_after:
                        raise ChatTimeout("The upload does not get on") from None
                    await asyncio.sleep(backoff.next())
                    continue
                if self._offset != before:
                    backoff.reset()
                    progress(self._offset, self._length)
                if media is not None:
                    return media

    async def _step(self, http: aiohttp.ClientSession) -> str | None:
        """One request; the id of the medium if that was the last one."""
        if self._place is None:
            return await self._begin(http)
        async with await self._ask(http, "HEAD", self._place) as answer:
            if answer.status == 404:  # it lapsed, or the server has lost it
                self._place, self._offset = None, 0
                raise _Later
            media = await self._read(answer)
        if media is not None or self._offset == self._length:
            return media
        headers = {**BODY, "Upload-Offset": str(self._offset)}
        async with await self._ask(http, "PATCH", self._place, headers, self._rest()) as answer:
            return await self._read(answer)

    async def _begin(self, http: aiohttp.ClientSession) -> str | None:
        said = ",".join(
            f"{name} {b64encode(value.encode()).decode()}" for name, value in self._said.items()
        )
        headers = {"Upload-Length": str(self._length), "Upload-Metadata": said}
        body = None
        if self._length <= WHOLE:
            headers, body = headers | BODY, self._rest()
        async with await self._ask(http, "POST", PLACE, headers, body) as answer:
            self._place = answer.headers.get("Location")
            return await self._read(answer)

    async def _ask(
        self,
        http: aiohttp.ClientSession,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: AsyncIterator[bytes] | None = None,
    ) -> aiohttp.ClientResponse:
        sent = {**TUS, **(headers or {}), "Authorization": f"Bearer {await self._token()}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
        return await http.request(
            method, self._url + path, headers=sent, data=body, timeout=timeout
        )

    async def _read(self, answer: aiohttp.ClientResponse) -> str | None:
        if answer.status >= 400:
            await self._refused(answer)
        offset = int(answer.headers.get("Upload-Offset", "0"))
        if offset > self._offset:
            self._moved_at = time.monotonic()
        self._offset = offset
        return answer.headers.get("Chat-Media")

    async def _refused(self, answer: aiohttp.ClientResponse) -> None:
        """Later again, or for good."""
        if answer.status in AGAIN:
            raise _Later
        try:
            error = msgspec.json.decode(await answer.read(), type=_Refusal)
        except msgspec.DecodeError:
            error = _Refusal("invalid", f"The server answered {answer.status}")
        raise ChatCallError(error.code, error.message)

    async def _rest(self) -> AsyncIterator[bytes]:
        """What the server does not have yet."""
        position = self._offset
        while part := await asyncio.to_thread(self._part, position):
            yield part
            position += len(part)

    def _part(self, position: int) -> bytes:
        if isinstance(self._content, bytes):
            return self._content[position : position + PART_BYTES]
        with Path(self._content).open("rb") as file:
            file.seek(position)
            return file.read(PART_BYTES)


class _Refusal(msgspec.Struct):
    code: str
    message: str


class _Later(Exception):
    """Not now."""
