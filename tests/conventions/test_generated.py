"""The generated texts are those of this code, and say everything."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from chatserver import errors
from chatserver.domain.calls import CALLS, Call
from chatserver.domain.conversation import ConversationView
from chatserver.domain.events import EVENTS, Event
from chatserver.domain.message import Change, Message
from chatserver.errors import ChatError
from chatserver.reference import protocol, settings, typescript

ROOT = Path(__file__).parents[2]
SHAPES: dict[str, type] = {
    "message": Message, "change": Change, "conversation": ConversationView,
}  # fmt: skip


def test_the_protocol_text_is_up_to_date() -> None:
    written = (ROOT / "clients" / "PROTOCOL.md").read_text(encoding="utf-8")
    assert written == protocol.markdown(), (
        "run: chatserver protocol --markdown > clients/PROTOCOL.md"
    )


def test_the_types_of_the_typescript_sdk_are_up_to_date() -> None:
    written = (ROOT / "clients" / "sdk" / "src" / "protocol.ts").read_text(encoding="utf-8")
    assert written == typescript.typescript(), (
        "run: chatserver protocol --typescript > clients/sdk/src/protocol.ts"
    )


def test_the_settings_text_is_up_to_date() -> None:
    written = (ROOT / "chatserver" / "SETTINGS.md").read_text(encoding="utf-8")
    assert written == settings.markdown(), (
        "run: chatserver settings --markdown > chatserver/SETTINGS.md"
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_event_has_an_example_that_is_one(event: type[Event]) -> None:
    assert event.__doc__
    fields = event.__struct_fields__
    if fields == (event.name,) and event.name != "conversation":
        msgspec.convert(event.example, SHAPES[event.name], strict=True)
    else:
        made = msgspec.convert(event.example, event, strict=True)
        assert msgspec.to_builtins(made.payload()).keys() >= event.example.keys()


@pytest.mark.parametrize("call", CALLS.values(), ids=lambda call: call.name)
def test_every_call_says_what_it_does(call: type[Call]) -> None:
    assert call.__doc__
    assert isinstance(call.ack, str)


def test_every_error_has_its_own_code_and_a_sentence() -> None:
    kinds = ChatError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert not kind.__subclasses__(), "one level only"
        assert kind().message.endswith("."), kind
        assert 400 <= kind.http_status < 600


def test_every_error_of_the_module_is_of_the_one_base() -> None:
    defined = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    assert all(issubclass(kind, ChatError) for kind in defined)
