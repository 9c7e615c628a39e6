"""The built pages, as the server gives them to a browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from chatserver.api.pages import BUILT
from tests.browser.browsing import Browsing

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGES = sorted(BUILT.glob("*.html"))


async def test_every_page_opens_without_a_complaint(browsing: Browsing) -> None:
    for path in ("/demo", "/?as=mei", "/workbench?as=xiaolin", "/widget?as=mei"):
        page = await browsing.open(path)
        await expect(page.locator("#app > *").first).to_be_visible()
