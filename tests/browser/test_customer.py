"""The page of customers, used by people who see, hear or type, with and without a network."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from chatclient import ChatClient, Device
from playwright.async_api import Locator, Page, expect

from loadtest.faults.people import eventually, token
from tests.browser.browsing import Browsing, field, said, write
from tests.browser.pretended import CONVERSATION, ME, Pretended

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = '<img src=x onerror="window.broken=1"><b>bold</b> javascript:alert(1) {{1+1}}'


class Others:
    """The other people of a test, without a browser."""

    def __init__(self, browsing: Browsing, stack: AsyncExitStack) -> None:
        self._browsing = browsing
        self._stack = stack

    async def join(self, who: str, role: str = "consultant", name: str = "林顾问") -> ChatClient:
        """Somebody new, connected."""
        user = self._browsing.name(who)
        made = token(user, role, name=name)
        chat = ChatClient(self._browsing.url, token=made, device=Device(user, platform="desktop"))
        await self._stack.enter_async_context(chat)
        await chat.ready()
        return chat

    async def meet(self, page: Page, lin: ChatClient, *texts: str) -> str:
        """Mei's page shows what Lin wrote to her; gives the conversation."""
        await arrived(page)
        conversation = (await lin.open(self._browsing.name("mei"))).id
        for text in texts or ("你好",):
            await lin.send(conversation, text)
        await page.locator(".conversation").click()
        await expect(said(page).last).to_contain_text((texts or ("你好",))[-1])
        return conversation


@pytest_asyncio.fixture(loop_scope="session")
async def others(browsing: Browsing) -> AsyncIterator[Others]:
    async with AsyncExitStack() as stack:
        yield Others(browsing, stack)


async def arrived(page: Page) -> None:
    """Somebody new is known to the server."""
    await expect(page.locator(".conversations__empty")).to_have_text(re.compile("还没有|No conv"))


def mine(page: Page) -> Locator:
    """My own ones."""
    return page.locator(".bubble-row--mine")


def texts(chat: ChatClient, conversation: str) -> list[str]:
    return [message.text or "" for message in chat.conversations[conversation].messages]


async def test_two_people_talk_and_see_how_far_each_message_came(
    browsing: Browsing, others: Others
) -> None:
    page = await browsing.open(browsing.as_new("mei"), device="phone")
    lin = await others.join("lin")
    await lin.set_foreground(on=False)
    conversation = await others.meet(page, lin)
    await write(page, "宝宝三个月用几段？")
    tick = mine(page).last.locator(".ticks")
    await expect(tick).to_have_class(re.compile("ticks--delivered"))
    lin.read(conversation)
    await expect(tick).to_have_class(re.compile("ticks--read"))
    lin.typing(conversation)
    await expect(page.locator(".thread-header__state")).to_contain_text("正在输入")
    await rest_finger(page, said(page).first.locator(".bubble"))
    await expect(page.get_by_role("menu")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.go_back()  # a phone shows one thing at a time
    await expect(field(page)).not_to_be_visible()
    await lin.send(conversation, "一段")
    item = page.locator(".conversation")
    await expect(item).to_contain_text("一段")
    await expect(item.locator(".badge")).to_contain_text("1")
    await expect(page).to_have_title(re.compile(r"^\(1\)"))
    await item.click()
    await expect(page.locator(".thread__unread")).to_be_visible()
    await expect(page).to_have_title(re.compile(r"^[^(]"))


async def rest_finger(page: Page, wanted: Locator) -> None:
    """A finger rests there until there is a menu, and is lifted."""
    box = await wanted.bounding_box()
    assert box
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    screen = await page.context.new_cdp_session(page)
    touch = "Input.dispatchTouchEvent"
    await screen.send(touch, {"type": "touchStart", "touchPoints": [at]})
    await expect(page.get_by_role("menu")).to_be_visible()
    await screen.send(touch, {"type": "touchEnd", "touchPoints": []})
    await screen.detach()


async def test_what_was_seen_is_readable_without_a_network_and_what_is_written_goes_out_later(
    browsing: Browsing, others: Others
) -> None:
    browsing.forgive("ERR_INTERNET_DISCONNECTED|Failed to fetch")
    page = await browsing.open(browsing.as_new("mei"))
    lin = await others.join("lin")
    conversation = await others.meet(page, lin, "一", "二")
    await page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    await write(page, "三")
    await expect(mine(page).last.locator(".ticks--sending")).to_have_count(0)
    await eventually(lambda: page.evaluate(_KEPT, 3), "it is kept")
    await page.context.set_offline(True)
    await page.reload()
    await expect(said(page)).to_have_count(3)
    await write(page, "没有网络时写的")
    await field(page).fill("还没写完")
    await expect(mine(page).last.locator(".ticks--sending")).to_be_visible()
    await expect(page.locator(".connection").first).to_be_visible()
    await page.reload()
    await expect(said(page)).to_have_count(4)
    await expect(field(page)).to_have_value("还没写完")
    await page.context.set_offline(False)
    await eventually(
        lambda: texts(lin, conversation) == ["一", "二", "三", "没有网络时写的"], "it went out"
    )
    await expect(page.locator(".ticks--sending")).to_have_count(0)
    await expect(page.locator(".connection")).to_have_count(0)


# whether so many messages of a conversation are kept for later
_KEPT = """async (count) => {
    const name = (await indexedDB.databases()).map(({ name }) => name)
        .find((name) => name.startsWith("chatserver-history-"))
    if (!name) return false
    const database = await new Promise((resolve) => {
        indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result)
    })
    const all = database.transaction("conversations").objectStore("conversations").getAll()
    const kept = await new Promise((resolve) => { all.onsuccess = () => resolve(all.result) })
    database.close()
    return kept.some(({ data }) => data.log.last >= count)
}"""


async def test_everything_is_done_with_the_keyboard_alone(
    browsing: Browsing, others: Others
) -> None:
    page = await browsing.open(browsing.as_new("mei"), language="en")
    lin = await others.join("lin")
    await arrived(page)
    conversation = (await lin.open(browsing.name("mei"))).id
    await lin.send(conversation, "Good morning")
    await expect(page.locator(".conversation")).to_be_visible()
    await tab_to(page, page.locator(".conversation"))
    await page.keyboard.press("Enter")
    await expect(field(page)).to_be_focused()
    await page.keyboard.type("Helo")
    await page.keyboard.press("Enter")
    await expect(mine(page)).to_contain_text("Helo")
    await expect(mine(page).locator(".ticks--sending")).to_have_count(0)

    await page.keyboard.press("ArrowUp")  # edits the last one
    await expect(field(page)).to_have_value("Helo")
    await field(page).press("End")
    for key in ("Backspace", "l", "o", "Enter"):
        await page.keyboard.press(key)
    await expect(mine(page)).to_contain_text("edited")
    await expect(mine(page)).to_contain_text("Hello")

    await tab_to(page, said(page).last, backwards=True)
    await page.keyboard.press("ArrowUp")
    await expect(said(page).first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menu")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)
    await expect(said(page).first).to_be_focused()

    await choose(page, "Reply")
    await expect(field(page)).to_be_focused()
    await page.keyboard.type("An answer")
    await page.keyboard.press("Enter")
    await expect(mine(page).last.locator(".quote")).to_contain_text("Good morning")

    await tab_to(page, said(page).last, backwards=True)
    await expect(mine(page).last.locator(".ticks--sending")).to_have_count(0)
    await choose(page, "Take back")
    await expect(page.locator(".note")).to_have_text("You took a message back")
    await eventually(
        lambda: lin.conversations[conversation].messages[-1].recalled, "Lin sees it recalled"
    )


async def tab_to(page: Page, wanted: Locator, *, backwards: bool = False) -> None:
    """Press Tab until the focus is there."""
    for _ in range(30):
        if await wanted.evaluate("(element) => element === document.activeElement"):
            return
        await page.keyboard.press("Shift+Tab" if backwards else "Tab")
    await expect(wanted).to_be_focused()


async def choose(page: Page, label: str) -> None:
    """Choose from the menu of what has the focus, by keys."""
    await page.keyboard.press("Enter")
    item = page.get_by_role("menuitem", name=label)
    await expect(item).to_be_visible()
    for _ in range(20):
        if await item.evaluate("(element) => element === document.activeElement"):
            break
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")


async def test_what_people_write_is_text_and_never_runs(browsing: Browsing, others: Others) -> None:
    page = await browsing.open(browsing.as_new("mei", name=HOSTILE))
    lin = await others.join("lin", name=HOSTILE[:100])
    mei = browsing.name("mei")
    await arrived(page)
    room = await lin.open_room(HOSTILE[:100], [mei], settings={})
    await lin.update_room(room.id, announcement=HOSTILE)
    await lin.send(
        room.id, f"{HOSTILE} @{HOSTILE[:100]} https://a.example/<script>", mentions=[mei]
    )
    sent = await lin.send(room.id, "javascript:alert(1) data:text/html,x")
    await lin.pin(room.id, sent.seq)
    await lin.react(room.id, sent.seq, "<b>x</b>")
    await page.locator(".conversation").first.click()
    await expect(said(page).last).to_contain_text("data:text/html")
    await expect(page.locator(".reaction")).to_contain_text("<b>x</b>")
    await page.locator(".pinned-bar button").first.click()
    await expect(page.get_by_role("dialog")).to_contain_text(HOSTILE)
    foreign = page.locator("#app :is(img, b, script, iframe, [onerror])")
    await expect(foreign).to_have_count(0)
    links = await page.locator("#app a[target]").evaluate_all(
        "(links) => links.map(({ href, rel }) => [new URL(href).protocol, rel])"
    )
    assert links
    assert all(link == ["https:", "noopener noreferrer nofollow"] for link in links)
    assert await page.evaluate("window.broken") is None


async def test_in_a_group_people_are_mentioned_and_the_sender_sees_who_has_read(
    browsing: Browsing, others: Others
) -> None:
    page = await browsing.open(browsing.as_new("mei", name="陈小美"))
    lin = await others.join("lin")
    yu = await others.join("yu", name="于顾问")
    await arrived(page)
    members = [browsing.name("mei"), yu.me.user]
    room = await lin.open_room("三月宝宝妈妈群", members, settings={})
    await page.locator(".conversation").click()
    await field(page).press_sequentially("@于")
    await expect(page.get_by_role("option")).to_have_count(1)
    await field(page).press("Enter")
    await expect(field(page)).to_have_value("@于顾问 ")
    await field(page).press_sequentially("您好")
    await field(page).press("Enter")
    await expect(mine(page).locator(".bubble__name-in-text")).to_have_text("@于顾问")
    await eventually(lambda: room.id in yu.conversations, "Yu is in the room")
    await eventually(lambda: yu.conversations[room.id].mentions == 1, "Yu was mentioned")
    await expect(mine(page).locator(".ticks--sent")).to_be_visible()
    await mine(page).click(button="right")
    await page.get_by_role("menuitem", name="谁已读").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("tab", selected=True)).to_have_text("已读 0")
    yu.read(room.id)
    await expect(dialog.get_by_role("tab", selected=True)).to_have_text("已读 1")
    await expect(dialog.get_by_role("tabpanel")).to_contain_text("于顾问")
    assert await browsing.barriers(page) == []


async def test_older_messages_come_above_without_moving_what_is_read(browsing: Browsing) -> None:
    page = await browsing.open("/demo")
    await Pretended(120, first_page=50).play(page)
    await page.goto(f"/#token={token(ME)}")
    await page.locator(".conversation").click()
    await expect(said(page).last).to_contain_text("120 ")
    seen = await page.evaluate(_SCROLL_UP)
    assert seen["worst"] <= 2, seen
    assert seen["first"].startswith("1 ")


# Scrolls up to the first message, but to the top of what is there only once that is the first: a
# row there may lose its heading to the one that comes above it. In each frame, the row in the
# middle of the window may have moved by what was scrolled and no more, whatever came above it.
_SCROLL_UP = """async () => {
    const box = document.querySelector("[role=log]")
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const middle = () => [...box.querySelectorAll("article")].find((row) => {
        const { top, bottom } = row.getBoundingClientRect()
        return top <= 400 && bottom > 400
    })
    const isWhole = () => box.querySelector(".bubble__text")?.textContent.startsWith("1 ")
    let worst = 0
    let resting = 0
    const deadline = Date.now() + 60_000
    while (resting < 20 && Date.now() < deadline) {
        const row = middle()
        const before = row?.getBoundingClientRect().top
        const by = isWhole() || box.scrollTop > 400 ? Math.min(200, box.scrollTop) : 0
        box.scrollTop -= by
        resting = by === 0 && isWhole() ? resting + 1 : 0
        await frame()
        await frame()
        if (row?.isConnected) {
            worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before - by))
        }
    }
    return { worst, first: box.querySelector(".bubble__text").textContent }
}"""


async def test_thousands_of_messages_keep_the_page_small_and_in_place(
    browsing: Browsing,
) -> None:
    context = await browsing.context(device="phone")
    page = await context.new_page()
    pretended = Pretended(5_000)
    await pretended.play(page)
    await page.goto(f"/#token={token(ME)}")
    await page.locator(".conversation").click()
    await expect(said(page).last).to_contain_text("5000 ")
    size = "document.querySelectorAll('*').length"
    assert await page.evaluate(size) < 1500
    await page.evaluate("document.querySelector('[role=log]').scrollTop = 200_000")
    await expect(page.locator(".thread__latest")).to_be_visible()
    assert await page.evaluate(size) < 1500
    row = said(page).nth(6)
    name = await row.get_attribute("aria-label")
    before = await row.bounding_box()
    pretended.say()
    await expect(page.locator(".thread__latest .badge")).to_have_text("1")
    after = await page.get_by_role("article", name=name or "", exact=True).bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) <= 1
    await page.locator(".thread__latest button").click()
    await expect(said(page).last).to_contain_text("5001 ")
    await expect(page.locator(".thread__latest")).to_have_count(0)
    assert CONVERSATION in page.url


async def test_a_message_that_is_refused_says_so_and_is_tried_again(browsing: Browsing) -> None:
    page = await browsing.open("/demo")
    pretended = Pretended(3)
    pretended.refuses = 1
    await pretended.play(page)
    await page.goto(f"/#token={token(ME)}")
    await page.locator(".conversation").click()
    await write(page, "能送货吗？")
    await expect(page.locator(".failed")).to_contain_text("你不能")
    await page.locator(".failed").get_by_role("button", name="重试").click()
    await expect(page.locator(".failed")).to_have_count(0)
    await expect(mine(page).last.locator(".ticks--sent")).to_be_visible()


async def test_nothing_keeps_anybody_out_in_any_language_and_light(browsing: Browsing) -> None:
    page = await browsing.open("/?as=mei", device="phone", theme="dark", language="en")
    await expect(page.locator(".conversation").first).to_be_visible()
    found: dict[str, Any] = {"list": await browsing.barriers(page)}
    await page.locator(".conversation:has(.avatar--room)").first.click()
    await expect(said(page).last).to_be_visible()
    found["thread"] = await browsing.barriers(page)
    await browsing.keep(page, "customer-phone-dark-en")
    await page.locator(".thread-header button").last.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    found["dialog"] = await browsing.barriers(page)
    await page.keyboard.press("Escape")
    page = await browsing.open("/?as=mei")
    await page.locator(".conversation").first.click()
    await said(page).last.click(button="right")
    await expect(page.get_by_role("menu")).to_be_visible()
    found["menu"] = await browsing.barriers(page)
    await browsing.keep(page, "customer-desktop-light-zh")
    assert not any(found.values()), found
