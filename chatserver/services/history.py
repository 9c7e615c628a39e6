"""Old messages and changes, page by page."""

from __future__ import annotations

from chatserver.config import Settings
from chatserver.domain.calls import GetChanges, GetHistory
from chatserver.domain.message import Change, Message
from chatserver.domain.page import Page, page_of
from chatserver.domain.person import Caller
from chatserver.errors import Invalid
from chatserver.services.access import Access
from chatserver.store.stores import Stores


class History:
    """What people may read of their conversations."""

    def __init__(self, stores: Stores, access: Access, settings: Settings) -> None:
        self._messages = stores.messages
        self._changes = stores.changes
        self._access = access
        self._settings = settings

    async def page(self, caller: Caller, call: GetHistory) -> Page[Message]:
        """A page of messages, ascending.

        Raises:
            Invalid: more than one of before, after and around.
        """
        id_ = call.conversation
        sight = await self._access.sight(caller, id_)
        given = [each is not None for each in (call.before, call.after, call.around)]
        if sum(given) + call.pinned > 1:
            raise Invalid("Give one of before, after, around and pinned", path="before")
        if call.pinned:
            pins = await self._messages.pinned(id_)
            shown = [sight.message(each) for each in pins if sight.shows(each.seq)]
            return Page(tuple(each for each in shown if each.pinned), more=False)
        page = page_of(call, sight.head.seq, self._page_size(call.limit), sight.first)
        found = await self._messages.complete({id_: (page.first, page.last)})
        return Page(tuple(map(sight.message, found.get(id_, ()))), page.more)

    async def changes(self, caller: Caller, call: GetChanges) -> Page[Change]:
        """A page of changes after a number, ascending."""
        id_ = call.conversation
        sight = await self._access.sight(caller, id_)
        last = min(sight.head.mod, call.after + self._page_size(call.limit))
        found = await self._changes.complete({id_: (call.after + 1, last)})
        return Page(tuple(map(sight.change, found.get(id_, ()))), last < sight.head.mod)

    def _page_size(self, wanted: int | None) -> int:
        return min(wanted or self._settings.page_default, self._settings.page_max)
