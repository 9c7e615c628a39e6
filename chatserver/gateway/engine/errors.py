"""How a client can be wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar


class ProtocolError(Exception):
    """The client broke the protocol; its session ends."""


class Refusal(Exception):
    """A request that is answered with an HTTP error, in the words of the reference server.

    Source: socketio/engine.io, `Server.errors`.
    """

    code = 3
    message = "Bad request"
    status = 400
    headers: ClassVar[Mapping[str, str]] = {"Cache-Control": "no-store"}

    def body(self) -> str:
        """The answer's body, JSON."""
        return json.dumps({"code": self.code, "message": self.message})


class UnknownTransport(Refusal):
    """Neither polling nor websocket, or one that is switched off."""

    code = 0
    message = "Transport unknown"


class UnknownSession(Refusal):
    """No session has this id, or it ended."""

    code = 1
    message = "Session ID unknown"


class BadHandshakeMethod(Refusal):
    """A session begins with a GET."""

    code = 2
    message = "Bad handshake method"


class Forbidden(Refusal):
    """The application does not let this client in."""

    code = 4
    message = "Forbidden"
    status = 403


class UnsupportedVersion(Refusal):
    """Not version 4 of the Engine.IO protocol."""

    code = 5
    message = "Unsupported protocol version"


class UnsupportedWebSocket(Refusal):
    """Not version 13 of the WebSocket protocol, the only one (RFC 6455, section 4.2.2)."""

    message = "Unsupported WebSocket version"
    status = 426
    headers: ClassVar[Mapping[str, str]] = {
        "Cache-Control": "no-store",
        "Sec-WebSocket-Version": "13",
        "Upgrade": "websocket",
    }


class Overloaded(Refusal):
    """No room for another client now."""

    code = 6
    message = "Too many connections"
    status = 503
