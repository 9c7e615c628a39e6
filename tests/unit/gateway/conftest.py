"""What lies under the hub, noting what it is asked to do: a socket and a bus. And event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

from chatserver.domain.person import Caller, Identity
from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.hub import Connection
from tests.unit.gateway.leaping import LeapingLoop

LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
    "leaping": LeapingLoop,
}


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Plain asyncio, unless a test names its loops."""
    marker = item.get_closest_marker("asyncio")
    named = marker is not None and "loop_factories" in marker.kwargs
    return LOOPS if named else {"asyncio": LOOPS["asyncio"]}


class Wire:
    """Notes the Socket.IO packets that it is to send."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.frames: list[Frame] = []

    def push(self, frame: Frame) -> None:
        self.sent.append(frame.text.removeprefix("4"))
        self.frames.append(frame)

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
