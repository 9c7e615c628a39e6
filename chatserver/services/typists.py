"""Who is typing: a hint to those in the same conversation."""

from __future__ import annotations

import asyncio
from collections import Counter

from chatserver import metrics
from chatserver.config import Settings
from chatserver.domain.calls import SetTyping
from chatserver.domain.conversation import Conversation
from chatserver.domain.person import Caller
from chatserver.domain.rights import check_may_write
from chatserver.services.access import Access
from chatserver.services.overload import Overload
from chatserver.services.telling import Telling


class Typists:
    """Who is typing where, on this node; a signal that is not renewed is taken back.

    Of a crowd that types in one conversation a few are told, and while the node is overloaded
    nobody. Whoever was told of is always taken back.
    """

    def __init__(
        self, access: Access, telling: Telling, overload: Overload, settings: Settings
    ) -> None:
        self._access = access
        self._telling = telling
        self._overload = overload
        self._told_max = settings.typing_told_max
        self._interval_s = settings.typing_interval_ms / 1000
        self._expires_s = settings.typing_expires_ms / 1000
        self._typing: dict[tuple[str, str], tuple[float, asyncio.TimerHandle]] = {}
        self._typists: Counter[str] = Counter()  # by conversation

    async def signal(self, caller: Caller, call: SetTyping, now_ms: int) -> None:
        """Pass on that the caller types or has stopped; signals too close together are dropped.

        Raises:
            NotFound: the conversation is not the caller's.
            Forbidden: nobody types there, or the caller may not write there now.
        """
        if call.on and self._overload.is_on:
            metrics.spared.labels("typing").inc()
            return
        standing = await self._access.of(caller.user, call.conversation)
        standing.require("type")
        conversation = standing.conversation
        if call.on:
            check_may_write(conversation, standing.me, now_ms)
            self._start(conversation, caller)
        else:
            self.stop(conversation, caller.user)

    async def sent(self, caller: Caller, conversation: str) -> None:
        """The caller sent what was being typed."""
        if (conversation, caller.user) in self._typing:
            standing = await self._access.of(caller.user, conversation)
            self.stop(standing.conversation, caller.user)

    def stop(self, conversation: Conversation, user: str) -> None:
        """The person no longer types: said so, sent the message, left, or went silent."""
        typing = self._typing.pop((conversation.id, user), None)
        if typing is None:
            return
        typing[1].cancel()
        self._typists[conversation.id] -= 1
        if not self._typists[conversation.id]:
            del self._typists[conversation.id]
        self._telling.typing(conversation, user, on=False)

    def _start(self, conversation: Conversation, caller: Caller) -> None:
        loop = asyncio.get_running_loop()
        place = (conversation.id, caller.user)
        since, timer = self._typing.get(place, (None, None))
        if since is not None and loop.time() - since < self._interval_s:
            return
        if timer is not None:
            timer.cancel()
        elif self._typists[conversation.id] >= self._told_max:
            metrics.spared.labels("typing").inc()
            return
        else:
            self._typists[conversation.id] += 1
        timer = loop.call_later(self._expires_s, self.stop, conversation, caller.user)
        self._typing[place] = (loop.time(), timer)
        self._telling.typing(conversation, caller.user, on=True)
