"""Any bytes are a packet or break the protocol, and nothing else happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatserver.errors import ProtocolBroken
from chatserver.gateway.packets import (
    PACKETS_PER_POST,
    Event,
    check_body,
    check_packet,
    parse_event,
    parse_packet,
)

anything = st.text(st.characters(), max_size=60)
near_packets = st.builds(
    "".join,
    st.lists(
        st.one_of(
            st.sampled_from(
                ["4", "0", "1", "2", "3", "5", "6", "-", "/", ",", "?", "[", "]", '"', "{", "}",
                 '["a"]', '["a",{}]', '{"_placeholder":true,"num":0}', "/chat,", "NaN", "1e999",
                 "\\ud800", "٣", "²", "null", "9" * 30]
            ),
            st.text(max_size=3),
        ),
        max_size=8,
    ),
)  # fmt: skip


def read(data: object) -> Event | None:
    """What the gateway does with a frame before it knows who sent it."""
    packet = parse_packet(check_packet(data)[1:])
    return parse_event(packet) if packet.packet_type == 2 else None


@given(st.one_of(anything, near_packets, near_packets.map(lambda text: "4" + text)))
@example("42" + "[" * 100_000)
@example("42" + "9" * 100_000 + '["a"]')
@example("42[" + "9" * 10_000 + "]")
@example('42["a",NaN]')
@example('42["a",-Infinity]')
@example('42["\\ud800"]')
@example("42/" + "x" * 10_000)
@example("42²[]")
@example("4")
@example("40" + '{"a":' * 10_000)
@example("44")
def test_any_text_is_a_packet_or_breaks_the_protocol(data: str) -> None:
    try:
        event = read(data)
    except ProtocolBroken:
        return
    assert event is None or isinstance(event.name, str)


@given(st.one_of(st.binary(max_size=60), near_packets.map(str.encode), st.none(), st.integers()))
@example(b"\x1e" * 100)
@example(b"\xff\xfe")
def test_any_bytes_break_the_protocol(data: object) -> None:
    with pytest.raises(ProtocolBroken):
        check_packet(data)


@given(st.one_of(st.binary(max_size=200), st.lists(near_packets).map("\x1e".join).map(str.encode)))
def test_any_body_of_a_post_is_packets_or_breaks_the_protocol(body: bytes) -> None:
    try:
        check_body(body)
    except ProtocolBroken:
        return
    assert all(check_packet(each) for each in body.decode().split("\x1e"))


def test_a_post_has_few_packets() -> None:
    check_body("\x1e".join(["3"] * PACKETS_PER_POST).encode())
    with pytest.raises(ProtocolBroken):
        check_body("\x1e".join(["3"] * (PACKETS_PER_POST + 1)).encode())


@pytest.mark.parametrize(
    ("data", "event"),
    [
        ('42["a",{"b":1}]', Event("a", {"b": 1}, None)),
        ('427["a"]', Event("a", None, 7)),
        ('420["a",null]', Event("a", None, 0)),
        ('42["a",1,2,3]', Event("a", 1, None)),
        ('42/,5["奶粉","x"]', Event("奶粉", "x", 5)),
    ],
)
def test_an_event_is_read(data: str, event: Event) -> None:
    assert read(data) == event


@given(
    name=st.text(st.characters(exclude_categories=("Cs",))),
    payload=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text()),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
        max_leaves=8,
    ),
    ack=st.one_of(st.none(), st.integers(0, 10**9)),
)
def test_what_a_client_encodes_is_what_is_read(name: str, payload: Any, ack: int | None) -> None:
    data = f"42{'' if ack is None else ack}{json.dumps([name, payload])}"
    assert read(data) == Event(name, payload, ack)


@pytest.mark.parametrize(
    "data",
    ["", "0", "2", "2x", "3probe", "7", "43[]", "44", "45", '451-["a",{}]', "46", "probe",
     "42", "42{}", "42[]", "42[1]", '42"a"', '42["a"', "42null", "b4AAA="],
)  # fmt: skip
def test_this_breaks_the_protocol(data: str) -> None:
    with pytest.raises(ProtocolBroken):
        read(data)


@pytest.mark.parametrize("data", ["1", "2probe", "3", "40", "41", "42", "5", "6"])
def test_clients_may_send_these(data: str) -> None:
    assert check_packet(data) == data
