"""What many callers want of MongoDB at the same time becomes one command for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from chatserver.errors import Unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")
R = TypeVar("R")

BATCH_MAX = 500
ANSWER_MAX = 10_000  # documents; an answer in one piece needs no second question
PAUSE_S = 0.01  # between two batches, as a command costs as much as dozens of items in it
BEHIND_S = 0.2  # the same where nobody waits


class Gather(Generic[K, V]):
    """Loads values by key; the first caller of a tick asks for all who came in that tick."""

    def __init__(self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> None:
        """`load` gets distinct keys and gives those that exist."""
        self._load = load
        self._waiting: dict[K, asyncio.Future[V | None]] = {}

    async def get(self, key: K) -> V | None:
        """The value of one key, None where there is none.

        Raises:
            Unavailable: the store does not answer.
        """
        return (await self.get_all((key,))).get(key)

    async def get_all(self, keys: Iterable[K]) -> dict[K, V]:
        """The values of those keys that exist.

        Raises:
            Unavailable: the store does not answer.
        """
        leading = not self._waiting
        futures = {key: self._wait_for(key) for key in keys}
        if leading and futures:
            await self._load_for_all()
        # several callers await one future: a cancelled one must not take it from the others
        values = {key: await asyncio.shield(future) for key, future in futures.items()}
        return {key: value for key, value in values.items() if value is not None}

    def _wait_for(self, key: K) -> asyncio.Future[V | None]:
        future = self._waiting.get(key)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            self._waiting[key] = future
        return future

    async def _load_for_all(self) -> None:
        waiting = self._waiting
        try:
            await self._wait_for_others()
            values = await self._load(list(waiting))
        except BaseException as error:
            # whoever led may have been cancelled; the others then try again
            self._fail(waiting, error if isinstance(error, Exception) else Unavailable())
            raise
        for key, future in waiting.items():
            future.set_result(values.get(key))

    async def _wait_for_others(self) -> None:
        try:
            await asyncio.sleep(0)
        finally:  # whoever comes from now on leads anew
            self._waiting = {}

    def _fail(self, waiting: Mapping[K, asyncio.Future[V | None]], error: Exception) -> None:
        for future in waiting.values():
            future.set_exception(error)
            future.exception()  # the leader raises it itself; nobody else may be waiting


class Batches(Generic[T, R]):
    """Hands items over in batches: while one is on its way, the next one gathers.

    An item that comes alone goes at once; when more come, `pause_s` lies between two batches that
    are not full. So a busy moment costs some commands a second, and a stormy one full batches.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[list[T]], Awaitable[Sequence[R | Exception]]],
        *,
        pause_s: float = PAUSE_S,
    ) -> None:
        """`work` gives a result for each item, in order; doing an item twice must be harmless."""
        self._name = name
        self._work = work
        self._pause_s = pause_s
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._running: asyncio.Task[None] | None = None

    def put(self, item: T) -> asyncio.Future[R]:
        """The result of an item, to be awaited or not; who stops waiting stops nobody else.

        Raises:
            Unavailable: when awaited, as the store does not answer. An exception that is this
                item's result is raised there too.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = loop.create_task(self._run(), name=self._name)
        return future

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._do(self._take())
                if len(self._waiting) < BATCH_MAX:
                    await asyncio.sleep(self._pause_s)
        finally:
            self._running = None
            self._give_up()

    def _take(self) -> list[tuple[T, asyncio.Future[R]]]:
        batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
        return batch

    async def _do(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._work([item for item, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                _settle(future, result)
        except (Unavailable, asyncio.CancelledError) as error:
            # whoever waits behind this batch would only wait longer
            self._waiting = batch + self._waiting
            self._give_up()
            if not isinstance(error, Unavailable):
                raise
        except Exception as error:
            await self._single_out(batch, error)

    async def _single_out(self, batch: list[tuple[T, asyncio.Future[R]]], error: Exception) -> None:
        """One item cannot be sent, say: find it, so that the others do not fail with it."""
        if len(batch) == 1:
            _settle(batch[0][1], error)
            return
        middle = len(batch) // 2
        await self._do(batch[:middle])
        await self._do(batch[middle:])

    def _give_up(self) -> None:
        for _, future in self._waiting:
            _settle(future, Unavailable())
        self._waiting = []


def _settle(future: asyncio.Future[R], result: R | Exception) -> None:
    if future.done():  # its caller left
        return
    if isinstance(result, Exception):
        future.set_exception(result)
        future.exception()  # nobody may be waiting
    else:
        future.set_result(result)
