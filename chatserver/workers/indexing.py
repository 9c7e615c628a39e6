"""Keeps the index of words up to date, and makes it anew when it is asked to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from chatserver.store.following import MESSAGES, Moved
from chatserver.store.messages import Messages
from chatserver.store.search import SearchIndex, State, Walk
from chatserver.store.users import Users

LOOK_S = 0.2  # between two looks whether the index is to be made anew
CLEAR_AFTER_S = 10.0  # a search that began before the switch has long ended then

log = structlog.get_logger()


class Indexing:
    """The work of the follower `search`.

    A message is read again before it is indexed, so what is indexed is what it says by then.
    """

    name = "search"
    feed = MESSAGES

    def __init__(self, index: SearchIndex, messages: Messages, users: Users) -> None:
        self._index = index
        self._messages = messages
        self._users = users

    async def do(self, moved: Sequence[Moved]) -> None:
        """Index what these messages say now."""
        places = dict.fromkeys(each.place for each in moved if _says_otherwise(each))
        if not places:
            return
        # read after the messages moved: a walk begun since has either these sides or these messages
        sides = (await self._index.state()).sides
        found = await self._messages.by_id(places)
        await self._index.write(found.values(), sides)

    async def missed(self, since_ms: int) -> None:
        """Read all messages again: which ones moved since then nobody knows."""
        await self._index.read_again()

    async def tend(self) -> None:
        """Do the walks that are asked for."""
        while await self._users.name_some():
            pass
        while True:
            state = await self._index.state()
            if state.walk is not None:
                await self._walk(state, state.walk)
            await asyncio.sleep(LOOK_S)

    async def _walk(self, state: State, walk: Walk) -> None:
        log.info("reads all messages for the index of words", done=walk.done)
        while await self._index.walk_on(walk):
            walk_now = (await self._index.state()).walk
            if walk_now is None or walk_now.id != walk.id:  # another one took its place
                return
            walk = walk_now
        log.info("has read all messages for the index of words", done=walk.done)
        if walk.into != state.current:
            await asyncio.sleep(CLEAR_AFTER_S)
            await self._index.clear_other()


def _says_otherwise(moved: Moved) -> bool:
    """Whether a message's words may be others now; reactions and pins leave them as they are."""
    return moved.is_new or not moved.fields.isdisjoint({"body", "recalled"})
