"""Socket.IO packets of a client, read strictly. Source: Socket.IO protocol 5.

Binary packets are not accepted: nobody may make the server hold attachments.
"""

from __future__ import annotations

import json
import re
from math import inf
from typing import Any

import msgspec
from msgspec import Raw, Struct
from socketio import packet as socketio_packet

from chatserver.gateway.engine.errors import ProtocolError

CONNECT, DISCONNECT, EVENT, ACK = 0, 1, 2, 3
RESERVED = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)

_PACKET = re.compile(r"([0-3])(?:(/[^,?]*)(?:\?[^,]*)?(?:,|$))?([0-9]{0,15})(.*)", re.DOTALL)
_raws = msgspec.json.Decoder(list[Raw])
_decode = msgspec.json.Decoder().decode


class Packet(Struct, frozen=True):
    """`kind`, namespace and acknowledgement id, with the payload as sent: JSON, or nothing."""

    kind: int
    namespace: str
    id: int | None
    payload: str


class Event(Struct, frozen=True):
    """An EVENT's name and first argument, as JSON, and the id it is to be acknowledged by."""

    name: str
    payload: bytes | Raw
    id: int | None


def parse(data: str) -> Packet:
    """A packet that a client may send.

    Raises:
        ProtocolError: it is none.
    """
    match = _PACKET.fullmatch(data)
    if match is None:
        raise ProtocolError("A packet cannot be read")
    kind, namespace, id_, payload = match.groups()
    packet = Packet(int(kind), namespace or "/", int(id_) if id_ else None, payload)
    _check(packet)
    return packet


def event(packet: Packet) -> Event:
    """An EVENT packet's content; nothing but the name is decoded.

    Raises:
        ProtocolError: it is no array that begins with a name, or the name is reserved.
    """
    try:
        name, *arguments = _raws.decode(packet.payload)
        return Event(_name(_decode(name)), arguments[0] if arguments else b"", packet.id)
    except (ValueError, RecursionError):
        # what msgspec does not read: half a surrogate pair gets a better answer than the end
        name, *rest = arguments_of(packet)
        return Event(_name(name), json.dumps(rest[0]).encode() if rest else b"", packet.id)


def arguments_of(packet: Packet) -> list[Any]:
    """The array that an EVENT or ACK carries.

    Raises:
        ProtocolError: it carries none.
    """
    arguments = payload_of(packet)
    if not isinstance(arguments, list):
        raise ProtocolError("A payload is no array")
    if packet.kind == EVENT:
        _name(arguments[0] if arguments else None)
    return arguments


def payload_of(packet: Packet) -> Any:
    """The payload, decoded; None where there is none.

    Raises:
        ProtocolError: it is no JSON.
    """
    if not packet.payload:
        return None
    try:
        return _decode(packet.payload)
    except (ValueError, RecursionError):
        return Json.loads(packet.payload)  # slower, and reads numbers of any size


def auth_of(packet: Packet) -> dict[str, Any] | None:
    """What comes with a CONNECT: an object, or nothing.

    Raises:
        ProtocolError: it is something else.
    """
    auth = payload_of(packet)
    if auth is not None and not isinstance(auth, dict):
        raise ProtocolError("What comes with CONNECT is no object")
    return auth


class Json:
    """JSON as python-socketio calls it: strict, and every way of failing is one error."""

    @staticmethod
    def loads(text: str) -> Any:
        """Decode; raises ProtocolError."""
        try:
            return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError):
            raise ProtocolError("A payload is no JSON") from None

    dumps = staticmethod(json.dumps)


class Encoder(socketio_packet.Packet):
    """python-socketio's packet, for what goes out."""

    uses_binary_events = False
    json = Json


def _check(packet: Packet) -> None:
    if packet.kind == ACK and packet.id is None:
        raise ProtocolError("An acknowledgement has no id")
    if packet.kind in (CONNECT, DISCONNECT) and packet.id is not None:
        raise ProtocolError("A packet has an id that it must not have")
    if packet.kind == DISCONNECT and packet.payload:
        raise ProtocolError("A packet has a payload that it must not have")


def _name(name: object) -> str:
    if not isinstance(name, str) or name in RESERVED:
        raise ProtocolError("An event has no name, or a reserved one")
    return name


def _finite(number: str) -> float:
    value = float(number)
    if value in (inf, -inf):
        raise ValueError(number)  # could not be sent on
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are no JSON
