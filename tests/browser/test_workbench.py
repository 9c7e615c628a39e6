"""The workbench of consultants: beside a customer's page, by keyboard, and with hostile people."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.browser.browsing import Browsing, Theme, comes_true, field, said, write
from tests.browser.pretended import PretendedCustomers
from tests.browser.shop import Shop, claim, look

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = '<img src=x onerror="window.broken=1">'
THEMES: tuple[Theme, ...] = ("dark", "light")
CUSTOMERS = 300
DRAWN_MAX = 60  # rows of a list that are in the page at once


class Held:
    """A server that answers one call only when it is let go."""

    def __init__(self, call: str) -> None:
        """`call` is what stands in its packet."""
        self._call = call
        self._held: list[Callable[[], None]] = []

    async def play(self, page: Page) -> None:
        """Stand between this page and the server."""
        await page.route_web_socket("**/socket.io/**", self._between)

    def let_go(self) -> None:
        """Pass on what was held."""
        for go in self._held:
            go()

    def _between(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def pass_on(packet: str | bytes) -> None:
            if self._call in str(packet):
                self._held.append(lambda: server.send(packet))
            else:
                server.send(packet)

        page.on_message(pass_on)


async def test_a_question_is_claimed_answered_and_settled_and_the_next_one_opens_it_again(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei")
    conversation = await shop.asks(mei)
    bench = await shop.workbench()
    await expect(bench.locator("#tab-unassigned .tab__count")).to_have_text("1")
    await claim(bench)
    await expect(bench.locator("#tab-unassigned .tab__count")).to_have_count(0)
    await write(bench, "晚上九点")
    phone = await browsing.open(
        f"{shop.address('mei', 'customer', '陈小美')}", device="phone", language="zh"
    )
    await phone.locator(".conversation").click()
    await expect(said(phone).last).to_contain_text("晚上九点")
    await expect(bench.locator(".bubble-row--mine .ticks--read")).to_be_visible()
    await write(phone, "谢谢")
    await expect(said(bench).last).to_contain_text("谢谢")
    await bench.locator(".acts").get_by_role("button", name="解决", exact=True).click()
    await expect(bench.locator(".opened__state")).to_have_text("已解决")
    await bench.locator("#tab-mine").click()
    await expect(bench.locator(".entry")).to_have_count(0)
    await mei.send(conversation, "还有一个问题")
    await expect(bench.locator(".entry")).to_contain_text("还有一个问题")
    await expect(bench.locator(".opened__state")).to_contain_text("由你接待")


async def test_of_two_who_claim_at_once_one_serves_and_the_other_sees_it_no_more(
    browsing: Browsing, shop: Shop
) -> None:
    await shop.asks(await shop.person("mei"))
    names = {"lin": "林晓燕", "yan": "何雅婷"}
    benches = [await shop.workbench(who, name) for who, name in names.items()]
    await asyncio.gather(*map(look, benches))
    for bench in benches:
        await expect(bench.locator(".looking button")).to_be_visible()
    await asyncio.gather(*(bench.evaluate(_CLAIM) for bench in benches))
    for bench in benches:
        settled = bench.locator(".opened__state, .thread__empty").filter(has_text=_SETTLED)
        await expect(settled).to_be_visible()
    standing = [bench.locator(".opened__state") for bench in benches]
    won = [await each.filter(has_text="由你接待").count() for each in standing]
    assert sorted(won) == [0, 1]
    loser = benches[won.index(0)]
    await expect(field(loser)).to_have_count(0)
    await expect(loser.locator("#tab-unassigned .tab__count")).to_have_count(0)


_SETTLED = re.compile("由你接待|可能已由同事接待")
_CLAIM = "document.querySelector('.looking button')?.click()"


async def test_a_customer_never_receives_a_note_nor_a_hint_of_it(
    browsing: Browsing, shop: Shop
) -> None:
    await shop.asks(await shop.person("mei"))
    bench = await shop.workbench()
    await claim(bench)
    phone = await (await browsing.context(device="phone")).new_page()
    frames: list[str] = []
    phone.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))),
    )
    await phone.goto(shop.address("mei", "customer", "陈小美"))
    await phone.locator(".conversation").click()
    await bench.keyboard.press("Alt+n")
    await write(bench, "她上次退过货 secret-note")
    note = said(bench).filter(has_text="secret-note")
    await expect(note.locator(".ticks--sent")).to_be_visible()
    await expect(bench.locator(".beside__label")).to_have_text("内部备注，顾客不可见")
    await bench.keyboard.press("Alt+n")
    await write(bench, "您好")
    await expect(said(phone).last).to_contain_text("您好")
    await phone.reload()
    await expect(said(phone).last).to_contain_text("您好")
    told = "\n".join(frames)
    assert "您好" in told
    assert not re.search(r"secret-note|\bnotes\b|notes_of\W+s", told)
    assert "secret-note" not in await phone.content()


async def test_the_keyboard_alone_finds_answers_notes_edits_and_goes_on(
    browsing: Browsing, shop: Shop
) -> None:
    lin = await shop.person("lin", "consultant", "林晓燕")
    for shortcut, text in (("bye", "再见"), ("hi", "{customer}您好，我是{me}")):
        await lin.call("snippet.save", id=shortcut, shortcut=shortcut, text=text)
    for who, name in (("mei", "陈小美"), ("ting", "王婷婷")):
        served = await shop.asks(await shop.person(who, name=name))
        await lin.call("desk.claim", conversation=served)
    bench = await shop.workbench()
    keys = bench.keyboard
    await expect(bench.locator(".entry")).to_have_count(2)
    await keys.press("Control+k")
    await keys.type("小美")
    await expect(bench.locator(".found__one").first).to_contain_text("陈小美")
    await keys.press("Enter")
    await expect(field(bench)).to_be_focused()
    await keys.type("/h")
    await expect(bench.get_by_role("option")).to_have_count(1)
    await keys.press("Backspace")
    await expect(bench.get_by_role("option")).to_have_count(2)
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(field(bench)).to_have_value(re.compile("^陈小美您好，我是林晓燕"))
    await keys.press("Enter")
    await expect(said(bench).last).to_contain_text("陈小美您好，我是林晓燕")
    await expect(bench.locator(".ticks--sent, .ticks--delivered").last).to_be_visible()
    await keys.press("ArrowUp")
    await keys.type("！")
    await keys.press("Enter")
    await expect(said(bench).last).to_contain_text("已编辑")
    await keys.press("Control+/")
    await expect(bench.get_by_role("dialog")).to_be_visible()
    await keys.press("Escape")
    await expect(bench.get_by_role("dialog")).to_have_count(0)
    await keys.press("Control+k")
    await keys.press("Escape")
    await expect(bench.locator(".entry")).to_have_count(2)
    await keys.press("Alt+j")
    await expect(bench.locator(".opened h2")).to_have_text("王婷婷")
    for key in ("Alt+k", "Alt+k", "Alt+j", "Alt+k"):
        await keys.press(key)
    await expect(bench.locator(".opened h2")).to_have_text("陈小美")


async def test_nothing_that_anybody_wrote_runs_or_becomes_markup(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei", name=HOSTILE)
    lin = await shop.person("lin", "consultant", HOSTILE)
    served = await shop.asks(mei, HOSTILE)
    await lin.call("desk.claim", conversation=served)
    await lin.call("customer.tag", user=browsing.name("mei"), tags=[HOSTILE[:32]])
    await lin.call("snippet.save", id="x", shortcut="x", title=HOSTILE, text=HOSTILE)
    notes = await lin.call("conversation.notes", conversation=served)
    await lin.send(notes["conversation"]["id"], HOSTILE)
    await lin.call("conversation.open", kind="group", title=HOSTILE)
    product = {"id": "x", "title": HOSTILE, "price": HOSTILE[:32], "url": "http://[x"}
    page = {"url": "https://shop.example/?<script>", "title": HOSTILE}
    await mei.call("context.update", page=page, product={**product, "url": page["url"]})
    bench = await shop.workbench(name=HOSTILE)
    await bench.locator(".entry").click()
    await expect(said(bench).filter(has_text="onerror")).to_have_count(2)
    await expect(bench.locator(".tags__tag")).to_have_text(HOSTILE[:32])
    await expect(bench.locator(".looks__title")).to_have_text(HOSTILE)
    await field(bench).press_sequentially("/x")
    await expect(bench.get_by_role("option")).to_contain_text("onerror")
    await bench.keyboard.press("Escape")
    await bench.locator(".inboxes__bar .icon-button").first.click()
    await expect(bench.get_by_role("dialog")).to_contain_text("onerror")
    await bench.keyboard.press("Escape")
    await bench.locator("#tab-rooms").click()
    await bench.locator(".entry").click()
    await expect(bench.locator(".opened h2")).to_have_text(HOSTILE)
    assert await bench.evaluate("window.broken") is None
    assert await bench.locator("img, script[src='x']").count() == 0


async def test_what_is_written_before_the_notes_are_there_is_no_reply(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei")
    served = await shop.asks(mei)
    lin = await shop.person("lin", "consultant", "林晓燕")
    await lin.call("desk.claim", conversation=served)
    bench = await (await browsing.context()).new_page()
    slow = Held('["conversation.notes"')
    await slow.play(bench)
    await bench.goto(shop.address("lin", "consultant", "林晓燕"))
    await bench.locator(".entry").click()
    await expect(field(bench)).to_be_visible()
    await bench.keyboard.press("Alt+n")
    await expect(bench.locator(".reply--note")).to_be_visible()
    await expect(field(bench)).to_have_count(0)
    await bench.keyboard.type("not for her")
    await bench.keyboard.press("Enter")
    slow.let_go()
    await write(bench, "a note")
    await expect(said(bench).last).to_contain_text("a note")
    heard = await mei.call("history.get", conversation=served, after=0, limit=100)
    assert [each["sender"] for each in heard["messages"] if each["kind"] == "text"] == [
        browsing.name("mei")
    ]


async def test_the_whole_workbench_is_no_barrier_to_anybody(browsing: Browsing, shop: Shop) -> None:
    served = await shop.asks(await shop.person("mei"))
    lin = await shop.person("lin", "consultant", "林晓燕")
    await lin.call("desk.claim", conversation=served)
    await lin.call("snippet.save", id="hi", shortcut="hi", text="您好")
    await lin.call("customer.tag", user=browsing.name("mei"), tags=["母乳"])
    bench = await shop.workbench(language="en")
    await bench.locator(".entry").click()
    await bench.keyboard.press("Alt+n")
    await write(bench, "a note")
    await expect(said(bench).last).to_contain_text("a note")
    await expect(bench.locator(".bubble-row--mine")).to_have_count(1)
    for at, theme in enumerate(THEMES):
        await browsing.turn(bench, theme)
        assert not await browsing.barriers(bench), theme
        await bench.locator(".inboxes__bar .icon-button").nth(at).click()
        await expect(bench.get_by_role("dialog")).to_be_visible()
        assert not await browsing.barriers(bench), theme
        await bench.keyboard.press("Escape")
    await browsing.keep(bench, "workbench-light-en")


async def test_of_300_conversations_few_are_drawn_and_all_can_be_scrolled_to(
    browsing: Browsing, shop: Shop
) -> None:
    bench = await (await browsing.context()).new_page()
    await PretendedCustomers(CUSTOMERS).play(bench)
    await bench.goto(shop.address("lin", "consultant", "林顾问"))
    await expect(bench.locator("#tab-mine .tab__count")).to_have_text(str(CUSTOMERS))
    rows = bench.locator(".entry__title")
    seen: set[str] = set()
    while (end := f"顾客{CUSTOMERS - 1}") not in seen:
        drawn = await rows.all_inner_texts()
        assert 0 < len(drawn) < DRAWN_MAX
        seen.update(drawn)
        await bench.locator(".fixed-list").evaluate("(list) => list.scrollBy(0, list.clientHeight)")
        if end not in drawn:
            await expect(rows.last).not_to_have_text(drawn[-1])
    assert len(seen) == CUSTOMERS


# A desktop that shows nothing and keeps what it was to show; its user looks at another window.
_DESKTOP = """
window.shown = []
window.Notification = class {
    static permission = "default"
    static async requestPermission() { return (this.permission = "granted") }
    constructor(title, { body }) { window.shown.push(this); this.text = `${title}: ${body}` }
    close() { this.closed = true }
}
document.hasFocus = () => false
"""


async def test_who_looks_elsewhere_is_notified_and_a_click_opens_the_conversation(
    browsing: Browsing, shop: Shop
) -> None:
    mei = await shop.person("mei")
    conversation = await shop.asks(mei)
    context = await browsing.context(language="zh")
    await context.add_init_script(_DESKTOP)
    bench = await context.new_page()
    await bench.goto(shop.address("lin", "consultant", "林晓燕"))
    await claim(bench)
    await bench.get_by_role("button", name="设置").click()
    choice = bench.get_by_role("group", name="桌面通知").get_by_role("button")
    await expect(choice).to_have_attribute("aria-pressed", "false")
    await choice.click()
    await expect(choice).to_have_attribute("aria-pressed", "true")
    await bench.keyboard.press("Escape")
    await bench.goto(f"{browsing.url}/workbench#")
    await mei.send(conversation, "还在吗？")
    await comes_true(bench, "window.shown.length === 1")
    assert await bench.evaluate("shown[0].text") == "陈小美: 还在吗？"
    await bench.evaluate("shown[0].onclick()")
    await expect(said(bench).last).to_contain_text("还在吗？")
    assert await bench.evaluate("shown[0].closed")
