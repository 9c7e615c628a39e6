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
LOADS_MAX = 4  # on their way at the same time, each with all that was asked for until it began
ANSWER_MAX = 10_000  # documents; an answer in one piece needs no second question
PAUSE_S = 0.01  # between two batches, as a command costs as much as dozens of items in it
BEHIND_S = 0.2  # the same where nobody waits


class _Load(Generic[K, V]):
    """Keys that are loaded together, and what will be their values."""

    __slots__ = ("keys", "values")

    def __init__(self) -> None:
        self.keys: dict[K, None] = {}
        self.values: asyncio.Future[Mapping[K, V]] = asyncio.get_running_loop().create_future()

    def end(self, error: BaseException) -> None:
        """Tell those who wait that it failed; cancelled, it may be asked for again."""
        self.values.set_exception(error if isinstance(error, Exception) else Unavailable())
        self.values.exception()  # seen, also when nobody waits any longer


class Gather(Generic[K, V]):
    """Loads values by key, together for all who ask in one moment.

    A moment is a tick of the event loop; while `LOADS_MAX` loads are on their way it is as long as
    until one of them ends. So a storm of callers costs few commands. What is loaded is never older
    than the caller's question.
    """

    def __init__(
        self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]], *, at_once: int = BATCH_MAX
    ) -> None:
        """`load` gets at most `at_once` distinct keys and gives those that exist."""
        self._load = load
        self._at_once = at_once
        self._next: _Load[K, V] | None = None
        self._loading = 0
        self._tasks: set[asyncio.Task[None]] = set()  # or they might be collected

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
        wanted = dict.fromkeys(keys)
        if not wanted:
            return {}
        if self._next is None:
            self._next = _Load()
            if self._loading < LOADS_MAX:
                self._begin()
        load = self._next
        load.keys.update(wanted)
        values = await asyncio.shield(load.values)  # a caller that leaves takes it from nobody
        return {key: values[key] for key in wanted if key in values}

    def _begin(self) -> None:
        self._loading += 1
        task = asyncio.get_running_loop().create_task(self._run(), name="look-ups")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        try:
            while (load := self._next) is not None:
                self._next = None
                await self._do(load)
        finally:  # in the same turn in which it found nothing: who comes next begins another one
            self._loading -= 1

    async def _do(self, load: _Load[K, V]) -> None:
        try:
            load.values.set_result(await self._load_all(list(load.keys)))
        except BaseException as error:
            load.end(error)
            if not isinstance(error, Exception):
                raise

    async def _load_all(self, keys: list[K]) -> Mapping[K, V]:
        if len(keys) <= self._at_once:
            return await self._load(keys)
        firsts = range(0, len(keys), self._at_once)
        parts = (keys[first : first + self._at_once] for first in firsts)
        found = await asyncio.gather(*map(self._load, parts))
        return {key: value for part in found for key, value in part.items()}


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
