"""Any text is a Socket.IO packet or breaks the protocol, and nothing else happens."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from socketio import packet as socketio_packet

from chatserver.gateway.engine import packets
from chatserver.gateway.engine.errors import ProtocolError
from chatserver.gateway.engine.packets import RESERVED, Event, Packet

CONNECT, DISCONNECT, EVENT, ACK = 0, 1, 2, 3

anything = st.text(st.characters(exclude_categories=()), max_size=60)
near_packets = st.lists(
    st.sampled_from(
        ["4", "0", "1", "2", "3", "5", "6", "-", "/", ",", "?", "[", "]", '"', "{", "}", "\n",
         '["a"]', '["a",{}]', '{"_placeholder":true,"num":0}', "/chat,", "NaN", "1e999",
         "\\ud800", "\ud800", "٣", "²", "null", "9" * 30, " "]
    ) | st.text(max_size=3),
    max_size=8,
).map("".join)  # fmt: skip
plain = st.text(st.characters(codec="utf-8"), max_size=20)
payloads = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3),
    max_leaves=8,
)


def read(data: str) -> Any:
    """All that is ever read of a packet."""
    packet = packets.parse(data)
    if packet.kind == CONNECT:
        return packets.payload_of(packet)
    if packet.kind in (EVENT, ACK):
        packets.arguments_of(packet)
    return packets.event(packet) if packet.kind == EVENT else packet


def content(event: Event) -> tuple[str, Any, int | None]:
    """An event with its payload decoded."""
    return event.name, json.loads(bytes(event.payload)) if event.payload else None, event.id


LONG = {
    "open brackets": "2" + "[" * 100_000,
    "brackets within an event": '2["a",' + "[" * 100_000,
    "closed brackets": '2["a",' + "[" * 50_000 + "]" * 50_000 + "]",
    "open braces": "0" + '{"a":' * 20_000,
    "digits of an id": "2" + "9" * 100_000 + '["a"]',
    "digits of a number": "2[" + "9" * 100_000 + "]",
    "digits behind a name": '2["a",' + "9" * 100_000 + "]",
    "a namespace": "2/" + "x" * 100_000,
    "slashes": "2" + "/" * 100_000,
    "question marks": "2/" + "?" * 100_000,
    "commas": "2/" + "," * 100_000,
    "spaces": "2" + " " * 100_000,
    "escapes": '2["' + "\\u0061" * 16_000 + '"]',
    "half pairs": '2["a","' + "\\ud800" * 16_000 + '"]',
    "arguments": '2["a"' + ",1" * 50_000 + "]",
}


@given(anything | near_packets | near_packets.map(lambda text: "2" + text))
@example("")
@example('2["a",NaN]')
@example('2["a",-Infinity]')
@example('2["a",1e400]')
@example('2["\\ud800"]')
@example('2["a","\ud800"]')
@example("2²[]")
@example("2/chat\n")
@example('2["a",{"a":1,"a":2}]')
def test_any_text_is_a_packet_or_breaks_the_protocol(data: str) -> None:
    try:
        read(data)
    except ProtocolError:
        return
    assert isinstance(packets.parse(data), Packet)


@pytest.mark.parametrize("data", LONG.values(), ids=LONG)
def test_a_long_packet_takes_no_longer_than_its_length(data: str) -> None:
    begun = time.process_time()
    with suppress(ProtocolError):
        read(data)
    assert time.process_time() - begun < 0.5  # a few milliseconds, on a machine that is free


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ("0", Packet(CONNECT, "/", None, "")),
        ('0{"token":"t"}', Packet(CONNECT, "/", None, '{"token":"t"}')),
        ("0/admin", Packet(CONNECT, "/admin", None, "")),
        ("0/admin,", Packet(CONNECT, "/admin", None, "")),
        ('0/admin?a=1,{"b":2}', Packet(CONNECT, "/admin", None, '{"b":2}')),
        ("1", Packet(DISCONNECT, "/", None, "")),
        ("1/admin,", Packet(DISCONNECT, "/admin", None, "")),
        ('2/admin,7["a"]', Packet(EVENT, "/admin", 7, '["a"]')),
        ("30[]", Packet(ACK, "/", 0, "[]")),
        ('3/admin,12["x",1]', Packet(ACK, "/admin", 12, '["x",1]')),
    ],
)
def test_a_packet_is_read(data: str, read: Packet) -> None:
    assert packets.parse(data) == read


@pytest.mark.parametrize(
    ("data", "event"),
    [
        ('2["a",{"b":1}]', ("a", {"b": 1}, None)),
        ('27["a"]', ("a", None, 7)),
        ('20["a",null]', ("a", None, 0)),
        ('2["a",1,2,3]', ("a", 1, None)),
        ('2/,5["奶粉","x"]', ("奶粉", "x", 5)),
        ('2["\\u5976\\u7c89","\\ud83d\\udc4d"]', ("奶粉", "👍", None)),
        ('2["a","\\ud83d"]', ("a", "\ud83d", None)),  # a cut emoji is for the call to refuse
        ('2[ "a" , 1 ]', ("a", 1, None)),
    ],
)
def test_an_event_is_read(data: str, event: tuple[str, Any, int | None]) -> None:
    assert content(packets.event(packets.parse(data))) == event


@given(plain.filter(lambda name: name not in RESERVED), payloads, st.none() | st.integers(0, 10**9))
def test_what_a_client_encodes_is_what_is_read(name: str, payload: Any, ack: int | None) -> None:
    sent = socketio_packet.Packet(EVENT, data=[name, payload], namespace="/", id=ack).encode()
    assert content(packets.event(packets.parse(sent))) == (name, payload, ack)
    assert packets.arguments_of(packets.parse(sent)) == [name, payload]


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_breaks_the_protocol(name: str) -> None:
    for written in (name, name.replace("n", "\\u006e")):
        packet = packets.parse(f'2["{written}",{{}}]')
        with pytest.raises(ProtocolError):
            packets.event(packet)
        with pytest.raises(ProtocolError):
            packets.arguments_of(packet)


@pytest.mark.parametrize(
    "data",
    ["", "4", '4{"message":"x"}', '51-["a",{"_placeholder":true,"num":0}]', "61-1[]", "7", "-1",
     "٢[]", "2", "2{}", "2[]", "2[1]", "2[null]", '2[["a"]]', '2"a"', '2["a"', "2null", '2["a"]x',
     "2/admin", '2["a",NaN]', '2[NaN,"a"]', '2["a",[Infinity]]', '2["a",\'x\']', '2["a",01]',
     "3", "3[]", "31", "31{}", "31null", "31[NaN]", "0{", "0NaN", "07", "17", "1{}", "1null",
     '29999999999999999["a"]', '2 7["a"]', '2٢["a"]', '2²["a"]', '2-1["a"]', '2+1["a"]'],
)  # fmt: skip
def test_this_breaks_the_protocol(data: str) -> None:
    with pytest.raises(ProtocolError):
        read(data)


def test_an_acknowledgement_may_carry_any_array() -> None:
    for arguments in ([], [1], ["connect"], [None, {"a": [1]}]):
        assert packets.arguments_of(packets.parse("31" + json.dumps(arguments))) == arguments
