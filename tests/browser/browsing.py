"""People who open the pages in a real browser, and what the browser complains of meanwhile."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from loadtest.bench.pages.chromium import found
from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import eventually, token

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = ROOT / "clients" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 60_000  # only what fails waits so long

Device = Literal["phone", "desktop"]
Theme = Literal["light", "dark"]
Language = Literal["zh", "en"]

DEVICES: dict[Device, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2,
        "is_mobile": True, "has_touch": True,
    },
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}  # fmt: skip
LOCALES: dict[Language, str] = {"zh": "zh-CN", "en": "en-GB"}

# what matters to somebody who cannot see or point, by axe's own judgement
_AXE = """async () => {
    const { violations } = await axe.run(document, { iframes: false })
    return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) =>
            nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`))
}"""

_IS_DRAWN_IN = """(theme) => matchMedia(`(prefers-color-scheme: ${theme})`).matches
    && new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 50, true)))"""


async def comes_true(page: Page, expression: str, argument: object = None) -> None:
    """Wait until JavaScript says so. (Where a page must not use `eval`, Playwright's own
    `wait_for_function` works only when it is true at once.)"""
    await eventually(lambda: page.evaluate(expression, argument), expression)


def chromium() -> str:
    """The browser of this machine; without one a test fails, or is left out where that is meant."""
    if os.environ.get("CHAT_TEST_BROWSER") == "no":
        pytest.skip("CHAT_TEST_BROWSER=no")
    program = found()
    if program is None:
        pytest.fail(
            "There is no Chromium: install it (on Debian: apt-get install chromium "
            "fonts-noto-cjk), or leave these tests out with CHAT_TEST_BROWSER=no."
        )
    return program


def said(page: Page) -> Locator:
    """The messages in the page, in order."""
    return page.locator("[role=log] article")


def field(page: Page) -> Locator:
    """Where messages are written."""
    return page.locator("textarea")


async def write(page: Page, text: str) -> None:
    """Write a message and send it."""
    await field(page).fill(text)
    await field(page).press("Enter")
    await expect(field(page)).to_have_value("")


class Browsing:
    """The browsers of the people of one test; what goes wrong on a page fails it at its end."""

    def __init__(self, browser: Browser, server: ChatServer, suffix: str) -> None:
        """`suffix` makes names that only this test has."""
        self._browser = browser
        self._server = server
        self._suffix = suffix
        self._forgiven: list[re.Pattern[str]] = []
        self._complaints: list[str] = []
        self._contexts: list[BrowserContext] = []

    @property
    def url(self) -> str:
        """Where the server is."""
        return self._server.url

    def name(self, who: str) -> str:
        """A user id for somebody new to the server."""
        return f"{who}-{self._suffix}"

    def as_new(self, who: str, role: str = "customer", path: str = "/", **claims: Any) -> str:
        """The address at which somebody new is logged in, as a shop's own back end would link."""
        return f"{path}#token={token(self.name(who), role, **claims)}"

    def forgive(self, pattern: str) -> None:
        """Complaints like this are meant to come in this test."""
        self._forgiven.append(re.compile(pattern))

    async def context(
        self, *, device: Device = "desktop", theme: Theme = "light", language: Language = "zh"
    ) -> BrowserContext:
        """A browser of its own, with nothing kept in it; all its pages are listened to."""
        context = await self._browser.new_context(
            base_url=self.url, color_scheme=theme, locale=LOCALES[language],
            timezone_id="Asia/Shanghai", reduced_motion="reduce", **DEVICES[device],
        )  # fmt: skip
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self._complaints.append(f"error: {error.error}"))
        return context

    async def open(
        self,
        path: str,
        *,
        device: Device = "desktop",
        theme: Theme = "light",
        language: Language = "zh",
    ) -> Page:
        """A page of the server in a browser of its own."""
        context = await self.context(device=device, theme=theme, language=language)
        page = await context.new_page()
        await page.goto(path)
        return page

    async def turn(self, page: Page, theme: Theme) -> None:
        """The system turns light or dark while the page is open; gives once it is drawn so."""
        await page.emulate_media(color_scheme=theme)
        await comes_true(page, _IS_DRAWN_IN, theme)

    async def keep(self, page: Page, name: str) -> None:
        """Keep a picture of the page in build/screenshots."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / f"{name}.png")

    async def keep_all(self, name: str) -> None:
        """Keep pictures of all pages that are open."""
        pages = [page for context in self._contexts for page in context.pages]
        for number, page in enumerate(pages, 1):
            await self.keep(page, f"{name}-{number}")

    async def require_no_barrier(self, page: Page) -> None:
        """Fail with all that is found."""
        found = await self.barriers(page)
        assert not found, "\n\n".join(found)

    async def barriers(self, page: Page) -> list[str]:
        """What axe finds serious or critical, on the page and in its frames."""
        if not AXE.is_file():
            pytest.fail("axe-core is not installed: run make setup.")
        found: list[str] = []
        for frame in page.frames:
            await frame.evaluate(AXE.read_text("utf-8"))
            found += await frame.evaluate(_AXE)
        return found

    async def close(self) -> list[str]:
        """Close all browsers; what was complained of and not forgiven."""
        for context in self._contexts:
            await context.close()
        return [
            each
            for each in self._complaints
            if not any(pattern.search(each) for pattern in self._forgiven)
        ]

    def _heard(self, said: ConsoleMessage) -> None:
        """Errors, among them whatever a content security policy forbade."""
        if said.type == "error":
            self._complaints.append(f"console of {said.location.get('url', '')}: {said.text}")
