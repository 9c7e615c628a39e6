"""Messages and media: what a message may refer to, and what it says of it."""

from __future__ import annotations

from chatserver.config import Settings
from chatserver.domain.media import body_of, is_media, referred, referred_in
from chatserver.domain.message import Draft, Message
from chatserver.errors import Invalid, NotFound
from chatserver.store.stores import Stores


class Attaching:
    """Lets messages refer to media.

    Whoever sends says so first (`filled`, `carried`), and only then is the message stored: see
    `store.media` for why what it refers to is then not swept away.
    """

    def __init__(self, stores: Stores, settings: Settings) -> None:
        self._media = stores.media
        self._orphan_ms = settings.media_orphan_ms

    async def filled(self, draft: Draft, now_ms: int) -> dict[str, object]:
        """The body of a draft with what the server knows of the medium.

        Raises:
            NotFound: the sender uploaded no such thing, or it is gone.
            Invalid: it is of another kind.
            Unavailable: MongoDB does not answer.
        """
        if not is_media(draft.kind):
            return draft.body
        (media,) = await self._media.use((draft.body["media"],), now_ms + self._orphan_ms)
        if media.owner != draft.sender:
            raise NotFound("There is no such upload, or it is gone; upload it again")
        if media.kind != draft.kind:
            raise Invalid(f"This was uploaded as {media.kind}", path="kind")
        return body_of(media, draft.body)

    async def carried(self, draft: Draft, now_ms: int) -> None:
        """See that what is forwarded is there, and stays.

        Raises:
            NotFound: a medium is gone.
            Unavailable: MongoDB does not answer.
        """
        await self._media.use(referred_in(draft.kind, draft.body), now_ms + self._orphan_ms)

    async def recalled(self, message: Message, now_ms: int) -> None:
        """A message that was this is recalled: what nothing else refers to may go.

        Raises:
            Unavailable: MongoDB does not answer; it will be looked at much later, then.
        """
        if media := referred(message):
            await self._media.unused(media, now_ms + self._orphan_ms)
