"""Previews of links: the server says what a page says of itself, not the sender."""

from __future__ import annotations

from typing import Any

import pytest

from chatserver.providers.web import NotFetched, Page
from tests.integration.services.conftest import StartNode
from tests.integration.services.desk import Shop, make_shop, shop
from tests.integration.services.rooms import refused
from tests.integration.services.test_cards import put

__all__ = ["shop"]

pytestmark = pytest.mark.asyncio

URL = "https://shop.example/p/82"
PAGE = '<title>润肤霜 微信</title><meta property="og:site_name" content="暖芽">'.encode()


class PretendedWeb:
    """Pages by their address."""

    def __init__(self, **pages: bytes) -> None:
        self.pages = {URL: PAGE, **pages}
        self.fetched: list[str] = []

    async def page(self, url: str) -> Page:
        self.fetched.append(url)
        if url not in self.pages:
            raise NotFetched("no such page")
        return Page(self.pages[url], "utf-8")


async def with_web(start_node: StartNode) -> tuple[Shop, PretendedWeb]:
    shop, pages = await make_shop(start_node, link_previews=True), PretendedWeb()
    for node in shop.nodes:
        node.services.previews._web = pages
    return shop, pages


async def preview(device: Any, url: str = URL) -> Any:
    return (await device.call("link.preview", {"url": url}))["preview"]


async def test_without_the_setting_nothing_is_fetched(shop: Shop) -> None:
    assert (await refused(shop.mei, "link.preview", url=URL))["code"] == "unsupported"
    id_ = await shop.mei.open("lin")
    await put(shop.mei, id_, "link", {"url": URL})
    assert shop.lin.told("message")[0]["body"] == {"url": URL, "host": "shop.example"}


async def test_a_link_carries_what_the_server_read_and_whoever_gets_it_asks_nobody(
    start_node: StartNode,
) -> None:
    shop, pages = await with_web(start_node)
    shown = await preview(shop.mei, "https://Shop.example/p/82")
    assert shown == {
        "url": URL, "host": "shop.example", "title": "润肤霜 微信", "description": "",
        "site": "暖芽",
    }  # fmt: skip
    id_ = await shop.lin.open("mei")  # on the other node
    answer = await put(shop.lin, id_, "link", {"url": URL, "title": "forged", "text": "看"})
    told = shop.mei.told("message")[0]["body"]
    assert told == answer["body"] == {
        "url": URL, "host": "shop.example", "title": "润肤霜 微信", "site": "暖芽", "text": "看",
    }  # fmt: skip
    assert pages.fetched == [URL]


async def test_a_link_without_a_preview_is_sent_without_one(start_node: StartNode) -> None:
    shop, pages = await with_web(start_node)
    id_ = await shop.mei.open("lin")
    await put(shop.mei, id_, "link", {"url": URL, "title": "forged"})
    assert shop.lin.told("message")[0]["body"] == {"url": URL, "host": "shop.example"}
    assert pages.fetched == []


async def test_a_retry_is_the_same_message_though_the_page_is_known_by_then(
    start_node: StartNode,
) -> None:
    shop, _ = await with_web(start_node)
    id_ = await shop.mei.open("lin")
    call = {"conversation": id_, "client_id": "c", "kind": "link", "body": {"url": URL}}
    first = await shop.mei.call("message.send", call)
    await preview(shop.mei)
    again = await shop.mei.call("message.send", {**call, "retry": True})
    assert again == {**first, "duplicate": True}


async def test_what_a_page_says_goes_through_the_filters(start_node: StartNode) -> None:
    shop, _ = await with_web(start_node)
    await preview(shop.mei)
    rule = {"rule": "ads", "action": "mask", "words": ["微信"]}
    await shop.wang.call("filter.set", rule)
    for node in shop.nodes:
        await node.services.filters.catch_up()
    id_ = await shop.mei.call("conversation.open", {"kind": "service"})
    await shop.mei.say(id_["conversation"]["id"])
    await put(shop.mei, id_["conversation"]["id"], "link", {"url": URL})
    page = await shop.mei.call("history.get", {"conversation": id_["conversation"]["id"]})
    assert page["messages"][-1]["body"]["title"] == "润肤霜 **"


@pytest.mark.parametrize("url", ["https://shop.example/none", "https://shop.example/untitled"])
async def test_why_there_is_no_preview_nobody_learns(start_node: StartNode, url: str) -> None:
    shop, pages = await with_web(start_node)
    pages.pages["https://shop.example/untitled"] = b"<p>x"
    assert await refused(shop.mei, "link.preview", url=url) == {
        "code": "not_found", "message": "There is no page to show",
    }  # fmt: skip


@pytest.mark.parametrize("url", ["http://shop.example/", "https://127.0.0.1/", "https://x.local/"])
async def test_only_what_could_be_sent_is_fetched(start_node: StartNode, url: str) -> None:
    shop, pages = await with_web(start_node)
    assert (await refused(shop.mei, "link.preview", url=url))["path"] == "url"
    assert pages.fetched == []


async def test_fetching_has_a_rate_and_what_is_known_costs_nothing(start_node: StartNode) -> None:
    shop, pages = await with_web(start_node)
    for _ in range(10):
        await preview(shop.mei)
    codes = {
        (await refused(shop.mei, "link.preview", url=f"https://shop.example/{number}"))["code"]
        for number in range(20)
    }
    assert codes == {"not_found", "rate_limited"}
    assert len(pages.fetched) < 20
