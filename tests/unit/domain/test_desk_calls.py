"""What may stand in the calls of the desk."""

from __future__ import annotations

from typing import Any

import pytest

from chatserver.domain.wire import parse_call
from chatserver.errors import Invalid

PAGE = {"url": "https://shop.example/p/82", "title": "婴儿润肤霜"}
PRODUCT = {"id": "82", "title": "婴儿润肤霜 200g", "price": "¥79.00"}
SNIPPET = {"id": "a", "shortcut": "你好", "title": "", "text": "您好{customer}"}

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("customer.tag", {"user": "mei", "tags": []}),
    ("customer.tag", {"user": "mei", "tags": ["字" * 32] * 20}),
    ("context.update", {"page": {"url": "http://shop.example"}}),
    ("context.update", {"page": PAGE, "product": None}),
    ("context.update", {"page": PAGE, "product": {**PRODUCT, "image": "https://a.example/1"}}),
    ("snippet.save", {**SNIPPET, "shortcut": "字" * 32, "text": "字" * 2000}),
]
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("customer.tag", {"user": "mei", "tags": ["x"] * 21}, "tags"),
    ("customer.tag", {"user": "mei", "tags": ["字" * 33]}, "tags[0]"),
    ("customer.tag", {"user": "mei", "tags": ["x", " "]}, "tags[1]"),
    ("customer.tag", {"user": "mei", "tags": ["a\nb"]}, "tags[0]"),
    ("context.update", {"page": {**PAGE, "url": "javascript:alert(1)"}}, "page.url"),
    ("context.update", {"page": {**PAGE, "url": "https://" + "a" * 2000}}, "page.url"),
    ("context.update", {"page": {**PAGE, "url": "https://a.example/ b"}}, "page.url"),
    ("context.update", {"page": {**PAGE, "title": "题" * 201}}, "page.title"),
    ("context.update", {"page": PAGE, "product": {**PRODUCT, "image": "data:,"}}, "product.image"),
    ("context.update", {"page": PAGE, "product": {**PRODUCT, "price": "¥" * 33}}, "product.price"),
    ("snippet.save", {**SNIPPET, "shortcut": "a b"}, "shortcut"),
    ("snippet.save", {**SNIPPET, "shortcut": "字" * 33}, "shortcut"),
    ("snippet.save", {**SNIPPET, "title": "题" * 101}, "title"),
    ("snippet.save", {**SNIPPET, "text": ""}, "text"),
    ("snippet.save", {**SNIPPET, "text": "字" * 2001}, "text"),
    ("snippet.save", {**SNIPPET, "id": "带字"}, "id"),
    ("desk.list", {"view": "theirs"}, "view"),
]


@pytest.mark.parametrize(("name", "fields"), GOOD)
def test_what_fits_is_taken(name: str, fields: dict[str, Any]) -> None:
    assert parse_call(name, fields).name == name


@pytest.mark.parametrize(("name", "fields", "path"), BAD)
def test_what_does_not_fit_is_refused_with_its_place(
    name: str, fields: dict[str, Any], path: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_call(name, fields)
    assert refusal.value.path == path
