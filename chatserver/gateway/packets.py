"""Which packets a client may send: checked before python-engineio and python-socketio parse them.

Whoever breaks the protocol is disconnected; a bad payload in a proper packet is only refused.
Sources: Engine.IO protocol 4 and Socket.IO protocol 5.
"""

from __future__ import annotations

import json
from math import inf
from typing import Any

from msgspec import Struct
from socketio import packet as socketio_packet

from chatserver.errors import ProtocolBroken

PACKETS_PER_POST = 16
_SEPARATOR = "\x1e"
_CONTROL = frozenset({"1", "2probe", "3", "5", "6"})  # close, probe, pong, upgrade, noop
_MESSAGE = ("40", "41", "42")  # connect, disconnect, event; we never ask for an ack


class Event(Struct, frozen=True):
    """A client's event with the id under which it wants the acknowledgement.

    `deadline` is the time of the event loop by which it is to be answered.
    """

    name: str
    payload: Any
    ack: int | None
    deadline: float = inf


def check_packet(data: object) -> str:
    """An Engine.IO packet that a client may send.

    Raises:
        ProtocolBroken: it is binary, of an unknown type, or not for a client to send.
    """
    if not isinstance(data, str):
        raise ProtocolBroken("Binary packets are not accepted")
    if data.startswith(_MESSAGE) or data in _CONTROL:
        return data
    raise ProtocolBroken("Unknown packet")


def check_body(body: bytes) -> None:
    """The body of a long-polling POST: several packets.

    Raises:
        ProtocolBroken: one of them is not acceptable, or there are too many.
    """
    try:
        packets = body.decode().split(_SEPARATOR)
    except UnicodeDecodeError:
        raise ProtocolBroken("The body is not UTF-8") from None
    if len(packets) > PACKETS_PER_POST:
        raise ProtocolBroken("Too many packets in one body")
    for each in packets:
        check_packet(each)


class _Json:
    """JSON for packets: strict, and every way of failing is one error."""

    @staticmethod
    def loads(text: str) -> Any:
        try:
            return json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise ProtocolBroken("The payload is not valid JSON") from None

    dumps = staticmethod(json.dumps)


class Packet(socketio_packet.Packet):
    """python-socketio's packet with our JSON, for this server alone."""

    uses_binary_events = False
    json = _Json


def parse_packet(data: str) -> Packet:
    """A Socket.IO packet.

    Raises:
        ProtocolBroken: it cannot be read.
    """
    try:
        return Packet(encoded_packet=data)
    except (ValueError, TypeError, IndexError):
        raise ProtocolBroken("The packet cannot be read") from None


def parse_event(packet: Packet, deadline: float = inf) -> Event:
    """The event in an EVENT packet: a name and at most one payload.

    Raises:
        ProtocolBroken: it is no array that begins with a name.
    """
    data = packet.data
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        raise ProtocolBroken("An event begins with its name")
    return Event(data[0], data[1] if len(data) > 1 else None, packet.id, deadline)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are no JSON
