"""Each push service in turn, and providers that send to it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog

from chatserver import logs
from chatserver.config import Settings
from chatserver.providers.push import courier
from chatserver.providers.push.config import parse
from chatserver.providers.push.registry import Providers
from loadtest.push.base import Service
from loadtest.push.services import SERVICES, serving

Open = Callable[..., Providers]


@pytest_asyncio.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest) -> AsyncIterator[Service]:
    async with serving(request.param) as service:
        yield service


@pytest_asyncio.fixture
async def providers_of(tmp_path: Path) -> AsyncIterator[Open]:
    """Makes providers for a service, as a push file would with these changes."""
    async with AsyncExitStack() as stack:

        def make(service: Service, **changed: Any) -> Providers:
            given = {
                "timeout_ms": 60_000,
                "rate_per_s": 100_000,
                **service.config(tmp_path),
                **changed,
            }
            made = Providers.of(parse({"provider": [given]}))
            stack.push_async_callback(made.close)
            return made

        yield make


@contextmanager
def everything_logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The whole process logs to what is stderr now, as a server that is asked to say the most."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    logs.setup(Settings(log_level="debug"))
    monkeypatch.setattr(courier, "log", structlog.get_logger())  # one keeps where it first wrote to
    monkeypatch.setattr(logs, "_last", {})
    try:
        yield
    finally:
        root.handlers[:], root.level = before[:2]
        structlog.configure(**before[2])
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@pytest.fixture
def providers(service: Service, providers_of: Open) -> Providers:
    return providers_of(service)
