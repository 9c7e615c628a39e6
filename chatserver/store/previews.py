"""What pages on the web said of themselves, kept for a while for all nodes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from msgspec import structs

from chatserver.domain.links import LinkPreview
from chatserver.store.database import Database

KEPT_MS = 86_400_000


class Previews:
    """The collection `previews`; an `_id` is the digest of an address."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._previews = database.collection("previews")

    async def get(self, url: str, now_ms: int) -> LinkPreview | None:
        """What is known of a page.

        Raises:
            Unavailable: no answer in time; so does `keep`.
        """
        async with self._db.answering():
            found = await self._previews.find_one({"_id": _id(url), "url": {"$eq": url}})
        if found is None or found["until"] <= _date(now_ms):
            return None
        return LinkPreview(**{name: found[name] for name in LinkPreview.__struct_fields__})

    async def keep(self, preview: LinkPreview, now_ms: int) -> None:
        """Remember it for a day."""
        fields = {**structs.asdict(preview), "until": _date(now_ms + KEPT_MS)}
        async with self._db.answering():
            await self._previews.replace_one({"_id": _id(preview.url)}, fields, upsert=True)


def _id(url: str) -> bytes:
    return hashlib.blake2b(url.encode(), digest_size=16).digest()


def _date(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
