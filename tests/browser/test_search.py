"""Searching, at the customers' page and at the workbench: found, opened, and not by others."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.browsing import Browsing, Device, Theme, said
from tests.browser.shop import Shop, claim, indexed

pytestmark = pytest.mark.asyncio(loop_scope="session")

WANTED = "无香的婴儿润肤霜，200克一罐"
SINCE = 120  # messages said after it
THEMES: tuple[Theme, ...] = ("dark", "light")
LOOKS: tuple[Device, ...] = ("phone", "desktop")


async def search(page: Page, query: str) -> None:
    """Type it into the search of the page."""
    await page.get_by_role("searchbox").first.fill(query)


async def test_what_was_said_is_found_on_both_sides_and_by_nobody_else(
    browsing: Browsing, shop: Shop
) -> None:
    mei, anna = await shop.person("mei"), await shop.person("anna", name="安娜")
    conversation = await shop.asks(mei, WANTED)
    for number in range(SINCE):
        mei.send(conversation, f"第 {number} 句")
    await mei.send(conversation, "好的")
    await shop.asks(anna, "在吗")
    await indexed(mei, "润肤霜")
    for device in LOOKS:
        page = await browsing.open(shop.address("mei", "customer", "陈小美"), device=device)
        await search(page, "润肤霜")
        await expect(page.locator(".found mark")).to_have_text("润肤霜")
        for theme in THEMES:
            await browsing.turn(page, theme)
            await browsing.require_no_barrier(page)
            await browsing.keep(page, f"search-{device}-{theme}")
        await page.locator(".found__one", has=page.locator("mark")).click()
        flashed = page.locator("article:focus")
        await expect(flashed).to_contain_text(WANTED)
        await expect(flashed).to_be_in_viewport()
    bench = await shop.workbench()
    await claim_mei(bench)
    await bench.keyboard.press("Control+k")
    await search(bench, "润肤霜")
    await expect(bench.locator(".found mark")).to_have_text("润肤霜")
    await browsing.require_no_barrier(bench)
    await browsing.keep(bench, "search-workbench")
    await bench.locator(".found__one", has=bench.locator("mark")).click()
    await expect(bench.locator("article:focus")).to_contain_text(WANTED)
    stranger = await browsing.open(shop.address("anna", "customer", "安娜"))
    await expect(stranger.locator(".conversation")).to_be_visible()
    await search(stranger, "润肤霜")
    await expect(stranger.locator(".found [role=status]")).to_contain_text("没有找到")


async def claim_mei(bench: Page) -> None:
    """Take on the one who waits longest."""
    await bench.locator("#tab-unassigned").click()
    await bench.locator(".entry").filter(has_text="陈小美").click()
    await bench.locator(".looking button").click()
    await expect(bench.locator("textarea")).to_be_visible()


async def test_people_and_conversations_are_found_by_name_and_kinds_within_a_conversation(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei")
    await shop.asks(mei, "请推荐一款")
    bench = await shop.workbench()
    await claim(bench)
    await search(bench, "陈小美")
    groups = bench.locator(".found__group")
    await expect(groups.filter(has_text="会话").locator(".found__one")).to_contain_text("陈小美")
    await expect(groups.filter(has_text="联系人").locator(".found__one")).to_contain_text("陈小美")
    await bench.get_by_role("searchbox").press("Escape")
    await expect(bench.locator(".found")).to_have_count(0)
    await bench.get_by_role("button", name="添加卡片").click()
    await bench.get_by_role("menuitem", name="优惠券").click()
    form = bench.get_by_role("dialog")
    await form.get_by_label("标题").fill("新客礼券")
    await form.get_by_label("面额").fill("20")
    await form.get_by_role("button", name="发送").click()
    await expect(said(bench).last).to_contain_text("¥20.00")
    await indexed(mei, "礼券")
    await bench.get_by_role("button", name="在此会话中搜索").click()
    dialog = bench.get_by_role("dialog")
    await dialog.get_by_role("button", name="卡片").click()
    await expect(dialog.locator(".found__one")).to_contain_text("[优惠券] 新客礼券")
    await dialog.get_by_role("button", name="图片").click()
    await expect(dialog.get_by_role("status")).to_contain_text("没有找到")
    await dialog.get_by_role("button", name="卡片").click()
    await browsing.keep(bench, "search-dialog")
    await browsing.require_no_barrier(bench)
    await dialog.locator(".found__one").click()
    await expect(dialog).to_have_count(0)
    await expect(bench.locator("article:focus")).to_contain_text("新客礼券")


async def test_a_dialog_that_closes_gives_the_focus_back_before_the_next_frame_and_only_then(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei")
    await shop.asks(mei, WANTED)
    bench = await shop.workbench()
    await claim(bench)
    await bench.get_by_role("button", name="在此会话中搜索").click()
    await expect(bench.get_by_role("dialog").get_by_role("searchbox")).to_be_focused()
    label = await bench.evaluate(_CLOSES)
    assert label == "在此会话中搜索"
    await bench.get_by_role("button", name="在此会话中搜索").click()
    await expect(bench.get_by_role("dialog").get_by_role("searchbox")).to_be_focused()
    assert await bench.evaluate(_ESCAPES) == "search", "who went on meanwhile is left alone"


async def test_nothing_is_searched_for_amid_a_word_that_is_composed(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei")
    await shop.asks(mei, WANTED)
    await indexed(mei, "润肤霜")
    page = await browsing.open(shop.address("mei", "customer", "陈小美"))
    await expect(page.locator(".conversation")).to_be_visible()
    box = page.get_by_role("searchbox")
    await box.focus()
    screen = await page.context.new_cdp_session(page)
    await screen.send("Input.imeSetComposition", {"text": "runfu", **_CARET})
    await expect(page.locator(".found [role=status]")).not_to_have_text("没有找到，换个词试试。")
    await screen.send("Input.insertText", {"text": "润肤"})
    await expect(page.locator(".found mark")).to_have_text("润肤")


# Whoever chose something in it has the focus wanted elsewhere by then, and must not lose it again.
_CLOSES = """async () => {
  document.querySelector("dialog .dialog__bar button").click()
  await new Promise(requestAnimationFrame)
  return document.activeElement.getAttribute("aria-label")
}"""
_ESCAPES = """async () => {
  document.querySelector("dialog").close()
  document.querySelector("#search").focus()
  while (document.querySelector("dialog")) await new Promise(requestAnimationFrame)
  await new Promise((done) => setTimeout(done, 100))
  return document.activeElement.id
}"""
_CARET = {"selectionStart": 5, "selectionEnd": 5}
