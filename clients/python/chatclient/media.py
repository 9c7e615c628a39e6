"""Media: upload, send and read pictures, voice messages, videos and files."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from chatclient.asking import Asking
from chatclient.connection import Connection
from chatclient.errors import ChatCallError
from chatclient.model import Draft
from chatclient.outbox import Pending, new_client_id
from chatclient.uploading import Upload

Progress = Callable[[int, int], None]


class MediaLink(Struct, frozen=True):
    """Addresses of what can be read of a medium, by size: `original`, perhaps `256`, `1024`,
    `poster`."""

    seq: int
    media: str
    urls: dict[str, str]


class MediaLinks(Struct, frozen=True):
    """Addresses, good until `expires_at` (ms since 1970 UTC) at most."""

    links: tuple[MediaLink, ...]
    expires_at: int


class MediaSide(Asking, abc.ABC):
    """What a client can do with media."""

    url: str
    _connection: Connection

    @abc.abstractmethod
    def post(self, draft: Draft) -> Pending:
        """Put a message on its way."""

    async def upload(
        self,
        content: Path | str | bytes,
        *,
        kind: str,
        name: str | None = None,
        progress: Progress | None = None,
        give_up_after: float = 300.0,
    ) -> str:
        """Upload a file, by its path, or bytes; the id of the medium, to be sent.

        After a lost connection it goes on where it was, until nothing has moved for so many
        seconds. `progress` is told of the bytes that are there and those there will be.

        Raises:
            ChatCallError: the server refused it for good.
            ChatTimeout: nothing moved for too long.
        """
        if not isinstance(content, bytes):
            name = name or Path(content).name
        upload = Upload(
            self.url, self._connection.token, content, {"kind": kind, "name": name or "file"}
        )
        return await upload.run(progress or _tell_nobody, give_up_after)

    def send_media(
        self,
        conversation: str,
        media: str,
        *,
        kind: str,
        text: str | None = None,
        reply_to: int | None = None,
    ) -> Pending:
        """Put a message with an uploaded medium on its way, perhaps with a caption."""
        body: dict[str, Any] = {"media": media, **({"text": text} if text else {})}
        draft = Draft(
            conversation=conversation, client_id=new_client_id(), kind=kind, body=body,
            at=int(time.time() * 1000), reply_to=reply_to,
        )  # fmt: skip
        return self.post(draft)

    async def media_links(
        self, conversation: str, seqs: Sequence[int], *, report: int | None = None
    ) -> MediaLinks:
        """Where the media of messages can be read, for a page of history at once; for a moderator
        as the report about the message `report` shows them."""
        of = {} if report is None else {"report": report}
        return await self.ask(
            MediaLinks, "media.links", conversation=conversation, seqs=list(seqs), **of
        )

    async def media_url(self, conversation: str, seq: int, size: str = "original") -> str:
        """The whole address of one medium; it needs no token.

        Raises:
            ChatCallError: there is no such medium to be seen, with the code `not_found`.
        """
        found = await self.media_links(conversation, [seq])
        for link in found.links:
            if size in link.urls:
                return self.url.rstrip("/") + link.urls[size]
        raise ChatCallError("not_found", "There is nothing of this size to be seen")


def _tell_nobody(_done: int, _all: int) -> None:
    pass
