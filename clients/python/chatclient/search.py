"""The calls that search: messages, conversations, people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from chatclient.asking import Asking
from chatclient.desk import DeskView
from chatclient.model import ConversationView, Message, Person


class Hit(Struct, frozen=True, kw_only=True):
    """A message that was found, what it says in words, and where that matches.

    `highlights` count UTF-16 code units; `pieces` spares knowing that.
    """

    message: Message
    text: str = ""
    highlights: tuple[tuple[int, int], ...] = ()

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The text in parts, each with whether it matches."""
        units = self.text.encode("utf-16-le")
        edges = [0, *(edge for place in self.highlights for edge in place), len(units) // 2]
        parts = [units[2 * a : 2 * b].decode("utf-16-le") for a, b in pairwise(edges)]
        return [(part, bool(at % 2)) for at, part in enumerate(parts) if part]


class HitPage(Struct, frozen=True, kw_only=True):
    """Hits, the latest first, and where the next page begins; None after the last."""

    hits: tuple[Hit, ...]
    cursor: str | None = None


class FoundConversations(Struct, frozen=True, kw_only=True):
    """My conversations, and those at the desk that I may look at."""

    conversations: tuple[ConversationView, ...] = ()
    desk: tuple[DeskView, ...] = ()


class _People(Struct, frozen=True):
    people: tuple[Person, ...]


class SearchCalls(Asking):
    """What is found is what I may see now."""

    async def search_messages(
        self,
        query: str = "",
        *,
        conversation: str | None = None,
        sender: str | None = None,
        kinds: Sequence[str] | None = None,
        **narrower: Any,
    ) -> HitPage:
        """A page of messages with all words of `query`; with `sender` or `kinds` also without any.

        `narrower` are `after` and `before` (times in ms), `limit`, and the `cursor` of a page.
        """
        place = {"conversation": conversation, "sender": sender, "kinds": kinds}
        return await self.ask(HitPage, "search.messages", query=query, **place, **narrower)

    async def all_hits(self, query: str = "", **narrower: Any) -> AsyncIterator[Hit]:
        """The same, page after page as far as it is asked for."""
        page = await self.search_messages(query, **narrower)
        while True:
            for hit in page.hits:
                yield hit
            if page.cursor is None:
                return
            page = await self.search_messages(query, **{**narrower, "cursor": page.cursor})

    async def search_conversations(
        self, query: str, limit: int | None = None
    ) -> FoundConversations:
        """My conversations by title or the other's name, and as staff customers at the desk."""
        return await self.ask(FoundConversations, "search.conversations", query=query, limit=limit)

    async def search_people(self, query: str, limit: int | None = None) -> tuple[Person, ...]:
        """People by name, whom I have something to do with."""
        return (await self.ask(_People, "search.people", query=query, limit=limit)).people
