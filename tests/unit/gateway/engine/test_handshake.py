"""What is read of a request's head, and what opens a WebSocket."""

from __future__ import annotations

import base64
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.gateway.engine.errors import Refusal
from chatserver.gateway.engine.handshake import switching, wants_websocket
from chatserver.gateway.engine.request import Request

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # with its answer, from RFC 6455, section 1.3
ANSWER = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
HEADERS = {
    "host": "127.0.0.1",
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": KEY,
}


def request(target: str = "/socket.io/", *lines: str) -> Request:
    return Request(target, "".join(f"{line}\r\n" for line in lines).encode("latin-1"), "127.0.0.1")


# --- the head of a request ----------------------------------------------------------------------


def test_names_of_headers_have_no_case() -> None:
    asked = request("/", "HOST: a", "oRiGiN: b")
    assert asked.headers() == {"host": "a", "origin": "b"}
    assert (asked.header("Host"), asked.header("ORIGIN"), asked.header("cookie")) == (
        "a",
        "b",
        None,
    )


def test_lines_of_one_name_are_one_list() -> None:
    asked = request("/", "X-Forwarded-For: 1.1.1.1", "Host: a", "x-forwarded-for:2.2.2.2, 3.3.3.3")
    assert asked.header("x-forwarded-for") == "1.1.1.1, 2.2.2.2, 3.3.3.3"


def test_white_space_around_a_value_does_not_belong_to_it() -> None:
    assert request("/", "A: \t x y \t").header("a") == "x y"
    assert request("/", "A:").header("a") == ""


def test_a_value_may_hold_colons_and_any_byte() -> None:
    asked = request("/", "Host: [::1]:8080", "X: \xff\xe9")
    assert (asked.header("host"), asked.header("x")) == ("[::1]:8080", "\xff\xe9")


def test_what_is_no_header_is_passed_over() -> None:
    assert request("/", "", "nonsense", "Host: a").headers() == {"host": "a"}
    assert request("/").headers() == {}


def test_a_target_is_a_path_and_a_query() -> None:
    asked = request("/socket.io/?EIO=4&transport=polling&x=a?b")
    assert asked.path == "/socket.io/"
    assert asked.query() == {"EIO": "4", "transport": "polling", "x": "a?b"}
    assert (request("/socket.io/").query_string, request("/socket.io/").query()) == ("", {})


def test_a_parameter_is_percent_decoded_and_the_first_one_counts() -> None:
    asked = request("/?%73id=a%2Bb%26c&sid=second&n=%E5%A5%B6&plus=a+b&bad=%zz%ff&empty=")
    query = asked.query()
    assert (query["sid"], query["n"], query["plus"]) == ("a+b&c", "奶", "a b")
    assert query["bad"] == "%zz\ufffd"
    assert "empty" not in query


parameters = st.dictionaries(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9))


@given(parameters)
def test_any_parameters_come_out_as_they_were(given: dict[str, str]) -> None:
    assert request("/?" + urlencode(given)).query() == given
    spelled = "&".join(f"{quote(name, safe='')}={quote(given[name], safe='')}" for name in given)
    assert request("/?" + spelled).query() == given


@given(st.binary(max_size=80), st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_any_head_is_read(head: bytes, target: str) -> None:
    asked = Request(target, head, "")
    assert all(name == name.lower() for name in asked.headers())
    assert asked.target == target
    asked.query()


# --- the opening handshake ----------------------------------------------------------------------


def test_the_answer_proves_that_the_key_was_read() -> None:
    answer = switching(HEADERS).decode()
    assert answer.startswith("HTTP/1.1 101 ")
    assert f"Sec-WebSocket-Accept: {ANSWER}\r\n" in answer
    assert answer.endswith("\r\n\r\n")


@pytest.mark.parametrize(
    "changed",
    [
        {"connection": "keep-alive, Upgrade"},
        {"connection": "upgrade"},
        {"upgrade": "WebSocket"},
        {"sec-websocket-extensions": "permessage-deflate"},
        {"sec-websocket-protocol": "chat"},
    ],
    ids=str,
)
def test_a_proper_handshake_opens_and_negotiates_nothing(changed: dict[str, str]) -> None:
    answer = switching({**HEADERS, **changed}).decode()
    assert ANSWER in answer
    assert "Extensions" not in answer
    assert "Protocol:" not in answer


BAD_KEYS = {
    "none": "",
    "short": base64.b64encode(b"fifteen bytes..").decode(),
    "long": base64.b64encode(b"seventeen bytes..").decode(),
    "no Base64": "!" * 24,
    "not padded": KEY.rstrip("="),
    "a space within": KEY[:5] + " " + KEY[5:],
    "two keys": f"{KEY}, {KEY}",
    "not ASCII": "é" * 24,
    "very long": "A" * 10_000,
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_bad_key_is_refused(key: str) -> None:
    with pytest.raises(Refusal):
        switching({**HEADERS, "sec-websocket-key": key})


@pytest.mark.parametrize(
    "changed",
    [
        {"upgrade": "h2c"},
        {"upgrade": ""},
        {"connection": "close"},
        {"connection": "upgraded"},
        {"sec-websocket-version": "8"},
        {"sec-websocket-version": "13, 8"},
    ],
    ids=str,
)
def test_a_wrong_handshake_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        switching({**HEADERS, **changed})


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_a_handshake_with_a_header_missing_is_refused(name: str) -> None:
    with pytest.raises(Refusal):
        switching({other: value for other, value in HEADERS.items() if other != name})


@pytest.mark.parametrize(
    ("upgrade", "wants"),
    [("websocket", True), ("WebSocket", True), (" websocket ", True), ("h2c", False), ("", False)],
)
def test_who_wants_a_websocket_says_so(upgrade: str, wants: bool) -> None:
    assert wants_websocket({"upgrade": upgrade}) is wants
    assert not wants_websocket({})
