"""What pages say of themselves, however they are written, cut off or broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain.links import DESCRIPTION_MAX, TITLE_MAX
from chatserver.domain.pages import SITE_MAX, PageWords, words_of

OPEN_GRAPH = """<!doctype html><html><head><title>润肤霜 - 商城</title>
<meta property="og:title" content="婴儿润肤霜 &amp; 乳液">
<meta property="og:title" content="second">
<meta name="description" content="plain"><meta property="og:description" content="温和
 不刺激"><meta property="og:site_name" content="暖芽商城"></head><body>x</body></html>"""


def test_a_page_says_its_title_what_it_is_about_and_its_site() -> None:
    words = words_of(OPEN_GRAPH.encode(), "utf-8")
    assert words == PageWords("婴儿润肤霜 & 乳液", "温和 不刺激", "暖芽商城")


def test_without_open_graph_the_title_and_description_are_taken() -> None:
    page = "<title> 润肤霜\n </title><META NAME=Description CONTENT='x'>"
    assert words_of(page.encode(), None) == PageWords("润肤霜", "x")


@pytest.mark.parametrize("named", ["gbk", "GB2312", None])
@pytest.mark.parametrize(
    "declared", ['<meta charset="gbk">', "<meta content='text/html; charset=GB2312'>"]
)
def test_chinese_charsets_are_read(named: str | None, declared: str) -> None:
    page = f"{declared}<title>婴儿㎡润肤霜</title>".encode("gb18030")
    assert words_of(page, named).title == "婴儿㎡润肤霜"


@pytest.mark.parametrize("charset", ["idna", "rot13", "zip", "unicode_escape", "x" * 1000, "\0"])
def test_a_charset_that_is_none_is_passed_over(charset: str) -> None:
    assert words_of("<title>霜</title>".encode(), charset).title == "霜"


def test_markup_stays_words_and_nothing_hidden_remains() -> None:
    page = (
        '<meta property="og:title" content="&lt;script&gt;alert(1)&lt;/script&gt;\u202egpj\u200b">'
        "<title>x</title>"
    )
    assert words_of(page.encode(), None).title == "<script>alert(1)</script> gpj"


def test_what_is_long_is_cut() -> None:
    page = (
        f"<title>{'长' * 5000}</title><meta name=description content={'长' * 5000}>"
        f"<meta property=og:site_name content={'长' * 5000}>"
    )
    words = words_of(page.encode(), None)
    assert [len(each) for each in (words.title, words.description, words.site)] == [
        TITLE_MAX, DESCRIPTION_MAX, SITE_MAX,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "page",
    [
        b"", b"\0", b"<", b"<title>", b"<title", b"<meta content>", b"\xff\xfe<", b"<!--" * 1000,
        b"<div>" * 50_000, b"<b><i>" * 20_000, b"<!doctype " * 20_000, b"<meta charset=" * 5000,
        b"<a x=" * 50_000, b"&" * 100_000, b"<svg><title>no</title></svg>",
        b"<body><title>no</title>", b"<meta " * 100_000,
        b"<title" * 100_000, b"<meta " + b"x" * 1_000_000, b"<title>" * 100_000,
    ],
)  # fmt: skip
def test_a_broken_page_says_nothing(page: bytes) -> None:
    assert words_of(page, None).title == ""


@given(st.binary(max_size=300), st.sampled_from(["utf-8", "gbk", None]))
def test_any_bytes_are_read(page: bytes, charset: str | None) -> None:
    assert "\0" not in words_of(b"<title>" + page, charset).title
