"""The customer beside the chat: for whom, and what of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from structlog.testing import capture_logs

from chatserver.clock import now_ms
from chatserver.domain.customer import CONTEXT_KEPT_MS
from tests.integration.services.desk import Shop, desk, make_shop, shop
from tests.integration.services.rooms import refused

__all__ = ["shop"]

pytestmark = pytest.mark.asyncio

PAGE = {"url": "https://shop.example/p/82", "title": "婴儿润肤霜"}
PRODUCT = {
    "id": "82", "title": "婴儿润肤霜 200g", "price": "¥79.00", "image": "https://shop.example/82.jpg",
    "url": "https://shop.example/p/82",
}  # fmt: skip
KEYS = ("test:" + base64.b64encode(b"k" * 32).decode(),)


async def customer(device: Any, user: str = "mei") -> Any:
    return (await device.call("customer.get", {"user": user}))["customer"]


async def test_who_serves_a_customer_sees_who_they_are(shop: Shop) -> None:
    await shop.mei.call("profile.update", {"attributes": {"feeding": "母乳"}})
    talk = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", talk)
    found = await customer(shop.lin)
    assert (found["name"], found["shop"], found["tags"]) == ("Mei", "renmin", [])
    assert found["profile"]["attributes"] == {"feeding": "母乳"}
    assert [each["id"] for each in found["conversations"]] == [talk]
    assert found["conversations"][0]["room"]["service"]["assignee"] == "lin"


async def test_whoever_may_look_at_the_conversation_may_and_nobody_else(shop: Shop) -> None:
    assert (await refused(shop.lin, "customer.get", user="mei"))["code"] == "not_found"
    talk = await shop.asked(shop.mei)
    for name in ("lin", "ting", "wang"):
        assert (await customer(shop.devices[name]))["user"] == "mei"
    await desk(shop.lin, "claim", talk)
    unknown = await refused(shop.ting, "customer.get", user="nobody")
    for name in ("ting", "zhou", "hua", "fang", "mei", "bot", "boss"):
        for call, fields in (("customer.get", {}), ("customer.tag", {"tags": ["x"]})):
            answer = await refused(shop.devices[name], call, user="mei", **fields)
            assert answer == unknown, name


async def test_who_talks_to_a_customer_directly_sees_them_but_not_what_others_serve(
    shop: Shop,
) -> None:
    talk = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", talk)
    await shop.ting.open("mei")
    found = await customer(shop.ting)
    assert (found["name"], found["conversations"]) == ("Mei", [])


async def test_a_childs_birth_date_is_shown_as_age_and_only_with_consent(start_node: Any) -> None:
    shop = await make_shop(start_node, data_keys=KEYS)
    await shop.asked(shop.mei)
    await shop.mei.call("consent.give", {"purpose": "child_birth_date", "version": "1"})
    await shop.mei.call("profile.update", {"children": {"baby": "2026-08-01"}})
    child = (await customer(shop.lin))["profile"]["children"]["baby"]
    assert child.keys() == {"age_months"}
    await shop.mei.call("consent.withdraw", {"purpose": "child_birth_date"})
    assert (await customer(shop.lin))["profile"]["children"] == {}


async def test_who_read_whom_is_logged_without_what_was_read(shop: Shop) -> None:
    await shop.mei.call("profile.update", {"attributes": {"feeding": "SECRET"}})
    await shop.asked(shop.mei)
    with capture_logs() as lines:
        await customer(shop.lin)
    (line,) = [each for each in lines if each["event"] == "a customer was read"]
    assert (line["customer"], line["by"], line["shop"]) == ("mei", "lin", "renmin")
    assert "SECRET" not in str(lines)


async def test_tags_are_the_shops_and_each_is_there_once(shop: Shop) -> None:
    await shop.asked(shop.mei)
    answer = await shop.lin.call("customer.tag", {"user": "mei", "tags": ["VIP", "湿疹", "VIP "]})
    assert answer["tags"] == ["VIP", "湿疹"]
    assert (await customer(shop.wang))["tags"] == ["VIP", "湿疹"]
    await shop.wang.call("customer.tag", {"user": "mei", "tags": []})
    assert (await customer(shop.lin))["tags"] == []
    assert shop.mei.told("context") == shop.mei.told("desk") == []


async def test_who_serves_sees_what_the_customer_looks_at(shop: Shop) -> None:
    talk = await shop.asked(shop.mei)
    await shop.mei.call("context.update", {"page": PAGE})
    assert (await customer(shop.lin))["context"]["page"] == PAGE
    await desk(shop.lin, "claim", talk)
    shop.hush()
    await shop.mei.call("context.update", {"page": PAGE, "product": PRODUCT})
    (told,) = shop.lin.told("context")
    assert (told["user"], told["context"]["product"]) == ("mei", PRODUCT)
    assert (await customer(shop.lin))["context"] == told["context"]
    for name in ("ting", "wang", "fang", "mei", "zhou"):
        assert shop.devices[name].told("context") == []


async def test_after_it_is_settled_nobody_is_told_what_the_customer_looks_at(shop: Shop) -> None:
    talk = await shop.asked(shop.mei)
    await desk(shop.lin, "claim", talk)
    await desk(shop.lin, "resolve", talk)
    shop.hush()
    await shop.mei.call("context.update", {"page": PAGE})
    assert shop.lin.events == []


async def test_what_a_customer_looked_at_is_forgotten_after_a_day(shop: Shop) -> None:
    await shop.asked(shop.mei)
    await shop.mei.call("context.update", {"page": PAGE})
    customers = shop.nodes[0].kept.customers
    assert await customers.context("renmin", "mei", now_ms()) is not None
    assert await customers.context("renmin", "mei", now_ms() + CONTEXT_KEPT_MS) is None
    index = await customers._contexts.index_information()
    assert index["forget"]["expireAfterSeconds"] == 0


@pytest.mark.parametrize("who", ["lin", "bot"])
async def test_only_customers_say_what_they_look_at(shop: Shop, who: str) -> None:
    answer = await refused(shop.devices[who], "context.update", page=PAGE)
    assert answer["code"] == "forbidden"


async def test_looking_around_is_told_only_so_often(start_node: Any) -> None:
    shop = await make_shop(start_node, contexts_per_s=1)
    for _ in range(3):
        await shop.mei.call("context.update", {"page": PAGE})
    answer = await refused(shop.mei, "context.update", page=PAGE)
    assert answer["code"] == "rate_limited"
    assert answer["retry_after_ms"] > 0
