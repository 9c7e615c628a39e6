"""Look-ups of many callers made in the same tick become one query for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from chatserver.errors import Unavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


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
