from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from chatclient import connection
from chatclient.pacing import Backoff

from .small_server import SmallServer


@pytest_asyncio.fixture
async def server() -> AsyncIterator[SmallServer]:
    async with SmallServer() as server:
        yield server


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds where people would wait for seconds."""
    monkeypatch.setattr(connection, "Backoff", lambda **_: Backoff(base=0.02, top=0.1))
