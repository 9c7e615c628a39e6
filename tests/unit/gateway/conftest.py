"""What lies under the hub, noting what it is asked to do: a socket and a bus."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatserver.domain.person import Caller, Identity
from chatserver.gateway.hub import Connection


class Wire:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def push(self, packet: str) -> None:
        self.sent.append(packet)

    def close(self) -> None:
        self.sent.append("closed")


class Topics:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def subscribe(self, topic: str) -> None:
        self.heard.append(f"+{topic}")

    def unsubscribe(self, topic: str) -> None:
        self.heard.append(f"-{topic}")


@pytest.fixture
def topics() -> Topics:
    return Topics()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def connect() -> Callable[..., tuple[Connection, Wire]]:
    """A connection of somebody, and the socket under it."""

    def connect(
        id_: str, user: str = "mei", device: str = "phone", token_id: str = "t", issued_at: int = 5
    ) -> tuple[Connection, Wire]:
        wire = Wire()
        caller = Caller(user=user, role="customer", device=device, connection=id_)
        identity = Identity(
            user=user, role="customer", token_id=token_id, issued_at=issued_at, expires_at=10
        )
        return Connection(wire, caller, identity), wire

    return connect
