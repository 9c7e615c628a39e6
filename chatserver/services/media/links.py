"""Addresses of media: signed for one person and one message, and looked at anew at each reading.

An address proves only that this server made it. What it leads to is whatever the person may see at
the moment of reading: who was removed, or whose message was recalled, reads nothing more. A
moderator reads what a report shows, for as long as the report is theirs to read.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from urllib.parse import urlencode

from msgspec import Struct, structs

from chatserver import metrics
from chatserver.config import Settings
from chatserver.domain.calls import GetMediaLinks
from chatserver.domain.media import Link, Media, MediaLink, referred
from chatserver.domain.message import Message
from chatserver.domain.person import Caller
from chatserver.errors import NotFound
from chatserver.providers.blobs import Blobs
from chatserver.services.access import Access
from chatserver.services.complaints import Complaints
from chatserver.services.media.uploads import blob_key
from chatserver.store.stores import Stores

ADDRESSES = "/media/"
SIGNATURE_BYTES = 24


class Links(Struct, frozen=True):
    """Addresses, and until when they are good, in ms since 1970 UTC."""

    links: tuple[MediaLink, ...]
    expires_at: int


class Reading(Struct, frozen=True):
    """What somebody may read now; `size` in bytes."""

    media: Media
    link: Link
    size: int

    @property
    def type(self) -> str:
        """Its type."""
        return self.media.type_of(self.link.size)


class MediaLinks:
    """Makes addresses, and opens what they lead to."""

    def __init__(
        self,
        stores: Stores,
        access: Access,
        complaints: Complaints,
        blobs: Blobs,
        settings: Settings,
    ) -> None:
        self._messages = stores.messages
        self._users = stores.users
        self._media = stores.media
        self._access = access
        self._complaints = complaints
        self._blobs = blobs
        self._lifetime_s = settings.media_links_ms // 1000
        self._key = b""

    async def make(self, caller: Caller, call: GetMediaLinks, now_ms: int) -> Links:
        """Addresses of the media of messages that the caller sees, good for a while.

        Those of one time are the same, so that caches of browsers can use them.

        Raises:
            NotFound: the conversation is not the caller's, or the report not theirs to read.
            Unavailable: MongoDB does not answer.
        """
        seen = await self._seen(caller, call.conversation, call.seqs, call.report)
        key = await self._secret()
        expires = self._expires(now_ms)
        places = [(seq, id_) for seq in sorted(seen) for id_ in seen[seq]]
        found = await self._known({id_ for _, id_ in places})
        links = [
            self._of(Link(
                media=id_, size="original", conversation=call.conversation, seq=seq,
                user=caller.user, expires=expires, report=call.report,
            ), found[id_], key)
            for seq, id_ in places if id_ in found
        ]  # fmt: skip
        return Links(tuple(links), expires * 1000)

    async def open(self, link: Link, signature: str, now_ms: int) -> Reading:
        """What an address leads to.

        Raises:
            NotFound: it is not this server's, or too old, or there is nothing that its person sees.
            Unavailable: a database does not answer.
        """
        signed = hmac.compare_digest(_sign(link, await self._secret()), signature.encode())
        if not signed or link.expires * 1000 <= now_ms:
            raise NotFound
        person = (await self._users.people({link.user})).get(link.user)
        if person is None:
            raise NotFound
        caller = Caller(
            user=person.user, role=person.role, shop=person.shop, device="", connection=""
        )
        seen = await self._seen(caller, link.conversation, (link.seq,), link.report)
        if link.media not in seen.get(link.seq, ()):
            raise NotFound
        media = await self._media.get(link.media)
        if link.size not in media.sizes:
            raise NotFound
        size = await self._size(media, link)
        return Reading(media, link, size)

    async def read(self, reading: Reading, first: int, last: int) -> AsyncIterator[bytes]:
        """Bytes of it, both ends included.

        Raises:
            NotFound: it was deleted meanwhile.
            Unavailable: what keeps it does not answer.
        """
        key = blob_key(reading.media.id, reading.link.size)
        async for part in self._blobs.read(key, first, last):
            metrics.media_bytes.inc(len(part), of="sent")
            yield part

    async def _seen(
        self, caller: Caller, conversation: str, seqs: tuple[int, ...], report: int | None
    ) -> dict[int, dict[str, None]]:
        """The media of those messages that the person may see, in their order."""
        if report is None:
            found = await self._in_sight(caller, conversation, seqs)
        else:
            told = await self._complaints.get(caller, conversation, report)
            found = [each for each in (*told.context, *told.copies) if each.seq in seqs]
        media: dict[int, dict[str, None]] = {}
        for message in found:
            media.setdefault(message.seq, {}).update(dict.fromkeys(referred(message)))
        return media

    async def _in_sight(
        self, caller: Caller, conversation: str, seqs: tuple[int, ...]
    ) -> list[Message]:
        sight = await self._access.sight(caller, conversation)
        ids = [(conversation, seq) for seq in set(seqs) if sight.shows(seq)]
        found = map(sight.message, (await self._messages.by_id(ids)).values())
        return [each for each in found if not each.recalled and not each.deleted]

    async def _known(self, ids: set[str]) -> dict[str, Media]:
        return {each.id: each for each in await self._media.all_of(ids)}

    async def _size(self, media: Media, link: Link) -> int:
        if link.size == "original":
            return media.about.size
        size = await self._blobs.size(blob_key(media.id, link.size))
        if size is None:
            raise NotFound
        return size

    async def _secret(self) -> bytes:
        if not self._key:
            self._key = await self._media.link_key()
        return self._key

    def _expires(self, now_ms: int) -> int:
        """In seconds: the end of the stretch of time after this one, each half a lifetime long."""
        stretch = self._lifetime_s // 2
        return (now_ms // 1000 // stretch + 2) * stretch

    def _of(self, link: Link, media: Media, key: bytes) -> MediaLink:
        sized = {size: structs.replace(link, size=size) for size in media.sizes}
        urls = {str(size): address(each, _sign(each, key).decode()) for size, each in sized.items()}
        return MediaLink(seq=link.seq, media=media.id, urls=urls)


def address(link: Link, signature: str) -> str:
    """The path and query of a link."""
    query = {
        "c": link.conversation, "s": link.seq, "u": link.user, "e": link.expires, "h": signature,
        **({} if link.report is None else {"r": link.report}),
    }  # fmt: skip
    return f"{ADDRESSES}{link.media}/{link.size}?{urlencode(query)}"


def _sign(link: Link, key: bytes) -> bytes:
    return urlsafe_b64encode(hmac.digest(key, link.words(), "sha256")[:SIGNATURE_BYTES])
