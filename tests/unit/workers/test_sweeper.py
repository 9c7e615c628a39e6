"""The sweeper goes on, whatever one sweep comes to."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from chatserver.errors import Unavailable
from chatserver.workers.sweeper import sweep_for_ever


@pytest.mark.asyncio
async def test_it_sweeps_again_at_once_where_there_is_more_and_later_after_an_error() -> None:
    outcomes: list[bool | Exception] = [True, False, Unavailable(), False]
    at: list[int] = []
    done = asyncio.Event()

    class Sweeping:
        async def sweep(self, now: int) -> bool:
            at.append(now)
            if len(at) > len(outcomes):
                done.set()
                await asyncio.Event().wait()
            outcome = outcomes[len(at) - 1]
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    task = asyncio.ensure_future(sweep_for_ever(cast("Any", Sweeping()), 1, lambda: 7))
    async with asyncio.timeout(30):
        await done.wait()
    task.cancel()
    await asyncio.wait([task])
    assert at == [7] * 5
