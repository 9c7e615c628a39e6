"""Notifies people who do not look: follows messages and read marks, and sends what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from chatserver import clock, metrics
from chatserver.errors import Unavailable
from chatserver.services.notifying.dispatch import Dispatch
from chatserver.services.notifying.recipients import Recipients
from chatserver.store.following import MESSAGES, READS, Moved, Read
from chatserver.store.push_walks import PushWalks, Walk
from chatserver.store.stores import Stores

CLAIMED_AT_ONCE = 100
BATCHES = 8  # on their way at once: a slow provider holds up its own only
LOOK_S = 0.2  # between two looks whether anything is due
COUNT_S = 5.0  # between two looks how much is due
WALK_S = 0.5  # between two looks whether messages are to be looked for
FIRST_LOOK_MS = 300_000  # what a first follower ever looks back
READ_AT_ONCE = 20  # conversations
BACK_MAX = 200  # last messages of a conversation that a walk looks at

log = structlog.get_logger()


class Pushing:
    """The work of the follower `push`: who may have to be told of new messages is noted."""

    name = "push"
    feed = MESSAGES

    def __init__(self, recipients: Recipients, stores: Stores, lifetime_ms: int) -> None:
        """Nobody is notified of messages older than `lifetime_ms`."""
        self._recipients = recipients
        self._stores = stores
        self._lifetime_ms = lifetime_ms

    async def do(self, moved: Sequence[Moved]) -> None:
        """Note new messages, and those that were recalled; other changes are seen when it is
        decided."""
        new = dict.fromkeys(each.place for each in moved if each.is_new)
        recalled = dict.fromkeys(each.place for each in moved if "recalled" in each.fields)
        found = await self._stores.messages.by_id((*new, *recalled))
        now_ms = clock.now_ms()
        said = [message for place, message in found.items() if place in new]
        await self._recipients.note(said, now_ms, now_ms - self._lifetime_ms)
        gone = [message for place, message in found.items() if place in recalled]
        await self._recipients.recalled(gone, now_ms)

    async def missed(self, since_ms: int) -> None:
        """Look for messages in all conversations that spoke since then."""
        look_back_ms = self._lifetime_ms if since_ms else FIRST_LOOK_MS
        await self._stores.push_walks.begin(max(since_ms, clock.now_ms() - look_back_ms))

    async def tend(self) -> None:
        """Do the walks that are asked for."""
        while True:
            walk = await self._stores.push_walks.going()
            if walk is None or not await self._walk_on(walk):
                await asyncio.sleep(WALK_S)

    async def _walk_on(self, walk: Walk) -> bool:
        """Look through the next conversations; whether there were any."""
        walks: PushWalks = self._stores.push_walks
        conversations = await walks.page(walk)
        if not conversations:
            await walks.walked(walk, None)
            log.info("has looked through all conversations for messages to notify of")
            return False
        await self._look_through(conversations, walk.since)
        await walks.walked(walk, conversations[-1])
        return True

    async def _look_through(self, conversations: Sequence[str], since_ms: int) -> None:
        heads = await self._stores.heads.of(conversations)
        ends = [(conversation, head.seq) for conversation, head in heads.items() if head.seq]
        last = await self._stores.messages.by_id(ends)
        spoke = [place for place in ends if place in last and last[place].at >= since_ms]
        for first in range(0, len(spoke), READ_AT_ONCE):
            ranges = {
                conversation: (max(1, seq - BACK_MAX + 1), seq)
                for conversation, seq in spoke[first : first + READ_AT_ONCE]
            }
            for messages in (await self._stores.messages.ranges(ranges)).values():
                await self._recipients.note(messages, clock.now_ms(), since_ms)


class Closing:
    """The work of the follower `read`: what was read on one device goes from the others."""

    name = "read"
    feed = READS

    def __init__(self, stores: Stores) -> None:
        self._pushes = stores.pushes

    async def do(self, moved: Sequence[Read]) -> None:
        """Let those bursts be looked at of which devices show something that was read."""
        marks: dict[tuple[str, str], int] = {}
        for each in moved:
            place = (each.user, each.conversation)
            marks[place] = max(each.read, marks.get(place, 0))
        await self._pushes.wake(marks, clock.now_ms())

    async def missed(self, since_ms: int) -> None:
        """Let everything be looked at that any device shows."""
        await self._pushes.wake_all_shown(clock.now_ms())

    async def tend(self) -> None:
        """There is nothing else to do."""
        await asyncio.Event().wait()


class Dispatching:
    """Sends what is due; each worker takes its share."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._free = asyncio.Semaphore(BATCHES)

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as batches:
            while True:
                await self._free.acquire()
                if not await self._begin(batches):
                    await asyncio.sleep(LOOK_S)

    async def _begin(self, batches: asyncio.TaskGroup) -> bool:
        """Send some of what is due; whether there may be more."""
        try:
            bursts = await self._dispatch.claim(CLAIMED_AT_ONCE)
        except BaseException as error:
            self._free.release()
            if isinstance(error, Unavailable):
                return False
            raise
        if not bursts:
            self._free.release()
            return False
        task = batches.create_task(self._dispatch.settle(bursts), name="notifications")
        task.add_done_callback(lambda _: self._free.release())
        return len(bursts) == CLAIMED_AT_ONCE


async def measure(stores: Stores) -> None:
    """Keep the figures of the queue up to date until cancelled."""
    while True:
        try:
            queue = await stores.pushes.queue(clock.now_ms())
        except Unavailable:
            pass
        else:
            metrics.push_due.set(queue.depth)
            metrics.push_oldest.set(queue.oldest_ms / 1000)
        await asyncio.sleep(COUNT_S)
