from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatserver.domain import wire
from chatserver.domain.calls import CALLS, MarkRead, OpenConversation, SendMessage, UpdateDevice
from chatserver.domain.events import EVENTS, Notice, PresenceChanged, RoomChanged, Typing
from chatserver.errors import Invalid

SEND: dict[str, Any] = {
    "conversation": "c",
    "client_id": "x",
    "kind": "text",
    "body": {"text": "hi"},
}


def refusal(name: str, payload: object) -> Invalid:
    with pytest.raises(Invalid) as refused:
        wire.parse_call(name, payload)
    return refused.value


def test_a_call_becomes_its_type() -> None:
    assert wire.parse_call("message.send", SEND) == SendMessage(
        conversation="c", client_id="x", kind="text", body={"text": "hi"}
    )


def test_a_field_may_be_a_word_of_python() -> None:
    call = wire.parse_call("conversation.open", {"kind": "direct", "with": "lin"})
    assert call == OpenConversation(kind="direct", with_="lin")


def test_a_field_may_be_named_as_the_call_is() -> None:
    assert wire.parse_call("device.update", {"name": "n"}) == UpdateDevice(device_name="n")


def test_unknown_fields_are_dropped() -> None:
    assert wire.parse_call(
        "read.mark", {"conversation": "c", "seq": 1, "user": "else"}
    ) == MarkRead(conversation="c", seq=1)


def test_a_call_without_fields_needs_no_payload() -> None:
    assert wire.parse_call("device.list", None) == wire.parse_call("device.list", {})


@pytest.mark.parametrize("name", ["", "connect", "disconnect", "message", "__class__", "sync\0"])
def test_there_is_no_other_call(name: str) -> None:
    assert refusal(name, {}).path == "event"


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"conversation": ""}, "conversation"),
        ({"conversation": "c" * 65}, "conversation"),
        ({"conversation": 7}, "conversation"),
        ({"conversation": {"$gt": ""}}, "conversation"),
        ({"client_id": "a b"}, "client_id"),
        ({"client_id": "用户"}, "client_id"),
        ({"kind": "system"}, "kind"),
        ({"body": "hi"}, "body"),
        ({"reply_to": 0}, "reply_to"),
        ({"reply_to": 2**53 + 1}, "reply_to"),
        ({"reply_to": 1.5}, "reply_to"),
        ({"reply_to": True}, "reply_to"),
        ({"mentions": ["lin", ""]}, "mentions[1]"),
        ({"mentions": ["u"] * 51}, "mentions"),
        ({"retry": 1}, "retry"),
        ({"body": {"text": "\ud800"}}, "body.text"),
        ({"body": {"\udfff": 1}}, "body"),
        ({"body": {"a": [{"b": "\ud83d"}]}}, "body.a[0].b"),
    ],
)
def test_a_bad_field_is_named(changed: dict[str, Any], path: str) -> None:
    assert refusal("message.send", {**SEND, **changed}).path == path


@pytest.mark.parametrize("field", ["conversation", "client_id", "kind", "body"])
def test_a_missing_field_is_named(field: str) -> None:
    left = {name: value for name, value in SEND.items() if name != field}
    error = refusal("message.send", left)
    assert (error.path, error.message) == (field, "This field is required")


@pytest.mark.parametrize("payload", [[], "text", 7, True, [SEND]])
def test_a_payload_is_an_object(payload: object) -> None:
    refusal("message.send", payload)


def test_a_bad_entry_of_an_object_is_refused() -> None:
    assert refusal("sync", {"have": {"c": [1]}})
    assert refusal("sync", {"have": {"c": [1, -1]}})
    assert refusal("sync", {"have": {"": [1, 1]}})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(st.characters(exclude_categories=()), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = sorted({name for call in CALLS.values() for name in call.__struct_encode_fields__})


@given(st.sampled_from(sorted(CALLS)), JSON | st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_whatever_comes_is_a_call_or_refused(name: str, payload: Any) -> None:
    try:
        assert wire.parse_call(name, payload).name == name
    except Invalid as error:
        json.dumps(error.to_wire()).encode()


# --- calls that come as JSON ------------------------------------------------------------------


def outcome(parse: Callable[..., Any], name: str, payload: Any) -> Any:
    """The call, or the refusal as the client gets it."""
    try:
        call = parse(name, payload)
    except Invalid as error:
        return error.to_wire()
    return type(call).__name__, wire.to_builtins(call)


SENDS = st.fixed_dictionaries(
    {"conversation": st.just("c"), "client_id": st.just("x"), "kind": st.just("text")},
    optional={"body": JSON | st.dictionaries(st.text(max_size=5), JSON), "reply_to": JSON,
              "mentions": JSON | st.lists(JSON, max_size=3), "retry": JSON},
)  # fmt: skip
NAMED = st.tuples(st.sampled_from([*sorted(CALLS), "no.call"]), JSON | st.dictionaries(
    st.sampled_from(FIELDS), JSON
)) | st.tuples(st.just("message.send"), SENDS)  # fmt: skip


@given(NAMED)
@example(("message.send", {**SEND, "unknown": "\ud800"}))
@example(("message.send", {**SEND, "body": {"text": "\ud83d"}}))
@example(("message.send", {**SEND, "body": {"n": 2**64, "m": -(2**63) - 1}}))
@example(("message.send", {**SEND, "body": {"n": 1e-400, "m": float("inf"), "k": -0.0}}))
@example(("read.mark", {"conversation": "c", "seq": 1.0}))
@example(("sync", {"have": {"c": [1, 2]}, "token": ""}))
@example(("device.list", None))
def test_both_ways_of_reading_a_call_agree(named: tuple[str, Any]) -> None:
    name, payload = named
    sent = json.dumps(payload)
    read = outcome(wire.decode_call, name, sent.encode())
    # NaN is not equal to itself, but its text is
    assert repr(read) == repr(outcome(wire.parse_call, name, json.loads(sent)))


def test_a_call_may_come_without_a_payload() -> None:
    assert wire.decode_call("device.list", b"") == wire.parse_call("device.list", None)


@pytest.mark.parametrize(
    "payload",
    ['{"seq":' + "9" * 5000 + "}", '{"x":-' + "9" * 5000 + "}", "{", "\udcff", "nul", "'", "\x00"],
    ids=["many digits", "many digits, negative", "cut", "no UTF-8", "a word", "a quote", "a NUL"],
)
@pytest.mark.parametrize("name", ["read.mark", "no.call"])
def test_what_cannot_be_read_is_refused(name: str, payload: str) -> None:
    with pytest.raises(Invalid):
        wire.decode_call(name, payload.encode(errors="surrogatepass"))


def test_a_deep_payload_is_refused_or_too_deep() -> None:
    """The way up makes one answer of both."""
    for deep in ('{"a":' * 20_000 + "1" + "}" * 20_000, "[" * 20_000 + "]" * 20_000):
        with pytest.raises((Invalid, RecursionError)):
            wire.decode_call("sync", deep.encode())


# --- events -----------------------------------------------------------------------------------


def test_typing_and_presence_are_of_no_use_later_and_nothing_else_is() -> None:
    typing = Typing(conversation="c", user="lin", on=True)
    presence = PresenceChanged(user="lin", state="online", last_seen=None)
    assert all(wire.is_droppable(wire.encode_event(event)) for event in (typing, presence))
    others = {event.name for event in EVENTS} - {typing.name, presence.name}
    assert not [name for name in others if wire.is_droppable(f'2["{name}",{{}}]')]
    assert not wire.is_droppable('2["typing.else",{}]')


def test_an_event_is_a_packet() -> None:
    frame = wire.encode_event(Notice(type="draining", reconnect_in_ms=5))
    assert frame == '2["notice",{"type":"draining","reconnect_in_ms":5}]'


def test_a_null_that_means_something_is_sent() -> None:
    event = PresenceChanged(user="lin", state="online", last_seen=None)
    assert '"last_seen":null' in wire.encode_event(event)


def test_event_names_are_unique() -> None:
    kinds = [event for event in EVENTS if event is not RoomChanged]  # `conversation` as well
    assert len({event.name for event in kinds}) == len(kinds)
