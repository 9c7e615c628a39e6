"""Cards, places, links and bodies of applications: what is sent, changed, tapped and carried on."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest

from chatserver.errors import ChatError
from tests.integration.services.desk import Shop, shop
from tests.integration.services.rooms import begin, history, refused

__all__ = ["shop"]

pytestmark = pytest.mark.asyncio

PRODUCT = {
    "type": "product", "id": "82", "title": "婴儿润肤霜 200g",
    "price": {"amount": 7900, "currency": "CNY"}, "url": "https://shop.example/p/82",
    "picture": {"url": "https://img.example/82.jpg"},
}  # fmt: skip
ORDER = {
    "type": "order", "id": "N-1", "title": "奶粉 2 罐", "status": "paid",
    "items": [{"title": "奶粉", "count": 2, "price": {"amount": 25800, "currency": "CNY"}}],
    "total": {"amount": 51600, "currency": "CNY"},
    "buttons": [
        {"id": "ask", "label": "催发货", "send": "请问什么时候发货？"},
        {"id": "cancel", "label": "取消", "action": "order.cancel", "value": "N-1"},
        {"id": "see", "label": "查看", "url": "https://shop.example/o/1"},
    ],
}  # fmt: skip
RATING = {"type": "rating", "id": "r-1", "title": "这次服务怎么样？"}


async def put(device: Any, conversation: str, kind: str, body: Any, **fields: Any) -> Any:
    """Send something that is no text; the acknowledgement."""
    payload = {
        "conversation": conversation, "client_id": secrets.token_hex(6), "kind": kind, "body": body,
    }  # fmt: skip
    return await device.call("message.send", {**payload, **fields})


async def tap(device: Any, conversation: str, seq: int, button: str, **fields: Any) -> Any:
    payload = {
        "conversation": conversation, "seq": seq, "button": button,
        "client_id": secrets.token_hex(6),
    }  # fmt: skip
    return await device.call("card.act", {**payload, **fields})


async def test_a_card_arrives_as_it_was_sent_without_what_it_does_not_know(shop: Shop) -> None:
    id_ = await shop.lin.open("mei")
    answer = await put(shop.lin, id_, "card", {**PRODUCT, "onclick": "alert(1)"})
    assert "body" in answer  # it is not what the device sent
    (told,) = shop.mei.told("message")
    assert (told["kind"], told["body"]) == ("card", PRODUCT)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (
            "location",
            {"latitude": 31.23, "longitude": 121.47, "datum": "gcj02", "name": "人民路店"},
        ),
        (
            "custom",
            {"type": "till.receipt", "text": "小票", "data": {"a.b": [1, {"é": None}], "": 0.5}},
        ),
        ("card", {"type": "contact", "name": "林晓燕", "user": "lin", "phone": "+86 21 5555"}),
    ],
)
async def test_other_kinds_arrive_as_they_were_sent(shop: Shop, kind: str, body: Any) -> None:
    id_ = await shop.mei.open("lin")
    assert "body" not in await put(shop.mei, id_, kind, body)
    assert shop.lin.told("message")[0]["body"] == body
    assert (await history(shop.lin, id_))[0]["body"] == body


async def test_a_link_names_its_host_as_it_is_looked_up(shop: Shop) -> None:
    id_ = await shop.mei.open("lin")
    body = {"url": "https://раураl.com/x", "title": "PayPal", "text": "看看"}
    answer = await put(shop.mei, id_, "link", body)
    assert answer["body"] == shop.lin.told("message")[0]["body"]
    assert answer["body"]["host"].startswith("xn--")
    assert "title" not in answer["body"]


@pytest.mark.parametrize("kind", ["system", "call", "void", "image"])
async def test_what_only_the_server_says_nobody_sends(shop: Shop, kind: str) -> None:
    id_ = await shop.mei.open("lin")
    fields = {"conversation": id_, "client_id": "c", "kind": kind, "body": {"text": "x"}}
    assert (await refused(shop.mei, "message.send", **fields))["code"] == "invalid"


@pytest.mark.parametrize("kind", ["order", "coupon", "appointment", "rating"])
async def test_what_a_shop_promises_comes_from_the_shop(shop: Shop, kind: str) -> None:
    id_ = await shop.mei.open("lin")
    body = {
        "order": ORDER, "rating": RATING,
        "coupon": {"type": "coupon", "id": "c", "title": "满减"},
        "appointment": {
            "type": "appointment", "id": "a", "title": "抚触课", "status": "proposed",
            "starts_at": 1,
        },
    }[kind]  # fmt: skip
    fields = {"conversation": id_, "client_id": "c", "kind": "card", "body": body}
    assert (await refused(shop.mei, "message.send", **fields))["code"] == "forbidden"
    assert (await put(shop.lin, id_, "card", body))["seq"] == 1


async def test_a_customers_card_has_no_buttons_that_speak_for_others(shop: Shop) -> None:
    id_ = await shop.mei.open("lin")
    body = {**PRODUCT, "buttons": ORDER["buttons"]}
    fields = {"conversation": id_, "client_id": "c", "kind": "card", "body": body}
    assert (await refused(shop.mei, "message.send", **fields))["code"] == "forbidden"
    await put(shop.mei, id_, "card", PRODUCT)
    edit = {"conversation": id_, "seq": 1, "body": body}
    assert (await refused(shop.mei, "message.edit", **edit))["code"] == "forbidden"


async def test_a_card_of_an_order_follows_the_order_and_no_other(shop: Shop) -> None:
    id_ = await shop.lin.open("mei")
    await put(shop.lin, id_, "card", ORDER)
    shipped = {**ORDER, "status": "shipped", "tracking": "SF123"}
    await shop.lin.call("message.edit", {"conversation": id_, "seq": 1, "body": shipped})
    assert shop.mei.told("change")[0]["body"]["status"] == "shipped"
    for other in ({**ORDER, "id": "N-2"}, PRODUCT):
        answer = await refused(shop.lin, "message.edit", conversation=id_, seq=1, body=other)
        assert answer["code"] == "forbidden"
    answer = await refused(shop.lin, "message.edit", conversation=id_, seq=1, body={"text": "x"})
    assert answer["code"] == "invalid"


async def test_what_was_forwarded_stays_as_it_was(shop: Shop) -> None:
    source = await shop.lin.open("mei")
    await put(shop.lin, source, "card", ORDER)
    target = await shop.mei.open("fang")
    call = {"conversation": target, "client_id": "f", "from": source, "seqs": [1]}
    await shop.mei.call("message.forward", call)
    (carried,) = await history(shop.fang, target)
    assert (carried["kind"], carried["body"]) == ("card", ORDER)
    edit = {"conversation": target, "seq": 1, "body": {**ORDER, "status": "refunded"}}
    assert (await refused(shop.mei, "message.edit", **edit))["code"] == "forbidden"


async def test_a_tap_says_what_the_button_says_in_reply_to_the_card(shop: Shop) -> None:
    id_ = await shop.lin.open("mei")
    await put(shop.lin, id_, "card", ORDER)
    await tap(shop.mei, id_, 1, "ask")
    await tap(shop.mei, id_, 1, "cancel")
    asked, cancelled = shop.lin.told("message")
    assert (asked["kind"], asked["body"], asked["reply_to"]) == (
        "text", {"text": "请问什么时候发货？"}, 1,
    )  # fmt: skip
    assert (cancelled["kind"], cancelled["sender"], cancelled["reply_to"]) == ("custom", "mei", 1)
    assert cancelled["body"] == {
        "type": "card.action", "text": "取消",
        "data": {"card": 1, "id": "N-1", "action": "order.cancel", "value": "N-1"},
    }  # fmt: skip


async def test_a_tap_is_stored_once_however_often_it_is_sent(shop: Shop) -> None:
    id_ = await shop.lin.open("mei")
    await put(shop.lin, id_, "card", ORDER)
    answers = [
        await tap(shop.mei, id_, 1, "cancel", client_id="once", retry=bool(again))
        for again in range(3)
    ]
    assert [each["seq"] for each in answers] == [2, 2, 2]
    assert [each.get("duplicate", False) for each in answers] == [False, True, True]


@pytest.mark.parametrize("button", ["see", "none", "rating"])
async def test_there_is_no_tap_on_what_is_no_button_of_the_card(shop: Shop, button: str) -> None:
    id_ = await shop.lin.open("mei")
    await put(shop.lin, id_, "card", ORDER)
    fields = {"conversation": id_, "seq": 1, "button": button, "client_id": "c"}
    assert (await refused(shop.mei, "card.act", **fields))["code"] == "not_found"


async def test_nobody_taps_on_cards_of_their_own_or_taken_back_or_not_theirs(shop: Shop) -> None:
    id_ = await shop.lin.open("mei")
    await put(shop.lin, id_, "card", ORDER)
    fields = {"conversation": id_, "seq": 1, "button": "ask", "client_id": "c"}
    assert (await refused(shop.lin, "card.act", **fields))["code"] == "forbidden"
    assert (await refused(shop.fang, "card.act", **fields))["code"] == "not_found"
    await shop.lin.call("message.recall", {"conversation": id_, "seq": 1})
    assert (await refused(shop.mei, "card.act", **fields))["code"] == "not_found"


async def test_everybody_rates_once_also_on_two_devices_at_once(shop: Shop) -> None:
    room = await begin(shop.lin, "mei", "fang")
    for guest in (shop.mei, shop.fang):
        await guest.call("conversation.join", {"conversation": room})
    seq = (await put(shop.lin, room, "card", RATING))["seq"]
    tablet = await shop.nodes[0].arrive("mei", "tablet", shop="renmin")
    outcomes = await asyncio.gather(
        tap(shop.mei, room, seq, "rating", rating=5, text="很好"),
        tap(tablet, room, seq, "rating", rating=1),
        return_exceptions=True,
    )
    lost = [each for each in outcomes if isinstance(each, ChatError)]
    assert [each.code for each in lost] == ["conflict"]
    await tap(shop.fang, room, seq, "rating", rating=4)
    given = [each for each in await history(shop.lin, room) if each["kind"] == "custom"]
    assert {each["sender"] for each in given} == {"mei", "fang"}
    assert given[-1]["body"] == {
        "type": "card.rating", "data": {"card": seq, "id": "r-1", "rating": 4, "best": 5},
    }  # fmt: skip


@pytest.mark.parametrize("rating", [None, 6])
async def test_a_rating_is_one_of_those_that_were_asked_for(shop: Shop, rating: Any) -> None:
    id_ = await shop.lin.open("mei")
    await put(shop.lin, id_, "card", RATING)
    fields = {"conversation": id_, "seq": 1, "button": "rating", "client_id": "c", "rating": rating}
    assert (await refused(shop.mei, "card.act", **fields))["path"] == "rating"


async def test_nobody_says_that_somebody_tapped(shop: Shop) -> None:
    id_ = await shop.mei.open("lin")
    body = {"type": "card.rating", "data": {"rating": 5}}
    fields = {"conversation": id_, "client_id": "c", "kind": "custom", "body": body}
    assert (await refused(shop.mei, "message.send", **fields))["path"] == "body.type"


async def test_every_kind_is_stored_once_also_where_the_server_adds_to_it(shop: Shop) -> None:
    id_ = await shop.mei.open("lin")
    for kind, body in {"link": {"url": "https://shop.example"}, "card": PRODUCT}.items():
        call = {"conversation": id_, "client_id": kind, "kind": kind, "body": body}
        first = await shop.mei.call("message.send", call)
        again = await shop.mei.call("message.send", {**call, "retry": True})
        assert again == {**first, "duplicate": True}


async def test_pictures_come_from_hosts_that_the_operator_named(shop: Shop) -> None:
    node = shop.nodes[0]
    contents = node.services.messages._contents
    limits = contents._limits
    contents._limits = type(limits)(text_bytes=10, card_bytes=900, picture_hosts=(".cdn.example",))
    id_ = await shop.mei.open("lin")
    fields = {"conversation": id_, "client_id": "c", "kind": "card", "body": PRODUCT}
    assert (await refused(shop.mei, "message.send", **fields))["path"] == "body.picture.url"
    allowed = {**PRODUCT, "picture": {"url": "https://a.cdn.example/82.jpg"}}
    assert await put(shop.mei, id_, "card", allowed)
    large = {**allowed, "text": "长" * 400}
    answer = await refused(shop.mei, "message.send", **{**fields, "body": large})
    assert answer["code"] == "too_large"
