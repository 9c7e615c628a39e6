"""Canned replies: each of the staff keeps their own, the same on all their devices."""

from __future__ import annotations

from msgspec import Struct

from chatserver.domain.calls import ListSnippets, RemoveSnippet, SaveSnippet
from chatserver.domain.events import SnippetsChanged
from chatserver.domain.person import Caller
from chatserver.domain.snippet import Snippet
from chatserver.errors import Forbidden
from chatserver.services.delivery import Delivery
from chatserver.store.snippets import Kept
from chatserver.store.stores import Stores

LIST_MAX = 100  # longest texts of so many still fit what may wait for a slow reader


class SnippetPage(Struct, frozen=True):
    """Canned replies by shortcut, whether there are more, and how often all were changed."""

    snippets: tuple[Snippet, ...]
    more: bool
    rev: int


class Snippets:
    """What staff may do with their canned replies."""

    def __init__(self, stores: Stores, delivery: Delivery) -> None:
        self._snippets = stores.snippets
        self._delivery = delivery

    async def page(self, caller: Caller, call: ListSnippets) -> SnippetPage:
        """A page of the caller's own.

        Raises:
            Forbidden: the caller is not of the staff; so do the others.
            Unavailable: no answer in time; so do the others.
        """
        _need_staff(caller)
        limit = min(call.limit, LIST_MAX)
        # first: a device that fetches while they change is told of a later one
        rev = await self._snippets.rev(caller.user)
        found = await self._snippets.page(caller.user, call.after, limit + 1)
        return SnippetPage(tuple(found[:limit]), len(found) > limit, rev)

    async def save(self, caller: Caller, call: SaveSnippet) -> tuple[Snippet, int]:
        """Keep one, and tell the caller's other devices; gives it and how often all were changed.

        Raises:
            Conflict: another one has this shortcut.
        """
        _need_staff(caller)
        snippet = Snippet(id=call.id, shortcut=call.shortcut, title=call.title, text=call.text)
        return snippet, self._told(caller, await self._snippets.save(caller.user, snippet))

    async def remove(self, caller: Caller, call: RemoveSnippet) -> int:
        """Forget one, and tell the caller's other devices; how often all were changed."""
        _need_staff(caller)
        return self._told(caller, await self._snippets.remove(caller.user, call.id))

    def _told(self, caller: Caller, kept: Kept) -> int:
        if kept.is_news:
            event = SnippetsChanged(rev=kept.rev)
            self._delivery.tell((caller.user,), event, skip=caller.connection)
        return kept.rev


def _need_staff(caller: Caller) -> None:
    if not caller.is_staff:
        raise Forbidden("Only staff keep canned replies")
