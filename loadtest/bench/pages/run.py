"""How much the pages load, how soon they show a message, what they keep, and how they scroll.

Everything is real: the built pages, a node over a MongoDB and a Valkey of its own, Chromium at the
size of a phone. Nothing is kept from one visit to the next.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from rich.table import Table

from chatserver.api.pages import BUILT
from loadtest.bench.machine import described
from loadtest.bench.pages.chromium import FLAGS, found
from loadtest.bench.seed import Seed
from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import token
from loadtest.faults.stage import databases
from loadtest.swarm.failed import Failed

DATABASE = "bench_pages"
ME, LONG = "mei", "lin"
PHONE = ViewportSize(width=390, height=844)
PAGES = {"customer page": "index.html", "workbench": "workbench.html", "widget": "widget.html"}
LOADED = re.compile(r"""["'](?:/?assets/|\./)([\w.-]+\.(?:js|css))["']""")  # by HTML or by a script
WITHIN_MS = 60_000
SETTLES_S = 2.0

# the list is moved by so many pixels in each frame; older messages are fetched on the way
SCROLL = """async ([step, frames]) => {
    const log = document.querySelector("[role=log]")
    const begun = performance.now()
    for (let frame = 0; frame < frames; frame++) {
        await new Promise(requestAnimationFrame)
        log.scrollTop -= step
    }
    return (1000 * frames) / (performance.now() - begun)
}"""


class Plan(Struct, frozen=True, kw_only=True):
    """Sizes."""

    conversations: int = 200
    history: int = 20  # messages in each
    long: int = 20_000  # messages in one more
    visits: int = 5
    steps: tuple[int, ...] = (40, 150, 400)  # pixels in a frame
    frames: int = 240


class Figure(Struct, frozen=True):
    """One thing that was measured."""

    what: str
    unit: str
    value: float


def run(plan: Plan) -> list[Figure]:
    """Measure all of it.

    Raises:
        Failed: the pages are not built, or there is no Chromium.
    """
    if not (BUILT / "index.html").is_file():
        raise Failed("the pages are not built: run make pages")
    program = found()
    if program is None:
        raise Failed("there is no Chromium; on Debian: apt-get install chromium fonts-noto-cjk")
    with _server(plan) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            visited = [*_visits(browser, url, plan), *_scrolling(browser, url, plan)]
        finally:
            browser.close()
    return [*sizes(BUILT), *visited]


def table(figures: Iterable[Figure]) -> Table:
    """What the command prints."""
    made = Table(title=f"The pages in Chromium; {described()}", title_justify="left")
    for heading in ("", "", "median"):
        made.add_column(heading, justify="right" if heading else "left")
    for figure in figures:
        made.add_row(figure.what, figure.unit, f"{figure.value:,.1f}")
    return made


def sizes(built: Path) -> Iterator[Figure]:
    """What each page loads, with all that this loads in turn, packed as it is served."""
    for name, file in PAGES.items():
        yield Figure(f"{name} loads", "KB", sum(map(_packed, _parts(built, built / file))) / 1000)
    yield Figure("widget.js, in a shop's page", "KB", _packed(built / "widget.js") / 1000)


def _parts(built: Path, page: Path) -> set[Path]:
    parts, found_ = set[Path](), [page]
    while found_:
        part = found_.pop()
        if part not in parts and part.is_file():
            parts.add(part)
            found_ += [built / "assets" / name for name in LOADED.findall(part.read_text("utf-8"))]
    return parts


def _packed(file: Path) -> int:
    packed = file.with_name(file.name + ".gz")
    return (packed if packed.is_file() else file).stat().st_size


@contextmanager
def _server(plan: Plan) -> Iterator[str]:
    path = Path(tempfile.mkdtemp(prefix="chatserver-pages-"))
    try:
        with databases(path / "databases", members=1) as found_:
            asyncio.run(_seed(plan).store(found_.mongo.url, DATABASE))
            node = ChatServer(path / "node", {
                "CHAT_MONGO_URL": found_.mongo.url, "CHAT_REDIS_URL": found_.valkey.url,
                "CHAT_MONGO_DATABASE": DATABASE,
            })  # fmt: skip
            try:
                node.start()
                yield node.url
            finally:
                node.stop()
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _seed(plan: Plan) -> Seed:
    seed = Seed()
    others = [f"other-{number}" for number in range(plan.conversations)]
    seed.people([ME, LONG, *others])
    for other in others:
        seed.direct(other, ME, history=plan.history)
    seed.direct(LONG, ME, history=plan.long)
    return seed


def _visits(browser: Browser, url: str, plan: Plan) -> Iterator[Figure]:
    lists, messages, kept = [], [], []
    for _ in range(plan.visits):
        began = time.perf_counter()
        page = _opened(browser, url)
        lists.append(time.perf_counter() - began)
        page.locator(".conversation", has_text=LONG).click()
        page.locator("[role=log] article").first.wait_for(timeout=WITHIN_MS)
        messages.append(time.perf_counter() - began)
        time.sleep(SETTLES_S)
        kept.append(_heap_mb(page))
        page.context.close()
    yield Figure("cold, until the conversations show", "ms", 1000 * statistics.median(lists))
    yield Figure("cold, until a message shows", "ms", 1000 * statistics.median(messages))
    what = f"heap of a tab, {plan.conversations} conversations"
    yield Figure(what, "MB", statistics.median(kept))


def _scrolling(browser: Browser, url: str, plan: Plan) -> Iterator[Figure]:
    page = _opened(browser, url)
    page.locator(".conversation", has_text=LONG).click()
    page.locator("[role=log] article").first.wait_for(timeout=WITHIN_MS)
    for step in plan.steps:
        rate = page.evaluate(SCROLL, [step, plan.frames])
        what = f"{plan.long:,} messages, scrolled by {step} px in a frame"
        yield Figure(what, "frames/s", float(rate))
    page.context.close()


def _opened(browser: Browser, url: str) -> Page:
    """The customer page of a phone that never was here, with its conversations."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN", service_workers="block")
    page = context.new_page()
    page.goto(f"{url}/#token={token(ME)}", wait_until="commit")
    page.locator(".conversation").first.wait_for(timeout=WITHIN_MS)
    return page


def _heap_mb(page: Page) -> float:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    devtools.send("HeapProfiler.collectGarbage")
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    used = next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize")
    return float(used) / 1e6
