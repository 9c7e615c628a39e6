"""What the two logs of a conversation share: documents numbered 1, 2, 3, … in their `_id`.

An `_id` is `{c: conversation, <field>: number}`; MongoDB orders such keys by conversation, then by
number, so a range of numbers is a range of the primary key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, Generic, TypeVar

from chatserver.errors import Unavailable
from chatserver.store.database import Database, Document
from chatserver.store.gather import ANSWER_MAX, Gather

Range = tuple[int, int]  # first and last number, both included
Page = tuple[str, int, int]  # a range of a conversation
Place = tuple[str, int]  # one number of a conversation

PAGES_AT_ONCE = 50  # in one answer; each may have as many documents as a client may ask for

T = TypeVar("T")


class Numbered(Generic[T]):
    """A collection that is a log of many conversations.

    What many ask for in one moment is one query; what several get is the same object.
    """

    def __init__(
        self, database: Database, name: str, field: str, decode: Callable[[Document], T]
    ) -> None:
        """`field` names the number inside the `_id`; `decode` gives what a document says."""
        self._db = database
        self._name = name
        self._field = field
        self._decode = decode
        self.collection = database.collection(name)
        self._singles = Gather(self._load_singles)
        self._pages = Gather(self._load_pages, at_once=PAGES_AT_ONCE)

    def key(self, conversation: str, number: int) -> dict[str, Any]:
        """The `_id` of one document."""
        return {"c": conversation, self._field: number}

    def above(self, conversation: str, number: int) -> dict[str, Any]:
        """The query for everything above a number."""
        beyond = {"c": conversation, self._field: {}}  # an object is above every number
        numbers = {"$gt": self.key(conversation, number), "$lt": beyond}
        return {"_id": numbers, **self.within(conversation)}

    def any_of(self, ids: Iterable[tuple[str, int]]) -> dict[str, Any]:
        """The query for documents by conversation and number."""
        wanted = [self.key(conversation, number) for conversation, number in ids]
        return {"_id": {"$in": wanted}, **self.within(*(key["c"] for key in wanted))}

    def within(self, *conversations: str) -> dict[str, Any]:
        """What a sharded MongoDB must be told besides."""
        return self._db.within(self._name, conversations) if conversations else {}

    async def existing(self, ids: Iterable[tuple[str, int]]) -> set[str]:
        """The conversations in which the document of that number exists; reads the index only."""
        found = await self.collection.find(self.any_of(ids), {"_id": 1}).to_list(None)
        return {document["_id"]["c"] for document in found}

    def between(self, conversation: str, first: int, last: int) -> dict[str, Any]:
        """The query for a range of numbers, both ends included."""
        numbers = {"$gte": self.key(conversation, first), "$lte": self.key(conversation, last)}
        return {"_id": numbers, **self.within(conversation)}

    async def by_id(self, ids: Iterable[Place]) -> dict[Place, T]:
        """What there is of these, by conversation and number.

        Raises:
            Unavailable: MongoDB does not answer; so do `ranges`.
        """
        return await self._singles.get_all(ids)

    async def ranges(self, ranges: Mapping[str, Range]) -> dict[str, tuple[T, ...]]:
        """What there is in these ranges of several conversations, each ascending."""
        pages = {c: (c, first, last) for c, (first, last) in ranges.items() if first <= last}
        found = await self._pages.get_all(pages.values())
        return {conversation: found[page] for conversation, page in pages.items() if found[page]}

    async def complete(self, ranges: Mapping[str, Range]) -> dict[str, tuple[T, ...]]:
        """All there is in ranges of numbers that are known to exist.

        Raises:
            Unavailable: MongoDB does not answer, or answers from before some of them: a new primary
                reads its past until it has confirmed something of its own.
        """
        found = await self.ranges(ranges)
        for conversation, (first, last) in ranges.items():
            if len(found.get(conversation, ())) < last - first + 1:
                raise Unavailable
        return found

    async def _load_singles(self, ids: list[Place]) -> dict[Place, T]:
        return {place: self._decode(each) for place, each in await self._find(self.any_of(ids))}

    async def _load_pages(self, pages: list[Page]) -> dict[Page, tuple[T, ...]]:
        found = await self._find({"$or": [self.between(*page) for page in pages]})
        of: defaultdict[str, list[tuple[int, T]]] = defaultdict(list)
        for (conversation, number), document in sorted(found, key=itemgetter(0)):
            of[conversation].append((number, self._decode(document)))
        return {
            (c, first, last): tuple(each for number, each in of[c] if first <= number <= last)
            for c, first, last in pages
        }

    async def _find(self, query: Document) -> list[tuple[Place, Document]]:
        async with self._db.answering():
            found = await self.collection.find(query, batch_size=ANSWER_MAX).to_list(None)
        return [((each["_id"]["c"], each["_id"][self._field]), each) for each in found]
