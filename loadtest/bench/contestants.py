"""Ways to store many messages: through the log, or by plain inserts of the same documents."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

from chatserver import clock
from chatserver.domain.message import Draft
from chatserver.store.messages import to_document
from chatserver.store.stores import Stores
from loadtest.bench.guard import Broken, Told
from loadtest.bench.node import populate

TEXT = "您好，您昨天试穿的那双鞋今天到货了，需要我帮您留一双吗？"  # 84 bytes
BATCH = 500
PLACES = 1000  # conversations over which plain inserts spread


class Inserts:
    """A loop of `insert_many`, in the log's collection or in one without its indexes and _id."""

    def __init__(self, what: str, kept: Sequence[Stores], *, plain: bool) -> None:
        self.what = what
        self._collection = kept[0].database.collection("plain" if plain else "messages")
        self._plain = plain
        self._stored = 0
        self._documents: list[dict[str, Any]] = []

    async def get_ready(self, messages: int) -> None:
        """Make the documents."""
        numbers = range(self._stored, self._stored + messages)
        self._documents = [self._document(number) for number in numbers]

    async def run(self) -> None:
        """Insert batch after batch."""
        for first in range(0, len(self._documents), BATCH):
            batch = self._documents[first : first + BATCH]
            await self._collection.insert_many(batch, ordered=False)

    async def check(self) -> None:
        """Count the documents."""
        self._stored += len(self._documents)
        count = await self._collection.count_documents({})
        if count != self._stored:
            raise Broken(f"{self.what}: {self._stored} inserted, {count} stored")

    def _document(self, number: int) -> dict[str, Any]:
        draft = draft_of(_conversation(number % PLACES), f"user-{number % PLACES}")
        document = to_document(draft, number // PLACES + 1, clock.now_ms(), b"d" * 16)
        if self._plain:
            document["place"] = document.pop("_id")  # the driver gives one
        return document


class Crowd:
    """Many people who each send one message after the other through the log of a node."""

    def __init__(
        self, what: str, kept: Sequence[Stores], places: Sequence[tuple[str, str]]
    ) -> None:
        self.what = what
        self._kept = kept
        self._places = places
        self._told = Told()
        self._drafts: list[list[Draft]] = []
        self._numbers: list[list[int]] = []

    @classmethod
    async def gather(
        cls, what: str, kept: Sequence[Stores], senders: int, conversations: int
    ) -> Crowd:
        """People spread evenly over the nodes, and over the conversations of each node."""
        places = [
            (_conversation(number // len(kept) % conversations), f"user-{number}")
            for number in range(senders)
        ]
        await populate(kept[0].database, places)
        return cls(what, kept, places)

    async def get_ready(self, messages: int) -> None:
        """Everybody writes their messages; some one more than others."""
        self._drafts = [[] for _ in self._places]
        for number in range(messages):
            sender = number % len(self._places)
            self._drafts[sender].append(draft_of(*self._places[sender]))

    async def run(self) -> None:
        """Everybody sends at once, each one message at a time."""
        sending = (
            _send(self._kept[index % len(self._kept)], drafts)
            for index, drafts in enumerate(self._drafts)
        )
        self._numbers = await asyncio.gather(*sending)

    async def check(self) -> None:
        """The log is dense, complete and as it was acknowledged, and so are the heads."""
        for (conversation, _), numbers in zip(self._places, self._numbers, strict=True):
            self._told.note(conversation, numbers)
        for each in self._kept:
            await each.heads.flush()
        await self._told.check(self._kept[0].database)


def draft_of(conversation: str, sender: str) -> Draft:
    """A short text message."""
    return Draft(
        conversation=conversation,
        client_id=str(uuid.uuid4()),
        sender=sender,
        kind="text",
        body={"text": TEXT},
    )


def _conversation(number: int) -> str:
    return f"direct-{number:025}"  # as long as a real one


async def _send(kept: Stores, drafts: Sequence[Draft]) -> list[int]:
    return [(await kept.log.append(draft, clock.now_ms())).seq for draft in drafts]
