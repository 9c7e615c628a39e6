"""A server with the demo shop and its built pages, and a browser; both shared by all tests here.

A test takes people of the demo shop to look at (`/?as=mei`), and new people to change things
(`browsing.as_new("mei")`). Every module here begins with
`pytestmark = pytest.mark.asyncio(loop_scope="session")`, as the browser lives on one event loop.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect
from pymongo import MongoClient

from chatserver.api.pages import BUILT
from chatserver.config import load
from chatserver.dev import demo, story
from chatserver.dev.folder import DataFolder
from loadtest.bench.pages.chromium import FLAGS
from loadtest.faults.nodes import KEY, ChatServer, faults_in, free_port
from loadtest.faults.people import eventually
from loadtest.faults.stage import GENEROUS
from loadtest.push.fronts import over_http1
from tests.browser.browsing import PATIENCE_MS, Browsing, chromium
from tests.browser.notified import PushService
from tests.browser.shop import Shop
from tests.browser.shop_site import ShopSite

HAS_FAILED = pytest.StashKey[bool]()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop_site() -> AsyncIterator[ShopSite]:
    """A shop's own site, whose pages may connect to the server."""
    async with ShopSite().open() as site:
        yield site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def other_site() -> AsyncIterator[ShopSite]:
    """A site like it, of whose pages the server knows nothing."""
    async with ShopSite().open() as site:
        yield site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def push_service() -> AsyncIterator[PushService]:
    """Where all browsers here have their subscriptions."""
    service = PushService()
    async with over_http1(service):
        yield service


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(
    tmp_path_factory: pytest.TempPathFactory,
    mongo_url: str,
    redis_url: str,
    shop_site: ShopSite,
    push_service: PushService,
) -> AsyncIterator[ChatServer]:
    """A node with the demo shop; its log must stay clean."""
    if not (BUILT / "index.html").is_file():
        pytest.fail("The pages are not built: run make setup.")
    folder = tmp_path_factory.mktemp("shop")
    name = f"browser_{secrets.token_hex(6)}"
    DataFolder(folder).key(KEY)
    environment = {
        **GENEROUS, "CHAT_SEARCHES_PER_S": "1000",
        "CHAT_MONGO_URL": mongo_url, "CHAT_REDIS_URL": redis_url, "CHAT_MONGO_DATABASE": name,
        "CHAT_COMMUNITIES_FILE": str(demo.RULES), "CHAT_DEMO_FOLDER": str(folder),
        "CHAT_PUBLIC_ORIGINS": shop_site.origin,
        "CHAT_SHOP_NAMES": f"{story.SHOP}={story.SHOP_NAME}",
        "CHAT_PUSH_FILE": str(push_service.file(folder)),
        "CHAT_PUSH_GATHER_MS": "0", "CHAT_PUSH_HOLD_MS": "500",
    }  # fmt: skip
    node = ChatServer(folder, environment)
    own = {"CHAT_WORKER_PORT": str(free_port())}
    worker = ChatServer(folder / "worker", {**environment, **own}, ("-m", "chatserver", "worker"))
    try:
        patient = {"CHAT_JWT_KEY": KEY, "CHAT_STORE_TIMEOUT_MS": "60000"}
        await demo.seed(load({**environment, **patient}), enrolled=node.spawn)
        await eventually(node.is_ready, "the server is ready")
        worker.spawn()  # who searches waits until it found something
        yield node
        assert node.exit_status is None
        assert not faults_in(node.log())
    finally:
        worker.stop()
        node.stop()
        with MongoClient[Any](mongo_url) as client:
            client.drop_database(name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _browser() -> AsyncIterator[Browser]:
    program = chromium()
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how a test went, for what comes after it."""
    report = yield
    item.stash[HAS_FAILED] = item.stash.get(HAS_FAILED, False) or report.failed
    return report


@pytest_asyncio.fixture(loop_scope="session")
async def browsing(
    request: pytest.FixtureRequest, _browser: Browser, server: ChatServer
) -> AsyncIterator[Browsing]:
    """The browsers of one test; no page may log an error or break its security policy.

    Of a test that fails all open pages are kept in build/screenshots.
    """
    browsing = Browsing(_browser, server, secrets.token_hex(4))
    yield browsing
    if request.node.stash[HAS_FAILED]:
        await browsing.keep_all(f"failed-{request.node.originalname}")
    assert not await browsing.close()


@pytest_asyncio.fixture(loop_scope="session")
async def shop(browsing: Browsing) -> AsyncIterator[Shop]:
    """A shop of its own."""
    async with AsyncExitStack() as stack:
        yield Shop(browsing, stack)
