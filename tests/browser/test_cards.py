"""Cards: written at the workbench, seen and answered by customers, and hostile ones."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from chatclient import ChatClient
from playwright.async_api import Page, expect

from tests.browser.browsing import Browsing, Device, Theme, said, write
from tests.browser.shop import Shop, claim, indexed

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = '<img src=x onerror="window.broken=1">'
SHORT = "<b>1</b>{{1+1}}"  # where a field takes few characters
THEMES: tuple[Theme, ...] = ("dark", "light")
DEVICES: tuple[Device, ...] = ("phone", "desktop")
CNY = {"amount": 25_800, "currency": "CNY"}
NOON = 1_800_072_000_000

CARDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("card", {
        "type": "product", "id": "n2", "title": "幼儿配方奶粉 2段 800g", "text": "八罐一箱",
        "price": CNY, "was": {"amount": 27_800, "currency": "CNY"},
        "url": "https://shop.example/p/n2",
        "buttons": [
            {"id": "stock", "label": "还有货吗", "send": "店里还有货吗？"},
            {"id": "page", "label": "去商城看看", "url": "https://shop.example/"},
        ],
    }),
    ("card", {
        "type": "order", "id": "9024", "title": "奶粉 × 8", "status": "shipped",
        "note": "顺丰已揽件",
        "items": [{"title": "幼儿配方奶粉 2段 800g", "count": 8, "price": CNY}],
        "total": {"amount": 206_400, "currency": "CNY"}, "ordered_at": NOON,
        "carrier": "顺丰速运", "tracking": "SF1000000009024",
    }),
    ("card", {
        "type": "coupon", "id": "c20", "title": "新客礼券", "code": "HELLO20", "ends_at": NOON,
        "value": {"amount": 2_000, "currency": "CNY"}, "least": CNY,
    }),
    ("card", {
        "type": "appointment", "id": "a1", "title": "抚触课", "status": "proposed",
        "starts_at": NOON, "ends_at": NOON + 3_600_000, "zone": "Asia/Shanghai",
        "place": "人民路店二楼", "who": "何雅婷",
        "buttons": [{"id": "yes", "label": "可以", "action": "appointment.confirm"}],
    }),
    ("card", {"type": "contact", "name": "何雅婷", "phone": "021-1234567", "text": "抚触师"}),
    ("location", {"latitude": 31.2304, "longitude": 121.4737, "name": "人民路店"}),
    ("link", {"url": "https://shop.example/guide", "text": "护理指南"}),
    ("custom", {"type": "game.move", "data": {"x": 1}}),
)  # fmt: skip

BAD_CARDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("card", {
        "type": "product", "id": SHORT, "title": HOSTILE, "text": HOSTILE,
        "buttons": [{"id": "b", "label": SHORT, "send": HOSTILE}],
    }),
    ("card", {
        "type": "order", "id": SHORT, "title": HOSTILE, "status": "paid", "note": HOSTILE,
        "items": [{"title": HOSTILE}], "carrier": SHORT, "tracking": SHORT,
    }),
    ("card", {"type": "coupon", "id": SHORT, "title": HOSTILE, "text": HOSTILE, "code": SHORT,
              "value": CNY}),
    ("card", {
        "type": "appointment", "id": SHORT, "title": HOSTILE, "status": "proposed",
        "starts_at": NOON, "zone": "No/Zone", "place": HOSTILE, "who": HOSTILE, "text": HOSTILE,
    }),
    ("card", {"type": "rating", "id": SHORT, "title": HOSTILE, "text": HOSTILE}),
    ("card", {"type": "contact", "name": HOSTILE, "text": HOSTILE}),
    ("location", {"latitude": 1, "longitude": 2, "name": HOSTILE, "address": HOSTILE}),
    ("link", {"url": "https://shop.example/?q=%3Cimg%3E", "text": HOSTILE}),
    ("custom", {"type": "x", "text": HOSTILE, "data": {"html": HOSTILE}}),
)  # fmt: skip


async def post(chat: ChatClient, conversation: str, kind: str, body: dict[str, Any]) -> int:
    """Send something that is more than words."""
    told = {"conversation": conversation, "client_id": uuid.uuid4().hex}
    return int((await chat.call("message.send", **told, kind=kind, body=body))["seq"])


async def opened_by_customer(browsing: Browsing, shop: Shop, **looks: Any) -> Page:
    """Mei's page with the conversation that she has with the shop."""
    page = await browsing.open(shop.address("mei", "customer", "陈小美"), **looks)
    await page.locator(".conversation").click()
    await expect(said(page).first).to_be_visible()
    return page


async def to_latest(page: Page) -> None:
    """Go to the end of a conversation of which more is new than fits."""
    await said(page).last.focus()
    await page.keyboard.press("End")
    await expect(page.locator(".thread__latest")).to_have_count(0)


async def test_a_card_is_written_by_keyboard_and_answered_by_the_customer(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei")
    await shop.asks(mei)
    bench = await shop.workbench()
    await claim(bench)
    await bench.get_by_role("button", name="添加卡片").focus()
    await bench.keyboard.press("Enter")
    await bench.get_by_role("menuitem", name="商品卡片").press("Enter")
    form = bench.get_by_role("dialog", name="商品卡片")
    await form.get_by_label("价格").fill("七十九")
    await form.get_by_label("标题").press("Enter")
    await expect(form.get_by_role("alert").first).to_have_text("请填写标题。")
    await browsing.require_no_barrier(bench)
    await form.get_by_label("标题").fill("婴儿无香润肤霜 200g")
    await form.get_by_label("价格").fill("79")
    await form.get_by_label("链接").fill("https://shop.example/p/82")
    await browsing.keep(bench, "card-form")
    await form.get_by_label("价格").press("Enter")
    await expect(form).to_have_count(0)
    await expect(said(bench).last).to_contain_text("¥79.00")
    await bench.locator("#tab-mine").click()
    await expect(bench.locator(".entry__preview")).to_contain_text("[商品] 婴儿无香润肤霜 200g")
    phone = await opened_by_customer(browsing, shop, device="phone")
    await expect(said(phone).last).to_have_accessible_name(re.compile(r"\[商品\] 婴儿无香润肤霜"))
    wish = said(phone).get_by_role("button", name="我想要这一件")
    await wish.click()
    await expect(wish).to_be_disabled()
    await expect(wish).to_have_accessible_name(re.compile("已选择"))
    await expect(said(bench).last.locator(".bubble__text")).to_have_text("我想要这一件")
    await expect(said(bench).last.locator(".quote")).to_contain_text("婴儿无香润肤霜 200g")


async def test_stars_are_chosen_by_keyboard_and_given_once(browsing: Browsing, shop: Shop) -> None:
    mei = await shop.person("mei")
    await shop.asks(mei)
    bench = await shop.workbench()
    await claim(bench)
    await bench.get_by_role("button", name="添加卡片").click()
    await bench.get_by_role("menuitem", name="邀请评价").click()
    await bench.get_by_role("dialog").get_by_role("button", name="发送").click()
    page = await opened_by_customer(browsing, shop)
    card = said(page).filter(has=page.locator(".stars")).first
    await card.focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await expect(card.get_by_role("radio", checked=True)).to_have_accessible_name("4 星，共 5 星")
    await card.get_by_label("说几句").fill("很耐心")
    await browsing.require_no_barrier(page)
    await browsing.keep(page, "rating")
    await card.get_by_role("button", name="提交评价").press("Enter")
    await expect(card).to_contain_text("你评了 4 分")
    await expect(card.get_by_role("radio")).to_have_count(0)
    await expect(said(bench).last).to_contain_text("★★★★☆")
    await expect(said(bench).last).to_contain_text("很耐心")


async def test_every_card_can_be_read_by_everybody(browsing: Browsing, shop: Shop) -> None:
    mei, lin = await shop.person("mei"), await shop.person("lin", "consultant", "林晓燕")
    conversation = await shop.asks(mei)
    await lin.call("desk.claim", conversation=conversation)
    for kind, body in CARDS:
        await post(lin, conversation, kind, body)
    for device in DEVICES:
        page = await opened_by_customer(browsing, shop, device=device)
        await expect(page.locator("del")).to_have_text("原价 ¥278.00")
        await browsing.keep(page, f"cards-{device}-top")
        await to_latest(page)
        await expect(said(page).last).to_contain_text("应用消息")
        for theme in THEMES:
            await browsing.turn(page, theme)
            await browsing.require_no_barrier(page)
            await browsing.keep(page, f"cards-{device}-{theme}")
    guide = page.locator('a[href="https://shop.example/guide"]')
    await expect(guide).to_contain_text("shop.example")
    await expect(guide).to_have_attribute("rel", re.compile("noopener"))


async def test_what_cards_say_is_never_taken_for_markup(browsing: Browsing, shop: Shop) -> None:
    mei, lin = await shop.person("mei"), await shop.person("lin", "consultant", "林晓燕")
    conversation = await shop.asks(mei)
    await lin.call("desk.claim", conversation=conversation)
    for kind, body in BAD_CARDS:
        await post(lin, conversation, kind, body)
    page = await opened_by_customer(browsing, shop, device="desktop")
    bench = await shop.workbench()
    await bench.locator(".entry").click()
    for each in (page, bench):
        await to_latest(each)
        await expect(said(each).last).to_contain_text(HOSTILE)
        assert await each.evaluate("document.querySelectorAll('[role=log] img, b').length") == 0
    await indexed(mei, "window")
    await page.get_by_role("searchbox").fill("window")
    await expect(page.locator(".found mark").first).to_have_text("window")
    assert await page.evaluate("document.querySelectorAll('.found img').length") == 0
    for each in (page, bench):
        assert await each.evaluate("window.broken") is None


async def test_a_message_is_reported_and_one_with_a_forbidden_word_says_so(
    browsing: Browsing, shop: Shop
) -> None:
    mei, boss = await shop.person("mei"), await shop.person("boss", "manager", "店长")
    conversation = await shop.asks(mei)
    lin = await shop.person("lin", "consultant", "林晓燕")
    await lin.call("desk.claim", conversation=conversation)
    await lin.send(conversation, "加我微信便宜")
    await boss.call("filter.set", rule="rude", action="refuse", words=["笨蛋"])
    page = await opened_by_customer(browsing, shop)
    await expect(said(page).last).to_contain_text("加我微信便宜")
    await said(page).last.hover()
    await said(page).last.get_by_role("button", name="更多").click()
    await page.get_by_role("menuitem", name="举报").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="举报", exact=True)).to_be_disabled()
    await dialog.get_by_label("诈骗").check()
    await dialog.get_by_label("补充说明").fill("要我转账")
    await browsing.require_no_barrier(page)
    await browsing.keep(page, "report")
    await dialog.get_by_role("button", name="举报", exact=True).click()
    await expect(page.locator(".toast")).to_contain_text("谢谢")
    report = (await boss.call("report.list"))["reports"][0]
    assert report["complaints"][0]["reason"] == "fraud"
    await write(page, "笨蛋")
    await expect(page.locator(".failed")).to_contain_text("不允许的词语")
