"""A shop of its own for one test, with its people: some at a browser, some without one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from chatclient import ChatClient, Device
from playwright.async_api import Page, expect

from loadtest.faults.people import eventually, token
from tests.browser.browsing import Browsing, field


class Shop:
    """A shop of its own for one test, with its people."""

    def __init__(self, browsing: Browsing, stack: AsyncExitStack) -> None:
        self._browsing = browsing
        self._stack = stack
        self._id = browsing.name("shop")

    def address(self, who: str, role: str, name: str) -> str:
        """Where somebody of the shop works, or asks."""
        path = "/" if role == "customer" else "/workbench"
        return self._browsing.as_new(who, role, path, name=name, shop=self._id)

    async def workbench(self, who: str = "lin", name: str = "林晓燕", **looks: Any) -> Page:
        """A consultant's workbench, open and connected."""
        page = await self._browsing.open(self.address(who, "consultant", name), **looks)
        await expect(page.locator(".inboxes__me p")).to_have_text(name)
        return page

    async def person(self, who: str, role: str = "customer", name: str = "陈小美") -> ChatClient:
        """Somebody without a browser, connected."""
        user = self._browsing.name(who)
        made = token(user, role, name=name, shop=self._id)
        device = Device(f"{user}-till", platform="desktop")
        chat = ChatClient(self._browsing.url, token=made, device=device)
        await self._stack.enter_async_context(chat)
        await chat.ready()
        return chat

    async def asks(self, customer: ChatClient, text: str = "今天几点关门？") -> str:
        """A customer asks the shop; gives the conversation."""
        opened = await customer.call("conversation.open", kind="service")
        conversation = str(opened["conversation"]["id"])
        await customer.send(conversation, text)
        return conversation


async def look(page: Page) -> None:
    """Open the one who waits for anybody."""
    await page.locator("#tab-unassigned").click()
    await page.locator(".entry").click()


async def claim(page: Page) -> None:
    """Take on the one who waits for anybody."""
    await look(page)
    await page.locator(".looking button").click()
    await expect(field(page)).to_be_visible()


async def indexed(chat: ChatClient, query: str) -> None:
    """What was said can be found."""

    async def is_found() -> bool:
        return bool((await chat.call("search.messages", query=query))["hits"])

    await eventually(is_found, f"{query} is found")
