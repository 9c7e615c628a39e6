"""What holds on every page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.browsing import Browsing, Theme

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADDRESSES = ("/?as=mei", "/workbench?as=xiaolin", "/widget?as=mei", "/demo", "/demo/shop?as=mei")
THEMES: tuple[Theme, ...] = ("dark", "light")


async def test_a_page_opens_without_a_complaint_and_is_no_barrier_to_anybody(
    browsing: Browsing,
) -> None:
    context = await browsing.context(device="phone")
    page = await context.new_page()
    for address in ADDRESSES:
        await page.goto(address)
        await expect(page.locator("#app > *").first).to_be_visible()
        for theme in THEMES:
            await browsing.turn(page, theme)
            await browsing.require_no_barrier(page)
