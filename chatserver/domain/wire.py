"""Between plain data and typed calls and events: the only place that parses what clients send."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from chatserver.domain.calls import CALLS, Call
from chatserver.domain.events import Event, PresenceChanged, Typing
from chatserver.domain.refusals import refusal
from chatserver.errors import Invalid

_encode = msgspec.json.Encoder().encode
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in CALLS.items()}
_DROPPABLE = tuple(f'2["{event.name}",' for event in (Typing, PresenceChanged))


def decode_call(name: str, payload: bytes | msgspec.Raw) -> Call:
    """The call behind an event whose payload is JSON, or nothing.

    Raises:
        Invalid: no such call, or a bad field, with the field's path.
    """
    decoder = _DECODERS.get(name)
    try:
        if decoder is not None:
            return decoder.decode(payload or b"{}")
    except (msgspec.DecodeError, RecursionError):
        pass  # read again in the way that can say what is wrong
    return parse_call(name, _loads(bytes(payload) or b"{}"))


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
        raise refusal(str(error)) from None
    return call


def encode_event(event: Event) -> str:
    """The Socket.IO EVENT packet of an event, made once for all who get it."""
    return f'2["{event.name}",{_encode(event.payload()).decode()}]'


def is_droppable(packet: str) -> bool:
    """Whether an encoded event is of no use to a reader who is too slow for it."""
    return packet.startswith(_DROPPABLE)


def to_builtins(value: object) -> Any:
    """Plain data of an answer, for an acknowledgement."""
    return msgspec.to_builtins(value, str_keys=True)


def _loads(payload: bytes) -> object:
    try:
        return json.loads(payload)
    except ValueError:  # a number of thousands of digits is JSON, and yet refused
        raise Invalid("This cannot be read") from None


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
