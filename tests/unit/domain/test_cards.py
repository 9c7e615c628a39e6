"""Cards, places and bodies of applications: what they hold, and what they never let through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain.bodies import BodyLimits, check, plain_text, reworded
from chatserver.domain.cards import check_may_hand_out
from chatserver.domain.custom import DEPTH_MAX
from chatserver.errors import ChatError, Forbidden, Invalid, TooLarge

LIMITS = BodyLimits(text_bytes=8192, card_bytes=16_384)
BUTTON = {"id": "b", "label": "看看"}
MONEY = {"amount": 7900, "currency": "CNY"}
CARDS: dict[str, dict[str, Any]] = {
    "product": {
        "id": "82", "title": "润肤霜", "text": "温和\n不刺激", "price": MONEY, "was": MONEY,
        "picture": {"media": "m1"}, "url": "https://shop.example/p/82",
        "buttons": [
            {**BUTTON, "url": "https://shop.example/p/82"},
            {"id": "c", "label": "问", "send": "有吗"},
            {"id": "d", "label": "订", "action": "order", "value": "82"},
        ],
    },
    "order": {
        "id": "N-1", "title": "奶粉", "status": "shipped", "note": "已发货", "total": MONEY,
        "items": [{"title": "奶粉", "count": 2, "price": MONEY, "picture": {"media": "m2"}}],
        "ordered_at": 1790000000000, "carrier": "顺丰", "tracking": "SF1",
        "url": "https://shop.example",
    },
    "coupon": {
        "id": "c", "title": "满减", "code": "C1", "value": MONEY, "percent": 10, "least": MONEY,
        "starts_at": 0, "ends_at": 1, "text": "全店", "url": "https://shop.example/c",
    },
    "appointment": {
        "id": "a", "title": "抚触课", "status": "proposed", "starts_at": 1, "ends_at": 2,
        "zone": "Asia/Shanghai", "place": "人民路店", "who": "林晓燕", "text": "带毛巾",
    },
    "rating": {"id": "r", "title": "满意吗", "text": "说说", "best": 10},
    "contact": {"name": "林晓燕", "user": "lin", "phone": "+86 21", "text": "x",
    "picture": {"media": "m"}},
}  # fmt: skip
HOSTILE = [
    "javascript:alert(1)", "http://shop.example/", "//shop.example", "data:text/html,<script>",
    "https://127.0.0.1/", "https://x@shop.example/", 'https://shop.example/"><script>', "", 1, None,
]  # fmt: skip


def card(type_: str, **fields: Any) -> dict[str, Any]:
    return {"type": type_, **CARDS[type_], **fields}


@pytest.mark.parametrize("type_", CARDS)
def test_a_whole_card_comes_back_as_it_is_and_again_the_same(type_: str) -> None:
    body = card(type_)
    made = check("card", body, LIMITS)
    assert made == body
    assert check("card", json.loads(json.dumps(made)), LIMITS) == made
    assert check("card", {**body, "onload": "x", "__proto__": {}}, LIMITS) == made


@pytest.mark.parametrize("url", HOSTILE)
@pytest.mark.parametrize("place", ["url", "button", "picture", "item"])
def test_every_address_in_a_card_is_https_and_public(url: Any, place: str) -> None:
    body = {
        "url": card("product", url=url),
        "button": card("product", buttons=[{**BUTTON, "url": url}]),
        "picture": card("product", picture={"url": url}),
        "item": card("order", items=[{"title": "x", "picture": {"url": url}}]),
    }[place]
    if url is None and place == "url":
        assert "url" not in check("card", body, LIMITS)
        return
    with pytest.raises(Invalid) as refused:
        check("card", body, LIMITS)
    assert (refused.value.path or "").startswith("body.")


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""}, {"title": " \u3000"}, {"title": "a\nb"}, {"title": "x\u202egpj"},
        {"title": "长" * 101}, {"title": None}, {"title": ["x"]}, {"id": "a b"}, {"id": ""},
        {"price": {"amount": 79.5, "currency": "CNY"}}, {"price": {"amount": -1,
        "currency": "CNY"}},
        {"price": {"amount": 10**13, "currency": "CNY"}}, {"price": {"amount": 1,
        "currency": "cny"}},
        {"price": {"amount": 1, "currency": "元"}}, {"price": "¥79"}, {"text": ""},
        {"text": "x" * 501},
        {"picture": {}}, {"picture": {"media": "m", "url": "https://shop.example"}},
        {"buttons": [BUTTON]}, {"buttons": [{**BUTTON, "send": "x", "action": "y"}]},
        {"buttons": [{**BUTTON, "send": "x"}] * 2}, {"buttons": [{**BUTTON, "send": "x",
        "label": ""}]},
        {"buttons": [{"id": str(n), "label": "x", "send": "x"} for n in range(5)]},
        {"buttons": [{"id": "rating", "label": "x", "send": "x"}]}, {"buttons": "x"},
        {"type": "forward", "messages": []}, {"type": "unknown"}, {"type": None},
    ],
)  # fmt: skip
def test_what_does_not_belong_in_a_card_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check("card", card("product", **fields), LIMITS)


def test_a_card_has_an_end() -> None:
    items = [{"title": "长" * 100, "picture": {"url": "https://a.example/" + "x" * 900}}] * 20
    with pytest.raises(TooLarge):
        check("card", card("order", items=items), LIMITS)


@pytest.mark.parametrize("type_", CARDS)
@pytest.mark.parametrize("role", ["customer", "consultant", "manager", "admin", "bot"])
def test_customers_hand_out_products_and_contacts_without_buttons(type_: str, role: Any) -> None:
    for body in (card(type_), card(type_, buttons=[]), card(type_, buttons=[BUTTON])):
        allowed = type_ in {"product", "contact"} and not body.get("buttons")
        if role != "customer" or allowed:
            check_may_hand_out(role, body)
            continue
        with pytest.raises(Forbidden):
            check_may_hand_out(role, body)


@given(latitude=st.floats(-90, 90), longitude=st.floats(-180, 180))
def test_every_place_on_earth_can_be_sent(latitude: float, longitude: float) -> None:
    body = {"latitude": latitude, "longitude": longitude}
    assert check("location", body, LIMITS) == body


@pytest.mark.parametrize(
    "fields",
    [
        {"latitude": 90.1}, {"longitude": -181}, {"latitude": "31"}, {"datum": "bd09"},
        {"latitude": float("nan")}, {"latitude": float("inf")}, {"name": "x" * 101},
        {"latitude": None},
    ],
)  # fmt: skip
def test_what_is_no_place_on_earth_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check("location", {"latitude": 31.2, "longitude": 121.4, **fields}, LIMITS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner,
    max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(data=st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_any_json_of_an_application_comes_back_as_it_is_or_is_refused(data: Any) -> None:
    body = {"type": "till.receipt", "text": "小票", "data": data}
    try:
        assert {"data": {}, **check("custom", body, LIMITS)} == body
    except Invalid as refused:
        assert str(refused.path).startswith("body.data")  # noqa: PT017 - either is right


def deep(levels: int) -> Any:
    return {"x": deep(levels - 1)} if levels else 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"data": {"x": 2**53 + 1}}, Invalid), ({"data": {"x": [10**30]}}, Invalid),
        ({"data": {"$where": 1}}, Invalid), ({"data": {"a": {"\0": 1}}}, Invalid),
        ({"data": deep(DEPTH_MAX)}, Invalid), ({"data": [1]}, Invalid), ({"type": "A b"}, Invalid),
        ({"type": "card.rating"}, Invalid), ({"type": "card."}, Invalid), ({"type": ""}, Invalid),
        ({"data": {"x": "长" * 6000}}, TooLarge),
    ],
)  # fmt: skip
def test_what_clients_or_databases_would_stumble_over_is_refused(
    fields: dict[str, Any], error: type[ChatError]
) -> None:
    with pytest.raises(error):
        check("custom", {"type": "x", "data": {}, **fields}, LIMITS)


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text", {"text": "你好"}, "你好"),
        ("text", {}, ""),
        ("card", card("product"), "润肤霜\n温和\n不刺激"),
        ("card", card("order"), "奶粉\n已发货\n奶粉"),
        ("card", card("contact"), "林晓燕\nx"),
        (
            "location",
            {"latitude": 1, "longitude": 2, "name": "店", "address": "人民路 1"},
            "店\n人民路 1",
        ),
        ("link", {"url": "https://shop.example", "host": "shop.example"}, "shop.example"),
        ("link", {"title": "题", "text": "看", "host": "h"}, "题\n看\nh"),
        ("custom", {"type": "x", "text": "小票", "data": {"text": "no"}}, "小票"),
        ("system", {"type": "joined"}, ""),
        ("call", {"x": 1}, ""),
        (
            "card",
            {"type": "forward", "messages": [
                {"name": "Mei", "kind": "text", "body": {"text": "hi"}},
                {"name": "Lin", "kind": "card", "body": card("rating")},
            ]},
            "Mei\nhi\nLin\n满意吗\n说说",
        ),
    ],
)  # fmt: skip
def test_the_first_line_of_the_plain_text_stands_for_the_message(
    kind: Any, body: dict[str, Any], text: str
) -> None:
    assert plain_text(kind, body) == text


@pytest.mark.parametrize("type_", CARDS)
def test_rewording_reaches_all_that_people_read_and_nothing_else(type_: str) -> None:
    body = card(type_)
    loud = reworded(body, lambda text: text + "!")
    assert check("card", loud, LIMITS) == loud
    assert [*loud] == [*body]
    assert plain_text("card", loud) == "\n".join(
        line + ("!" if is_end else "") for line, is_end in ends(body)
    )
    for name in ("id", "url", "code", "tracking", "status", "zone", "picture", "user", "type"):
        assert loud.get(name) == body.get(name)


def ends(body: dict[str, Any]) -> list[tuple[str, bool]]:
    """The lines of a card, and whether a text ends there."""
    lines = plain_text("card", body).splitlines()
    return [(line, line != "温和") for line in lines]
