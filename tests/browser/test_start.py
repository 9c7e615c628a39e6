"""The start page of a demo server: be anybody of the shop."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from chatserver.dev import demo
from tests.browser.browsing import Browsing

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_everybody_of_the_shop_has_a_card_also_on_a_phone(browsing: Browsing) -> None:
    page = await browsing.open("/demo", device="phone", theme="dark")
    await expect(page.get_by_role("heading", level=1)).to_have_text("演示门店")
    await expect(page.get_by_role("listitem")).to_have_count(len(demo.people()))
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    await browsing.keep(page, "demo-phone-dark-zh")


async def test_a_card_opens_the_page_of_that_person_in_the_chosen_language_and_theme(
    browsing: Browsing,
) -> None:
    page = await browsing.open("/demo")
    await page.get_by_role("button", name="Switch to English").click()
    await browsing.keep(page, "demo-desktop-light-en")
    await page.get_by_role("button", name="Dark").click()
    for name, path in (("林晓燕", "/workbench?as=xiaolin"), ("陈小美", "/?as=mei")):
        async with page.context.expect_page() as opening:
            await page.get_by_role("link", name=f"Open as {name}").click()
        opened = await opening.value
        assert opened.url == browsing.url + path
        await expect(opened.locator("#app > *").first).to_be_visible()
        await expect(opened.locator("html")).to_have_attribute("lang", "en-GB")
        assert await opened.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


async def test_two_people_are_looked_at_side_by_side(browsing: Browsing) -> None:
    page = await browsing.open("/demo", language="en")
    await page.get_by_role("link", name="陈小美 side by side").click()
    phone = page.get_by_title("What 陈小美 sees").content_frame
    await expect(phone.get_by_text("林晓燕").first).to_be_visible()
    await page.get_by_label("Customer").select_option("tingting")
    await expect(page.get_by_title("What 王婷婷 sees")).to_be_visible()
    assert page.url.endswith("#/tingting/xiaolin")
    await browsing.require_no_barrier(page)
    await browsing.keep(page, "demo-beside")
    await page.go_back()
    await expect(page.get_by_title("What 陈小美 sees")).to_be_visible()


async def test_a_customer_and_her_consultant_look_at_the_same_conversation(
    browsing: Browsing,
) -> None:
    page = await browsing.open("/demo#/mei/xiaolin", language="en")
    await page.set_viewport_size({"width": 1840, "height": 920})
    phone = page.get_by_title("What 陈小美 sees").content_frame
    await phone.locator(".conversation", has_text="暖芽母婴").click()
    bench = page.get_by_title("What 林晓燕 sees").content_frame
    await bench.locator(".entry", has_text="陈小美").first.click()
    for shown in (phone, bench):
        await expect(shown.locator("[role=log] article").last).to_contain_text("旅行装")
    await expect(bench.get_by_text("婴儿无香润肤霜")).to_be_visible()
    await browsing.keep(page, "beside")
    alone = await browsing.open("/workbench?as=xiaolin", theme="dark")
    await alone.locator(".entry", has_text="陈小美").first.click()
    await expect(alone.locator("[role=log] article").last).to_contain_text("旅行装")
    await browsing.keep(alone, "workbench-dark-zh")


async def test_the_widget_is_tried_on_a_page_of_the_shop(browsing: Browsing) -> None:
    page = await browsing.open("/demo/shop?as=zhaojing", theme="dark", language="en")
    await page.get_by_role("button", name="Open the chat").click()
    frame = page.frame_locator("chat-widget iframe")
    await expect(frame.get_by_role("textbox")).to_be_focused()
    await browsing.keep(page, "demo-shop")
    await page.get_by_role("link", name="Glass bottle").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Glass bottle, 160 ml")
    await expect(frame.get_by_role("textbox")).to_be_visible()
