"""Notifications in browsers: offered, shown, clicked, taken away; with a page open, and without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from chatclient import ChatClient, Device
from playwright.async_api import Locator, Page, expect

from loadtest.faults.people import eventually, token
from tests.browser.browsing import Browsing, comes_true, field, said, write
from tests.browser.notified import Notified, PushService

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Others:
    """The other devices and people of a test."""

    def __init__(self, browsing: Browsing, service: PushService, stack: AsyncExitStack) -> None:
        self._browsing = browsing
        self._service = service
        self._stack = stack

    async def join(self, who: str, role: str, name: str, device: str = "till") -> ChatClient:
        """Somebody connected, without a browser."""
        user = self._browsing.name(who)
        made = token(user, role, name=name)
        installed = Device(f"{user}-{device}", platform="desktop")
        chat = ChatClient(self._browsing.url, token=made, device=installed)
        await self._stack.enter_async_context(chat)
        await chat.ready()
        return chat

    async def browser(self, who: str, name: str, role: str = "customer", **looks: Any) -> Notified:
        """A browser of somebody who says yes when it asks."""
        user = self._browsing.name(who)
        context = await self._browsing.context(**looks)
        browser = Notified(context, self._service, user)
        await browser.prepare(token(user, role, name=name))
        return browser


@pytest_asyncio.fixture(loop_scope="session")
async def others(browsing: Browsing, push_service: PushService) -> AsyncIterator[Others]:
    async with AsyncExitStack() as stack:
        yield Others(browsing, push_service, stack)


async def turn_on(page: Page) -> None:
    """Write something, and take what is offered then."""
    await write(page, "有新消息吗？")
    offer = banner(page)
    await offer.get_by_role("button", name="开启").click()
    await expect(offer).to_have_count(0)


def banner(page: Page) -> Locator:
    return page.get_by_role("complementary", name="通知")


async def met(page: Page, lin: ChatClient, mei: str) -> str:
    """The page shows what Lin wrote to Mei; gives the conversation."""
    await expect(page.locator(".conversations__empty")).to_contain_text("还没有")
    conversation = (await lin.open(mei)).id
    await lin.send(conversation, "你好")
    await page.locator(".conversation").click()
    await expect(said(page).last).to_contain_text("你好")
    return conversation


async def test_who_closed_the_page_is_notified_once_and_a_click_opens_the_conversation(
    browsing: Browsing, others: Others
) -> None:
    browser = await others.browser("mei", "陈小美", device="phone")
    lin = await others.join("lin", "consultant", "林顾问")
    page = await browser.page()
    conversation = await met(page, lin, browsing.name("mei"))
    await turn_on(page)
    await page.close()

    await lin.send(conversation, "一段就可以")
    told = await browser.pushed(1)
    assert (told["title"], told["text"], told["badge"]) == ("林顾问", "一段就可以", 1)
    await browser.deliver(told)
    (notice,) = await browser.shown()
    assert (notice.title, notice.body, notice.tag) == ("林顾问", "一段就可以", conversation)
    assert await browser.badge() == 1

    address = await browser.click(conversation)
    assert address is not None
    calls: list[str] = []
    opened = await browser.context.new_page()
    opened.on("websocket", lambda line: line.on("framesent", lambda sent: calls.append(str(sent))))
    await opened.goto(address)
    await expect(said(opened).last).to_contain_text("一段就可以")
    await expect(opened).to_have_url(f"{browsing.url}/#/c/{conversation}")
    await eventually(lambda: any(told["id"] in call for call in calls), "the server knows")
    assert await browser.shown() == []
    assert [each for each in browser.payloads if '"shows":false' not in each] == browser.payloads[
        :1
    ]


async def test_what_is_read_on_another_device_goes_away_here_and_what_is_muted_makes_no_sound(
    browsing: Browsing, others: Others
) -> None:
    browser = await others.browser("mei", "陈小美")
    lin = await others.join("lin", "consultant", "林顾问")
    page = await browser.page()
    conversation = await met(page, lin, browsing.name("mei"))
    await turn_on(page)
    await page.get_by_role("button", name="会话信息").click()
    await page.get_by_label("静音提醒").check()
    await expect(page.locator(".conversation")).to_contain_text("已静音")
    await page.close()
    await lin.send(conversation, "到货了")
    told = await browser.pushed(1)
    assert (told["sounds"], told["badge"]) == (False, 0)
    await browser.deliver(told)
    assert [each.silent for each in await browser.shown()] == [True]

    tablet = await others.join("mei", "customer", "陈小美", "tablet")
    await eventually(lambda: conversation in tablet.conversations, "it is on the tablet")
    tablet.read(conversation)
    told = await browser.pushed(2)
    assert (told["shows"], told["badge"]) == (False, 0)
    await browser.deliver(told)
    assert await browser.shown() == []
    assert await browser.badge() == 0


async def test_who_looks_at_the_conversation_gets_no_notification_and_coming_back_closes_one(
    browsing: Browsing, others: Others
) -> None:
    browser = await others.browser("mei", "陈小美")
    lin = await others.join("lin", "consultant", "林顾问")
    page = await browser.page()
    conversation = await met(page, lin, browsing.name("mei"))
    await turn_on(page)
    about = {"id": "n1", "url": f"/#/c/{conversation}", "title": "林顾问", "text": "在吗？"}
    here = {**about, "conversation": conversation, "seq": 90, "badge": 1}
    await browser.deliver(here)
    await browser.deliver({**here, "conversation": "another", "title": "于顾问"})
    assert [each.title for each in await browser.shown()] == ["于顾问"]

    await page.evaluate("location.hash = '#/'")
    await expect(field(page)).to_have_count(0)
    await browser.deliver(here)
    await browser.deliver({**here, "seq": 89, "text": "一条旧的"})

    assert [each.body for each in await browser.shown()] == ["在吗？", "在吗？"]
    assert await browser.click(conversation) is None  # a page is open
    await expect(page).to_have_url(f"{browsing.url}/#/c/{conversation}")
    for broken in ("", "{", '{"conversation": [], "title": "x"}', '{"shows": 1}'):
        await browser.deliver(broken)
    await browser.deliver({**here, "conversation": "another", "shows": False, "seq": 89})
    assert len(await browser.shown()) == 1  # read up to the one before
    await browser.deliver({**here, "conversation": "another", "shows": False, "seq": 90})
    assert await browser.shown() == []


async def test_who_declines_is_not_asked_again_and_who_blocked_is_told_where_to_allow(
    browsing: Browsing, others: Others
) -> None:
    browser = await others.browser("mei", "陈小美")
    lin = await others.join("lin", "consultant", "林顾问")
    await browser.context.add_init_script(_ASKED)
    page = await browser.page()
    await met(page, lin, browsing.name("mei"))
    await expect(banner(page)).to_have_count(0)
    await write(page, "有新消息吗？")
    await expect(banner(page)).to_contain_text("关闭页面后也能收到")
    assert await browsing.barriers(page) == []
    await browsing.keep(page, "push-offer")
    await banner(page).get_by_role("button", name="开启").click()
    await expect(banner(page)).to_contain_text("地址栏")
    await banner(page).get_by_role("button", name="知道了").click()
    await expect(banner(page)).to_have_count(0)
    await page.reload()
    await write(page, "还在吗？")
    await expect(said(page).last.locator(".ticks--sent, .ticks--delivered")).to_be_visible()
    await expect(banner(page)).to_have_count(0)
    await settings(page)
    await expect(page.get_by_role("dialog")).to_contain_text("已阻止")
    await expect(page.get_by_role("switch")).to_be_disabled()


# a browser whose user says no
_ASKED = """
Object.defineProperty(Notification, "permission", {
    get: () => sessionStorage.getItem("said") ?? "default",
})
Notification.requestPermission = async () => {
    sessionStorage.setItem("said", "denied")
    return "denied"
}
"""


async def settings(page: Page) -> Locator:
    """Open what may be chosen about notifications."""
    await page.get_by_role("button", name="设置").click()
    await page.get_by_role("button", name="通知").click()
    dialog = page.get_by_role("dialog", name="通知")
    await expect(dialog.get_by_role("group", name="锁屏时显示")).to_be_visible()
    return dialog


async def test_what_is_chosen_about_notifications_is_kept_on_the_server(
    browsing: Browsing, others: Others
) -> None:
    browser = await others.browser("mei", "陈小美", device="phone")
    mei = await others.join("mei", "customer", "陈小美", "tablet")
    page = await browser.page()
    dialog = await settings(page)
    await dialog.get_by_role("switch").click()
    await expect(dialog.get_by_role("switch")).to_be_checked()
    await dialog.get_by_label("仅名称").check()
    await dialog.get_by_label("夜间不通知").check()
    await dialog.get_by_label("开始").fill("21:30")
    await expect(dialog.get_by_label("时区")).to_have_value("Asia/Shanghai")
    await dialog.get_by_label("同时通知手机").check()
    await dialog.get_by_role("button", name="到明天 8:00").click()
    await expect(dialog.get_by_role("button", name="恢复通知")).to_be_visible()
    assert await browsing.barriers(page) == []
    await browsing.keep(page, "push-settings-phone")

    async def is_kept() -> bool:
        prefs = (await mei.call("push.get"))["prefs"]
        quiet = {"from": "21:30", "to": "08:00", "zone": "Asia/Shanghai"}
        chosen = (prefs["preview"], prefs["quiet"], prefs["desktop"])
        return chosen == ("name", quiet, "also") and prefs["paused_until"] is not None

    await eventually(is_kept, "the server has it")
    await dialog.get_by_role("button", name="恢复通知").click()
    await expect(dialog.get_by_role("button", name="1 小时")).to_be_visible()
    await dialog.get_by_role("button", name="退出登录").click()
    await eventually(lambda: mei.phase.phase == "stopped", "the tablet is logged out")
    await dialog.get_by_role("switch").click()
    await expect(dialog.get_by_role("switch")).not_to_be_checked()
    assert await page.evaluate("localStorage.getItem('test-subscription')") is None


async def test_a_consultant_is_told_once_by_the_open_workbench_and_by_what_is_pushed(
    browsing: Browsing, others: Others
) -> None:
    browser = await others.browser("lin", "林晓燕", "consultant", theme="dark", language="en")
    await browser.context.add_init_script("document.hasFocus = () => false")
    mei = await others.join("mei", "customer", "陈小美")
    bench = await browser.page("/workbench")
    await expect(bench.locator(".inboxes__me p")).to_have_text("林晓燕")
    conversation = (await mei.open(browsing.name("lin"))).id
    await bench.get_by_role("button", name="Settings").click()
    await bench.get_by_role("group", name="Desktop notifications").get_by_role("button").click()
    await bench.get_by_role("button", name="Notifications").click()
    await bench.get_by_role("switch").click()
    await expect(bench.get_by_role("switch")).to_be_checked()
    assert await browsing.barriers(bench) == []
    await browsing.keep(bench, "push-settings-desktop-dark-en")
    await bench.keyboard.press("Escape")

    await browser.follow()
    sent = await mei.send(conversation, "还有货吗？")
    await eventually(lambda: browser.handled("message"), "the page has it shown")
    url = f"/workbench#/c/{conversation}"
    pushed = {"conversation": conversation, "seq": sent.seq, "url": url, "title": "x", "text": "x"}
    await browser.deliver(pushed)
    await browser.deliver({**pushed, "conversation": "another"})
    told = {each.tag: (each.title, each.body) for each in await browser.shown()}
    assert told[conversation] == ("陈小美", "还有货吗？")
    assert len(told) == 2
    assert await browser.click(conversation) is None
    await expect(bench).to_have_url(browsing.url + url)


async def test_who_is_logged_out_elsewhere_is_notified_here_no_longer(
    browsing: Browsing, others: Others
) -> None:
    browser = await others.browser("mei", "陈小美")
    page = await browser.page()
    dialog = await settings(page)
    await dialog.get_by_role("switch").click()
    await expect(dialog.get_by_role("switch")).to_be_checked()
    tablet = await others.join("mei", "customer", "陈小美", "tablet")
    devices = (await tablet.call("device.list"))["devices"]
    (here,) = [each["id"] for each in devices if each["id"] != tablet.device.id]
    await tablet.call("device.logout", device=here)
    await comes_true(page, "localStorage.getItem('test-subscription') === null")


async def test_who_comes_after_somebody_in_a_browser_sees_none_of_their_notifications(
    browsing: Browsing, others: Others
) -> None:
    browser = await others.browser("mei", "陈小美")
    page = await browser.page()
    dialog = await settings(page)
    await dialog.get_by_role("switch").click()
    await expect(dialog.get_by_role("switch")).to_be_checked()
    await page.close()
    await browser.prepare(token(browsing.name("yu"), "customer", name="于小雨"))
    page = await browser.page()
    await comes_true(page, "localStorage.getItem('test-subscription') === null")
    dialog = await settings(page)
    await expect(dialog.get_by_role("switch")).not_to_be_checked()
