"""Between plain data and typed calls and events: the only place that parses what clients send."""

from __future__ import annotations

from typing import Any

import msgspec

from chatserver.domain.calls import CALLS, Call
from chatserver.domain.events import Event
from chatserver.errors import Invalid

_encode = msgspec.json.Encoder().encode


def parse_call(name: str, payload: object) -> Call:
    """The call behind an event; fields it does not know are dropped.

    Raises:
        Invalid: no such call, or a bad field, with the field's path.
    """
    kind = CALLS.get(name)
    if kind is None:
        raise Invalid("There is no such call", path="event")
    _refuse_lone_surrogates(payload, "")
    try:
        call: Call = msgspec.convert({} if payload is None else payload, kind)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    return call


def encode_event(event: Event) -> str:
    """The Socket.IO EVENT packet of an event, made once for all who get it."""
    return f'2["{event.name}",{_encode(event.payload()).decode()}]'


def to_builtins(value: object) -> Any:
    """Plain data of an answer, for an acknowledgement."""
    return msgspec.to_builtins(value, str_keys=True)


def _invalid(message: str) -> Invalid:
    """msgspec's sentence, made into ours: the reason, and the path as the client wrote it."""
    reason, _, where = message.partition(" - at `")
    path = where.rstrip("`").removeprefix("key` in `").removeprefix("$").removeprefix(".")
    if "missing required field" in reason:
        field = reason.split("`")[1]
        return Invalid("This field is required", path=f"{path}.{field}".lstrip("."))
    if "matching regex" in reason:
        reason = "This has a character that is not allowed here"
    return Invalid(reason, path=path or None)


def _refuse_lone_surrogates(value: object, path: str) -> None:
    """Half a surrogate pair (a cut emoji) is no text: it cannot be stored or sent on."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Invalid("This is not valid Unicode text", path=path) from None
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_lone_surrogates(key, path)
            _refuse_lone_surrogates(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_lone_surrogates(item, f"{path}[{index}]")
