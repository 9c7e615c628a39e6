"""Where a request comes from, and which pages may connect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.config import Settings, SettingsError
from chatserver.gateway.address import Addresses
from chatserver.gateway.engine.request import Request

PROXIES = Settings(trusted_proxies=("10.0.0.0/8", "fd00::/8"))


def request(peer: str, *forwarded: str, name: str = "X-Forwarded-For") -> Request:
    head = "".join(f"{name}: {each}\r\n" for each in forwarded)
    return Request("/socket.io/", head.encode("latin-1"), peer)


def of(peer: str, *forwarded: str) -> str:
    return Addresses(PROXIES).of(request(peer, *forwarded))


def test_a_client_that_is_no_proxy_is_not_believed() -> None:
    assert of("203.0.113.9", "1.1.1.1") == "203.0.113.9"
    assert Addresses(Settings()).of(request("127.0.0.1", "1.1.1.1")) == "127.0.0.1"


def test_behind_a_proxy_it_is_the_last_hop_that_is_no_proxy() -> None:
    assert of("10.0.0.1", "203.0.113.9") == "203.0.113.9"
    assert of("10.0.0.1", "203.0.113.9, 10.0.0.2") == "203.0.113.9"
    assert of("fd00::1", "2001:db8::7") == "2001:db8::7"


def test_what_the_attacker_put_first_is_not_believed() -> None:
    assert of("10.0.0.1", "1.1.1.1, 203.0.113.9") == "203.0.113.9"
    assert of("10.0.0.1", "10.0.0.9, 203.0.113.9, 10.0.0.2") == "203.0.113.9"


def test_a_proxy_may_add_a_header_of_its_own_behind_the_attackers() -> None:
    assert of("10.0.0.1", "1.1.1.1", "203.0.113.9") == "203.0.113.9"


def test_a_header_that_looks_alike_is_no_header_of_ours() -> None:
    asked = request("10.0.0.1", "1.1.1.1", name="X_Forwarded_For")
    assert Addresses(PROXIES).of(asked) == "10.0.0.1"


@pytest.mark.parametrize("forwarded", ["", "unknown", "1.1.1.1, _hidden", "' or 1=1", ",,"])
def test_no_address_where_one_should_stand_ends_at_the_proxy(forwarded: str) -> None:
    assert of("10.0.0.1", forwarded) == "10.0.0.1"


def test_only_proxies_all_the_way_is_the_first_of_them() -> None:
    assert of("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3"


def test_a_request_whose_socket_is_gone_has_no_address() -> None:
    assert of("", "1.1.1.1") == ""


HEADER = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=20)


@given(st.lists(HEADER, max_size=4))
def test_any_header_gives_the_peer_or_an_address(forwarded: list[str]) -> None:
    assert of("203.0.113.9", *forwarded) == "203.0.113.9"
    assert of("10.0.0.1", *forwarded)


def test_a_network_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError):
        Addresses(Settings(trusted_proxies=("nonsense",)))


# --- origins ----------------------------------------------------------------------------------

SHOP = Addresses(Settings(public_origins=("https://shop.example",)))

ORIGINS = {
    "no page at all": (None, "chat.example", True),
    "our own page": ("https://chat.example", "chat.example", True),
    "our own page, with a port": ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
    "a page of the settings": ("https://shop.example", "chat.example", True),
    "another page": ("https://evil.example", "chat.example", False),
    "the settings' host by plain http": ("http://shop.example", "chat.example", False),
    "another port": ("https://chat.example:444", "chat.example", False),
    "a longer name": ("https://chat.example.evil.example", "chat.example", False),
    "our name as a user": ("https://chat.example@evil.example", "chat.example", False),
    "a sandboxed page": ("null", "chat.example", False),
    "a sandboxed page and no host": ("null", "", False),
    "nothing": ("", "", False),
    "no host": ("https://chat.example", None, False),
    "half an IPv6 address": ("http://[::1", "chat.example", False),
}


@pytest.mark.parametrize(("origin", "host", "allowed"), ORIGINS.values(), ids=ORIGINS)
def test_which_pages_may_connect(origin: str | None, host: str | None, allowed: bool) -> None:
    assert SHOP.origin_allowed(origin, host) is allowed


def test_all_pages_may_connect_only_where_the_settings_say_so() -> None:
    everybody = Addresses(Settings(public_origins=("*",)))
    assert everybody.origin_allowed("https://evil.example", "chat.example")
    assert everybody.is_foreign("https://evil.example")


def test_only_pages_of_the_settings_read_our_answers() -> None:
    assert SHOP.is_foreign("https://shop.example")
    assert not SHOP.is_foreign("https://evil.example")
    assert not SHOP.is_foreign(None)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_origin_is_allowed_or_not(origin: str, host: str) -> None:
    assert SHOP.origin_allowed(origin, host) in (True, False)
