"""The chat on a shop's own pages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import FrameLocator, Locator, Page, expect

from loadtest.faults.people import Person, eventually, token
from tests.browser.browsing import Browsing, comes_true
from tests.browser.shop_site import SHOP, ShopSite

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENGLISH = json.dumps({"language": "en"})


def button(page: Page) -> Locator:
    """What opens and closes the chat, on the shop's page."""
    return page.locator("chat-widget button")


def chat(page: Page) -> FrameLocator:
    """The chat within."""
    return page.frame_locator("chat-widget iframe")


class Consultant(Person):
    """A consultant of the shop, at work somewhere else."""

    def __init__(self, url: str, user: str) -> None:
        super().__init__(url, user, role="consultant")
        self.token = token(user, "consultant", name="Lin", shop=SHOP)

    async def takes(self, customer: str) -> str:
        """Take on what the customer asked; the conversation."""

        async def asked() -> list[str]:
            waiting = (await self.ask("desk.list", view="unassigned"))["conversations"]
            return [
                talk["id"] for talk in waiting if talk["room"]["service"]["customer"] == customer
            ]

        (talk,) = await eventually(asked, f"{customer} waits at the desk")
        await self.ask("desk.claim", conversation=talk)
        return str(talk)

    async def sees_product(self, customer: str) -> dict[str, Any]:
        """The product that the customer looks at, once there is one."""

        async def shown() -> dict[str, Any] | None:
            panel = (await self.ask("customer.get", user=customer))["customer"]
            return (panel["context"] or {}).get("product")

        return dict(await eventually(shown, f"{customer} looks at a product"))


@pytest_asyncio.fixture(loop_scope="session")
async def lin(browsing: Browsing) -> AsyncIterator[Consultant]:
    """Somebody who answers."""
    lin = Consultant(browsing.url, browsing.name("lin"))
    await lin.connect()
    yield lin
    await lin.close()


@pytest_asyncio.fixture(loop_scope="session")
async def talk(browsing: Browsing, lin: Consultant) -> str:
    """What mei asked the shop before, from her phone; lin serves her."""
    mei = Person(browsing.url, browsing.name("mei"))
    mei.token = token(mei.user, shop=SHOP)
    await mei.connect()
    opened = await mei.ask("conversation.open", kind="service")
    await mei.say(opened["conversation"]["id"], "Hello?")
    await mei.close()
    return await lin.takes(mei.user)


async def visit(browsing: Browsing, site: ShopSite, settings: str = ENGLISH, **looks: str) -> Page:
    """A customer comes to the shop's site."""
    context = await browsing.context(**looks)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(site.page(browsing.url, browsing.name("mei"), settings=settings))
    await expect(button(page)).to_be_visible()
    return page


async def test_a_customer_talks_with_the_shop_which_sees_what_page_she_is_on(
    browsing: Browsing, shop_site: ShopSite, lin: Consultant
) -> None:
    page = await visit(browsing, shop_site)
    assert len(page.frames) == 1, "nothing of the chat is loaded before it is wanted"
    await button(page).click()
    field = chat(page).get_by_role("textbox")
    await expect(field).to_be_focused()
    await field.fill("Do these fit other teats?")
    await field.press("Enter")
    room = await lin.takes(browsing.name("mei"))
    answer = await lin.say(room, "Which ones?")
    await expect(chat(page).get_by_role("log")).to_contain_text("Which ones?")
    await browsing.require_no_barrier(page)
    await browsing.keep(page, "widget-desktop")

    await field.press("Escape")
    await expect(button(page)).to_be_focused()
    await expect(button(page)).to_have_attribute("aria-expanded", "false")
    answer = await lin.say(room, "All of them do.")
    await expect(button(page)).to_have_accessible_name("Open the chat, 1 unread")
    await page.goto(shop_site.page(browsing.url, browsing.name("mei"), "/teats", ENGLISH))
    seen = await lin.sees("context", user=browsing.name("mei"))
    assert seen["context"]["page"] == {"url": page.url, "title": "Bottles"}
    await expect(button(page)).to_have_accessible_name("Open the chat, 1 unread")
    assert not lin.seen("read", user=browsing.name("mei"), seq=answer["seq"]), "nobody looked"
    await button(page).press("Enter")
    await lin.sees("read", user=browsing.name("mei"), seq=answer["seq"])
    await expect(button(page)).to_have_accessible_name("Close the chat")

    product = {"id": "b1", "title": "Glass bottle", "price": "€12"}
    await page.evaluate("(product) => chatWidget.setContext({ product })", product)
    assert product.items() <= (await lin.sees_product(browsing.name("mei"))).items()


async def test_on_a_phone_the_chat_covers_the_page_in_the_shops_colours(
    browsing: Browsing, shop_site: ShopSite, lin: Consultant, talk: str
) -> None:
    await lin.say(talk, "早上好")
    looks = json.dumps({"language": "zh", "theme": "dark", "accent": "#8a4b6b", "position": "left"})
    page = await visit(browsing, shop_site, looks, device="phone")
    box = await button(page).bounding_box()
    assert box is not None
    assert box["x"] < 100
    await browsing.keep(page, "widget-phone-closed")
    await button(page).tap()
    await expect(button(page)).to_be_hidden()
    await expect(chat(page).get_by_role("log")).to_contain_text("早上好")
    size = await page.locator("chat-widget iframe").bounding_box()
    assert size == {"x": 0, "y": 0, "width": 390, "height": 844}
    field = chat(page).get_by_role("textbox")
    accent = "getComputedStyle(document.documentElement).getPropertyValue('--accent-fill')"
    assert await field.evaluate(accent) == "#8a4b6b"
    await browsing.keep(page, "widget-phone")
    # an emulated tap goes to a wrong place in a frame of another site at times
    await chat(page).get_by_role("button", name="关闭聊天").dispatch_event("click")
    await expect(button(page)).to_be_visible()


async def test_a_page_can_show_and_hide_the_chat_and_hear_of_unread_messages(
    browsing: Browsing, shop_site: ShopSite, lin: Consultant, talk: str
) -> None:
    await lin.say(talk, "Good morning!")
    page = await visit(browsing, shop_site)
    await page.evaluate(
        "window.heard = []; void chatWidget.onUnreadCountChange((count) => heard.push(count))"
    )
    await comes_true(page, "heard.at(-1) === 1")
    # what other windows say counts for nothing, also where it looks right
    await page.evaluate("postMessage({ chat: 'unread', count: 99 }, '*')")
    await lin.say(talk, "Are you there?")
    await comes_true(page, "heard.at(-1) === 2")
    assert 99 not in await page.evaluate("heard")
    await page.evaluate("chatWidget.show()")
    await comes_true(page, "heard.at(-1) === 0")
    await page.evaluate("chatWidget.hide()")
    await expect(page.locator("chat-widget iframe")).to_be_hidden()
    await page.evaluate("chatWidget.shutdown()")
    await expect(page.locator("chat-widget")).to_have_count(0)
    await eventually(lambda: len(page.frames) == 1, "the frame is gone")
    browsing.forgive("^error: logged out$")
    out = "() => { throw Error('logged out') }"
    await page.evaluate(f"chatWidget.boot({{ language: 'en', token: {out} }})")
    await button(page).click()
    await expect(chat(page).get_by_text("Please open the chat from the shop's")).to_be_visible()


async def test_of_several_tabs_the_one_used_last_has_the_chat(
    browsing: Browsing, shop_site: ShopSite, lin: Consultant, talk: str
) -> None:
    await lin.say(talk, "Good morning!")
    first = await visit(browsing, shop_site)
    await button(first).click()
    await expect(chat(first).get_by_role("log")).to_contain_text("Good morning!")
    second = await first.context.new_page()
    await second.goto(shop_site.page(browsing.url, browsing.name("mei"), settings=ENGLISH))
    for page, words in ((second, "from the second"), (first, "from the first")):
        await button(page).click()
        field = chat(page).get_by_role("textbox")
        await field.fill(words)
        await field.press("Enter")
        await lin.sees("message", conversation=talk, body={"text": words})
    await expect(button(second)).to_have_attribute("aria-expanded", "false")
    await button(first).click()
    await lin.say(talk, "Still there?")
    await expect(button(second)).to_have_accessible_name("Open the chat, 1 unread")


async def test_a_page_of_an_origin_that_may_not_connect_shows_no_chat(
    browsing: Browsing, other_site: ShopSite
) -> None:
    browsing.forgive("frame-ancestors")
    page = await visit(browsing, other_site)
    told = "window.told = []; addEventListener('message', ({ origin }) => told.push(origin))"
    await page.evaluate(told)
    async with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        await button(page).click()
    assert await page.evaluate("told") == []
