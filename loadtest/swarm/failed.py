"""What ends a measurement without a figure, and what a server says no with."""

from __future__ import annotations

import msgspec


class Failed(Exception):
    """A server did not do what was to be measured; the sentence says what."""


class Refused(Failed):
    """The server did not let a client in.

    `code` says why, `retry_after_ms` when to come again, 0 where the server does not say.
    """

    def __init__(self, code: str, retry_after_ms: float = 0) -> None:
        super().__init__(f"the server refused the client: {code}")
        self.code = code
        self.retry_after_ms = retry_after_ms

    @classmethod
    def by(cls, packet: bytes) -> Refused:
        """What a CONNECT_ERROR packet says."""
        try:
            said = msgspec.json.decode(packet[packet.index(b"{") :])
        except (ValueError, msgspec.DecodeError):
            return cls(packet[:300].decode(errors="replace"))
        more = said.get("data")
        after = more.get("retry_after_ms") if isinstance(more, dict) else None
        return cls(str(said.get("message")), float(after or 0))
