"""Addresses that people may send: https, a public name, nothing hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain.links import check_link, check_url, host_of, is_among
from chatserver.errors import Invalid


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://shop.example/p/82?a=1&b=2#top", "https://shop.example/p/82?a=1&b=2#top"),
        ("HTTPS://Shop.Example", "https://shop.example"),
        ("https://shop.example:443/", "https://shop.example/"),
        ("https://例子.测试.com/商品", "https://xn--fsqu00a.xn--0zwm56d.com/%E5%95%86%E5%93%81"),
        ("https://аррӏе.com/", "https://xn--80ak6aa92e.com/"),
        ("https://shop.example/a%2Fb", "https://shop.example/a%2Fb"),
    ],
)
def test_an_address_comes_back_as_it_may_be_followed(written: str, url: str) -> None:
    checked = check_url(written, "url")
    assert checked.startswith(url)
    assert checked.isascii()
    assert check_url(checked, "url") == checked


@pytest.mark.parametrize(
    "written",
    [
        "", "shop.example", "//shop.example/", "http://shop.example/", "ftp://shop.example/",
        "javascript:alert(1)", "JaVaScRiPt:alert(1)//https://shop.example", "data:text/html,x",
        "https://user@shop.example/", "https://user:word@shop.example/",
        "https://shop.example:8443/", "https://shop.example:80/", "https://shop.example:0/",
        "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://127.1/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://1.1.1.1/", "https://0/",
        "https://localhost/", "https://printer/", "https://nas.local/", "https://db.internal/",
        "https://x.localhost/", "https://1.168.192.in-addr.arpa/", "https://shop.example./",
        "https://shop..example/", "https://-shop.example/", "https://shop_.example/",
        "https://shop.123/", "https://shop.0x1/", "https://１２７.0.0.1/", "https://①.①.①.①/",
        "https:///shop.example", "https:/shop.example", "https:shop.example",
        "https://shop.example\\@evil.example/", "https://shop.example/\\",
        "https://shop.example/ x",
        "https://shop.example/\n", "https://shop\t.example/", "https://shop.example/<script>",
        'https://shop.example/"onload="', "https://shop.example/\u202egpj.exe", "https://",
        "https://?", "https://#@shop.example/", "https://" + "a" * 64 + ".example/",
        "https://shop.example/" + "a" * 2000, "https://%6c%6f%63alhost/", "https://[v1.x]/",
    ],
)  # fmt: skip
def test_what_is_no_public_https_address_is_refused(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_url(written, "body.url")
    assert refused.value.path == "body.url"


@given(st.text(max_size=60).map("https://".__add__) | st.text(max_size=60))
def test_any_text_is_checked_or_refused(written: str) -> None:
    try:
        checked = check_url(written, "url")
    except Invalid:
        return
    assert checked.startswith("https://")
    assert checked.isascii()
    assert not set(checked) & set(" \"'<>\\^`{|}") - {"'"}
    assert check_url(checked, "url") == checked


def test_the_server_names_the_host_and_says_nothing_for_the_sender() -> None:
    made = check_link(
        {
            "url": "https://Shop.example/p", "text": "看看", "host": "bank.example",
            "title": "Bank", "description": "x", "site": "Bank", "unknown": 1,
        }
    )  # fmt: skip
    assert made == {"url": "https://shop.example/p", "text": "看看", "host": "shop.example"}


def test_hosts_are_among_others_by_name_or_by_what_is_above_them() -> None:
    hosts = ("img.example", ".cdn.example")
    among = [
        each
        for each in (
            "img.example",
            "a.img.example",
            "cdn.example",
            "a.cdn.example",
            "evilcdn.example",
        )
        if is_among(each, hosts)
    ]
    assert among == ["img.example", "a.cdn.example"]
    assert host_of("https://img.example/a@b") == "img.example"
