"""Follows the log of messages: work that comes after a message is stored, and slows no sender.

Of all workers one holds a follower's post, by a lease that it renews; when it dies another one has
the post within seconds. How far it has come is noted after the work is done, so after a crash some
of it is done again and none is left out: work must be such that twice is as good as once.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

import structlog

from chatserver import clock, metrics
from chatserver.errors import Unavailable
from chatserver.store.following import (
    Dated,
    Feed,
    Followers,
    Position,
    PositionLost,
    Post,
    Stream,
)

LEASE_MS = 6000
RENEW_S = 2.0
ASK_S = 1.0  # between two looks whether the post is free
NOTE_S = 1.0  # between two notes of how far the work is done
AHEAD = 2000  # what is read before it is worked on
AT_ONCE = 500
PATIENCE_S = 1.0  # for leaving the post in order

T = TypeVar("T", bound=Dated)
_Told = tuple[T | None, Position | None]  # what happened, if anything, and where that was

log = structlog.get_logger()


class Work(Protocol[T]):
    """What a follower does; each part may be done again after a crash or a lost lease."""

    name: str

    @property
    def feed(self) -> Feed[T]:
        """What it follows."""

    async def do(self, moved: Sequence[T]) -> None:
        """This happened, in this order; some of it may come more than once."""
        ...

    async def missed(self, since_ms: int) -> None:
        """What happened since then is not told one by one (0: since ever): see to it that it is
        made up for from the logs, also if this process ends right after this returns."""
        ...

    async def tend(self) -> None:
        """What else there is to do for whoever has the post; runs until cancelled."""
        ...


class _LeaseLost(Exception):
    """Somebody else has the post, or may have it by now."""


class Follower(Generic[T]):
    """Does one kind of work while it holds the post of that name."""

    def __init__(self, work: Work[T], followers: Followers) -> None:
        self._work = work
        self._followers = followers
        self._name = work.name
        self._holder = secrets.token_hex(8)
        self._held_until = 0.0
        self._noted = 0.0
        self.holds = False

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            post = await self._take()
            if post is None:
                await asyncio.sleep(ASK_S)
                continue
            try:
                await self._hold(post)
            finally:
                self._set_holding(False)
                await self._leave()
            await asyncio.sleep(ASK_S)

    async def _take(self) -> Post | None:
        asked = time.monotonic()
        try:
            post = await self._followers.take(self._name, self._holder, LEASE_MS)
        except Unavailable:
            return None
        if post is not None:
            self._held_until = asked + LEASE_MS / 1000
        return post

    async def _hold(self, post: Post) -> None:
        self._set_holding(True)
        log.info("follows the log", follower=self._name)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._renew())
                tasks.create_task(self._persist(lambda: self._follow(post)))
                tasks.create_task(self._persist(self._work.tend))
        except* _LeaseLost:
            log.warning("another worker follows the log", follower=self._name)

    async def _persist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begin again as often as MongoDB is away meanwhile."""
        while True:
            try:
                await work()
            except Unavailable:
                log.warning("MongoDB does not answer a follower", follower=self._name)
            await asyncio.sleep(ASK_S)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            if await self._take() is None and time.monotonic() > self._held_until - RENEW_S:
                raise _LeaseLost

    async def _follow(self, post: Post) -> None:
        """From where the work is done, which may have moved on since the post was taken."""
        post = await self._followers.look(self._name) or post
        if post.position is not None:
            with suppress(PositionLost):
                await self._follow_from(post.position)
            log.error(
                "MongoDB's oplog does not reach back to where a follower stood; catching up from "
                "the logs",
                follower=self._name,
            )
        await self._begin_anew(post.at_ms)

    async def _follow_from(self, position: Position) -> None:
        async with self._followers.stream(self._work.feed, position) as stream:
            await self._keep_up(stream)

    async def _begin_anew(self, since_ms: int) -> None:
        """From now on; what was before is made up for otherwise."""
        async with self._followers.stream(self._work.feed, None) as stream:
            first = await stream.next()
            begin = stream.position  # behind `first`, which happened before what is made up for
            await self._work.missed(since_ms)
            if begin is not None:
                await self._note(begin, first[0].at_ms if first else clock.now_ms())
            with suppress(PositionLost):  # noticed again, with its own sentence
                await self._keep_up(stream)

    async def _keep_up(self, stream: Stream[T]) -> None:
        read: asyncio.Queue[_Told[T] | Exception] = asyncio.Queue(AHEAD)

        async def read_ahead() -> None:
            try:
                while True:
                    await read.put(await stream.next() or (None, stream.position))
            except Exception as error:  # for whoever works, behind what there was before
                await read.put(error)

        reading = asyncio.create_task(read_ahead(), name=f"{self._name} reads")
        try:
            while True:
                await self._do_next(read)
        finally:
            reading.cancel()
            await asyncio.wait((reading,))

    async def _do_next(self, read: asyncio.Queue[_Told[T] | Exception]) -> None:
        """Do all that has been read, some at once."""
        batch = [await read.get()]
        while len(batch) < AT_ONCE and not read.empty():
            batch.append(read.get_nowait())
        told = [each for each in batch if not isinstance(each, Exception)]
        if told:
            await self._do(told)
        if isinstance(batch[-1], Exception):
            raise batch[-1]

    async def _do(self, told: Sequence[_Told[T]]) -> None:
        moved = [each for each, _ in told if each is not None]
        if moved:
            await self._work.do(moved)
            metrics.followed.labels(self._name).inc(len(moved))
        at_ms = moved[-1].at_ms if moved else clock.now_ms()
        metrics.follower_lag.labels(self._name).set(max(0, clock.now_ms() - at_ms) / 1000)
        position = told[-1][1]
        if position is not None and time.monotonic() - self._noted > NOTE_S:
            await self._note(position, at_ms)

    async def _note(self, position: Position, at_ms: int) -> None:
        """The work is done up to here."""
        if not await self._followers.advance(self._name, self._holder, position, at_ms):
            raise _LeaseLost
        self._noted = time.monotonic()

    async def _leave(self) -> None:
        self._noted = 0.0
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._followers.leave(self._name, self._holder)

    def _set_holding(self, holds: bool) -> None:
        self.holds = holds
        metrics.follower_holds.labels(self._name).set(holds)
