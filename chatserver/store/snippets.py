"""Canned replies of staff, and how often each person's were changed."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs
from pymongo import ReturnDocument

from chatserver.domain.snippet import SNIPPETS_MAX, Snippet
from chatserver.errors import Conflict, Forbidden
from chatserver.store.database import Database, Document, Session, find_one_and_update


class Kept(Struct, frozen=True):
    """How often somebody's canned replies were changed, and whether this time they were."""

    rev: int
    is_news: bool


class Snippets:
    """The collections `snippets` (`_id`: `{u: person, id}`) and `snippet_lists` (`_id`: person)."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._snippets = database.collection("snippets")
        self._lists = database.collection("snippet_lists")

    async def page(self, user: str, after: str | None, limit: int) -> list[Snippet]:
        """Somebody's canned replies by shortcut, beginning after one.

        Raises:
            Unavailable: no answer in time; so do the others.
        """
        query: dict[str, Any] = {"_id.u": {"$eq": user}}
        if after is not None:
            query["shortcut"] = {"$gt": after}
        async with self._db.answering():
            found = await self._snippets.find(query).sort("shortcut", 1).limit(limit).to_list(None)
        return [_snippet(document) for document in found]

    async def rev(self, user: str) -> int:
        """How often somebody's canned replies were changed."""
        async with self._db.answering():
            found = await self._lists.find_one({"_id": {"$eq": user}})
        return found["rev"] if found else 0

    async def save(self, user: str, snippet: Snippet) -> Kept:
        """Keep one, or change the one with its id; the same again changes nothing.

        Raises:
            Conflict: another one has this shortcut.
            Forbidden: there are too many.
        """

        async def work(session: Session) -> Kept:
            place = {"u": user, "id": snippet.id}
            known = await self._snippets.find_one({"_id": place}, session=session)
            if known is not None and _snippet(known) == snippet:
                return Kept(await self._count(user, 0, 0, session), is_news=False)
            await self._see_that_it_is_free(user, snippet, session)
            rev = await self._count(user, 1, 0 if known else 1, session)
            fields = {k: v for k, v in structs.asdict(snippet).items() if k != "id"}
            await self._snippets.replace_one(
                {"_id": place}, {"_id": place, **fields}, upsert=True, session=session
            )
            return Kept(rev, is_news=True)

        kept: Kept = await self._db.transaction(work)
        return kept

    async def remove(self, user: str, id_: str) -> Kept:
        """Forget one; harmless when there is none."""

        async def work(session: Session) -> Kept:
            gone = await self._snippets.delete_one({"_id": {"u": user, "id": id_}}, session=session)
            count = gone.deleted_count
            return Kept(await self._count(user, count, -count, session), is_news=bool(count))

        kept: Kept = await self._db.transaction(work)
        return kept

    async def _see_that_it_is_free(self, user: str, snippet: Snippet, session: Session) -> None:
        query = {
            "_id.u": {"$eq": user},
            "shortcut": {"$eq": snippet.shortcut},
            "_id.id": {"$ne": snippet.id},
        }
        if await self._snippets.find_one(query, session=session) is not None:
            raise Conflict("Another one of yours has this shortcut", path="shortcut")

    async def _count(self, user: str, changes: int, added: int, session: Session) -> int:
        """Note a change; how many there were so far."""
        after: Document = await find_one_and_update(
            self._lists,
            {"_id": {"$eq": user}},
            {"$inc": {"rev": changes, "count": added}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        if added > 0 and after["count"] > SNIPPETS_MAX:
            raise Forbidden(f"There can be {SNIPPETS_MAX} at most")
        rev: int = after["rev"]
        return rev


def _snippet(document: Document) -> Snippet:
    return Snippet(
        id=document["_id"]["id"],
        shortcut=document["shortcut"],
        title=document["title"],
        text=document["text"],
    )
