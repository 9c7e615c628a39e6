"""Badges: how much people have not read, counted once for all that happens within a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice

from chatserver.domain.events import Badge
from chatserver.errors import Unavailable

TOGETHER_S = 0.3  # what happens within it is told as one
AT_ONCE = 100  # people; of a crowd that reads the same the others come after
AGAIN_S = 1.0  # where MongoDB does not answer


class Badges:
    """Tells people's devices the number, a moment after it moved.

    Counting looks at all conversations of a person, which is more work than the mark it follows;
    nobody waits for it, and a crowd that reads at once has its numbers a little later.
    """

    def __init__(
        self, count: Callable[[str], Awaitable[Badge]], tell: Callable[[list[str], Badge], None]
    ) -> None:
        self._count = count
        self._tell = tell
        self._moved: dict[str, None] = {}  # people, the first first
        self._some = asyncio.Event()

    def put(self, user: str) -> None:
        """The person's number may have moved."""
        self._moved[user] = None
        self._some.set()

    async def run(self) -> None:
        """Count and tell until cancelled."""
        while True:
            await self._some.wait()
            await asyncio.sleep(TOGETHER_S)
            self._some.clear()
            try:
                await self.flush()
            except Unavailable:  # kept
                await asyncio.sleep(AGAIN_S)

    async def flush(self) -> None:
        """Count and tell what moved so far.

        Raises:
            Unavailable: MongoDB does not answer; who was not told is the first next time.
        """
        while users := list(islice(self._moved, AT_ONCE)):
            for user in users:  # before counting: what moves meanwhile is counted again
                del self._moved[user]
            try:
                badges = await asyncio.gather(*map(self._count, users))
            except BaseException:
                self._moved = dict.fromkeys([*users, *self._moved])
                self._some.set()
                raise
            for user, badge in zip(users, badges, strict=True):
                self._tell([user], badge)
