"""What people report, from the customer's phone to the manager who settles it."""

from __future__ import annotations

from functools import partial

import pytest
from chatclient import ChatClient
from playwright.async_api import Page, expect

from loadtest.faults.people import eventually
from tests.browser.browsing import Browsing, Theme, said
from tests.browser.shop import Shop
from tests.browser.test_media import is_drawn, picture

pytestmark = pytest.mark.asyncio(loop_scope="session")

THEMES: tuple[Theme, ...] = ("dark", "light")
HOSTILE = '<img src=x onerror="window.broken=1"> 加我领红包'


async def community(*customers: ChatClient) -> str:
    """The community that customers of a shop come into by what they feed."""
    for each in customers:
        await each.call("profile.update", attributes={"feeding": "母乳"})

    async def room(customer: ChatClient) -> str | None:
        listed = (await customer.call("conversation.list"))["conversations"]
        return next((each["id"] for each in listed if each["kind"] == "group"), None)

    rooms = [await eventually(partial(room, each), "in the community") for each in customers]
    return str(rooms[0])


async def report(phone: Page, text: str) -> None:
    """Report the message with this text as fraud."""
    await phone.locator(".conversation", has_text="母乳").click()
    message = said(phone).filter(has_text=text)
    await message.click(button="right")
    await phone.get_by_role("menuitem", name="举报").click()
    await phone.get_by_label("诈骗").check()
    await phone.get_by_label("补充说明").fill("骗子，别信")
    await phone.get_by_role("button", name="举报", exact=True).click()
    await expect(phone.get_by_role("dialog")).to_have_count(0)


async def test_a_message_that_a_customer_reports_is_read_in_its_context_and_taken_back(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei")
    ting = await shop.person("ting", name="王婷婷")
    boss = await shop.person("zhou", "manager", "周经理")
    room = await community(mei, ting)
    sent = [await ting.send(room, text) for text in ("大家好", HOSTILE, "真的很便宜")]
    bench = await browsing.open(shop.address("tang", "manager", "唐洁"))
    entry = bench.locator(".reports-entry")
    await expect(entry).to_have_text("举报")
    phone = await browsing.open(shop.address("mei", "customer", "陈小美"), device="phone")
    await report(phone, "加我领红包")

    await expect(entry.locator(".badge")).to_contain_text("1 条待处理举报")
    await entry.press("Enter")
    row = bench.locator("#reports .entry")
    await expect(row).to_contain_text("诈骗")
    await row.press("Enter")
    await expect(bench.locator(".report__why")).to_contain_text("陈小美")
    await expect(bench.locator(".report__why")).to_contain_text("骗子，别信")
    around = bench.locator(".around__one .bubble")
    await expect(around).to_contain_text(["大家好", HOSTILE, "真的很便宜"])
    await expect(bench.locator(".around__one--it")).to_contain_text(HOSTILE)
    assert await bench.evaluate("window.broken") is None
    for theme in THEMES:
        await browsing.turn(bench, theme)
        await browsing.require_no_barrier(bench)

    await bench.get_by_label("撤回消息").check()
    await bench.get_by_label("给其他管理员的备注").fill("广告")
    await bench.get_by_role("button", name="处理举报").click()
    await expect(said(phone).filter(has_text="加我领红包")).to_have_count(1)
    await bench.get_by_role("dialog").get_by_role("button", name="撤回消息").click()
    done = bench.get_by_role("region", name="处理记录")
    await expect(done).to_contain_text("撤回了消息")
    await expect(done).to_contain_text("唐洁")
    await expect(said(phone).filter(has_text="加我领红包")).to_have_count(0)
    await expect(row).to_have_count(0)
    await bench.locator("#reports-resolved").click()
    await expect(row).to_contain_text("撤回了消息")
    await browsing.keep(bench, "reports-light-zh")

    # one that somebody else settles while it is looked at
    await mei.call("report.create", conversation=room, seq=sent[-1].seq, reason="spam")
    await bench.locator("#reports-open").click()
    await row.click()
    await bench.get_by_label("不处理").check()
    found = (await boss.call("report.list"))["reports"][0]
    told = {name: found[name] for name in ("conversation", "seq", "revision")}
    await boss.call("report.resolve", **told, verdict="dismiss")
    await expect(bench.locator(".toast")).to_have_text("周经理刚刚处理了这条举报：保留消息。")
    await expect(bench.locator(".settling")).to_have_count(0)


async def test_a_picture_that_was_reported_is_seen_outside_its_room_and_after_its_recall(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei")
    ting = await shop.person("ting", name="王婷婷")
    room = await community(mei, ting)
    media = await ting.upload(picture(), kind="image")
    sent = await ting.send_media(room, media, kind="image", text="扫码领红包")
    await mei.call("report.create", conversation=room, seq=sent.seq, reason="fraud")
    await ting.call("message.recall", conversation=room, seq=sent.seq)
    bench = await browsing.open(shop.address("tang", "manager", "唐洁"))
    await bench.locator(".reports-entry").click()
    await bench.locator("#reports .entry").click()
    shown = bench.locator(".around__one--it .picture")
    await is_drawn(shown.locator(".picture__shown"))
    await browsing.keep(bench, "reports-picture")
    await shown.click()
    await is_drawn(bench.locator(".viewer img"))
    await bench.keyboard.press("Escape")
    await expect(bench.locator(".viewer")).to_have_count(0)


async def test_who_looks_after_nothing_sees_no_way_to_reports(browsing: Browsing) -> None:
    address = browsing.as_new("lin", "consultant", "/workbench", name="林晓燕")
    bench = await browsing.open(address, language="en")
    await expect(bench.locator(".inboxes__nothing")).to_contain_text("Nobody waits for you")
    await expect(bench.locator(".reports-entry")).to_have_count(0)
