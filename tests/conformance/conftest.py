"""Each test runs over both engines; where one is known to leave the protocol, it must fail.

The stock engine shows that a test asks what the protocol says. In a usual run one case of each
test does that; ours passes them all.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
import uvloop

from tests.conformance import deviations
from tests.conformance.servers import ENGINES, LEAN, STOCK, Server, running
from tests.examples import ALL

Serve = Callable[..., Awaitable[Server]]

DEVIATIONS = {STOCK: deviations.STOCK, LEAN: deviations.LEAN}
PATIENCE_S = 30.0  # only what fails waits so long
PATIENCE_WITH_KNOWN_S = 0.1  # what is known to fail need not take long


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], Any]]:
    """The event loop of the product."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Known deviations must be there, else the list is wrong."""
    proven: set[str] = set()
    spared = []
    for item in items:
        known = _deviation(item)
        if known is not None:
            name, why = known
            item.add_marker(pytest.mark.xfail(reason=why, strict=True))
        elif _engine(item) == STOCK and not ALL:
            name = item.nodeid.partition("[")[0]
        else:
            continue
        if name in proven:
            spared.append(item)
        proven.add(name)
    config.hook.pytest_deselected(items=spared)
    items[:] = [item for item in items if item not in spared]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the garbage of failed tests until their report is written.

    A task that failed and is collected logs a traceback, which parses code; where that happens
    while a parser is at work, for the report here, Python 3.11 fails the latter.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def _deviation(item: pytest.Item) -> tuple[str, str] | None:
    """What the list of deviations says of this test and case, and where."""
    engine = _engine(item)
    known = DEVIATIONS.get(engine, {})
    test, _, case = item.name.removesuffix("]").partition("[")
    others = "-".join(part for part in case.split("-") if part != engine)
    names = [name for name in (test, f"{test}[{others}]") if name in known]
    return (f"{item.path}::{engine}::{names[0]}", known[names[0]]) if names else None


def _engine(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("engine", "")) if callspec is not None else ""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Which engine is under test."""
    return str(request.param)


@pytest.fixture(autouse=True, scope="module")
def _no_garbage_left() -> Iterator[None]:
    """Nor may it come in the way of other tests' parsers."""
    yield
    gc.collect()


@pytest.fixture
def patience_s(request: pytest.FixtureRequest) -> float:
    """How long this test waits for what it expects."""
    return PATIENCE_S if _deviation(request.node) is None else PATIENCE_WITH_KNOWN_S


@pytest.fixture(autouse=True)
def _no_faults_of_ours(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, our engine never logs a traceback."""
    yield
    for record in caplog.get_records("call"):
        assert not (record.levelname == "ERROR" and record.name.startswith("chatserver")), record


@pytest_asyncio.fixture
async def serve(engine: str, patience_s: float) -> AsyncIterator[Serve]:
    """Starts servers with options of python-socketio; all end with the test."""
    async with AsyncExitStack() as ends:

        async def serve(**options: Any) -> Server:
            return await ends.enter_async_context(running(engine, patience_s, **options))

        yield serve


@pytest_asyncio.fixture
async def server(serve: Serve) -> Server:
    """A running server on which pings are rare."""
    return await serve()
