"""What all devices of one load process share: nodes, tokens, the book, the history."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from chatserver import clock
from chatserver.config import Settings
from chatserver.domain.person import Person, Role
from chatserver.services.auth import mint
from loadtest.history import Shown, shown
from loadtest.recorder import GatheringRecorder
from loadtest.rehearsal.figures import Book
from loadtest.rehearsal.scenario import Phones
from loadtest.rivals.dialects import ProductDialect
from loadtest.swarm import frames
from loadtest.swarm.crowd import Door, Place

TOKEN_S = 8 * 3600
LONG_AGO_MS = 24 * 3600 * 1000
KNOWN_MAX = 4096
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
PORTS_OF_ADDRESS = 20_000  # connections from one source address, well below its ephemeral ports


class Target(Struct, frozen=True):
    """The server: its nodes by URL and the secret that signs tokens."""

    urls: tuple[str, ...]
    secret: str
    issuer: str = "chatserver"
    audience: str = "chatserver"


class Event(Struct, frozen=True):
    """An event as decoded once for all devices that get the same bytes."""

    name: str
    payload: Any
    message: Shown | None
    due: float | None  # of a message of this run


@dataclass
class Ways:
    """The way to the servers, and where to note what happens on it."""

    target: Target
    run: str  # begins every client_id
    recorder: GatheringRecorder
    chance: random.Random
    phones: Phones
    book: Book = field(default_factory=Book)
    on_message: Callable[[Any, Any], None] = lambda _device, _message: None

    def __post_init__(self) -> None:
        dialect = ProductDialect(self.target.secret)
        self.places = [place_of(url, dialect) for url in self.target.urls]
        self.doors = [Door(place) for place in self.places]
        self._settings = Settings(
            jwt_key=self.target.secret,
            jwt_issuer=self.target.issuer,
            jwt_audience=self.target.audience,
        )
        self._letters = itertools.count(1)
        self._known: dict[bytes, Event] = {}
        self._lines = itertools.count()

    def greeting(self, user: str, role: Role, device: str, *, expired: bool) -> bytes:
        """CONNECT with a fresh token, or with one that has ended; customers come by phone."""
        made_at = clock.now_ms() - (LONG_AGO_MS if expired else 0)
        person = Person(user=user, name=user, role=role)
        token = mint(self._settings, person, ttl_s=TOKEN_S, now_ms=made_at)
        platform = "android" if role == "customer" else "desktop"
        auth = {"token": token, "device": {"id": device, "platform": platform}}
        return frames.masked("40" + msgspec.json.encode(auth).decode())

    def source(self, home: int) -> dict[str, Any]:
        """Where a connection to a node comes from: loopback has many addresses with ports each."""
        if self.places[home].host not in LOOPBACK:
            return {}
        number = next(self._lines) // PORTS_OF_ADDRESS
        return (
            {"local_addr": (f"127.0.{1 + number // 250}.{1 + number % 250}", 0)} if number else {}
        )

    def client_id(self, due: float) -> str:
        """A new message's: it tells every receiver when the message was due."""
        return f"{self.run}.{int(due * 1e6):x}.{next(self._letters):x}"

    def event(self, packet: bytes) -> Event:
        """An event packet, decoded once for however many devices get the same bytes."""
        known = self._known.get(packet)
        if known is None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            known = self._known[packet] = self._decoded(packet)
        return known

    def _decoded(self, packet: bytes) -> Event:
        name, payload = msgspec.json.decode(memoryview(packet)[2:])
        if name != "message":
            return Event(name, payload, None, None)
        return Event(name, payload, shown(payload), self._due(payload["client_id"]))

    def _due(self, client_id: str) -> float | None:
        run, _, rest = client_id.partition(".")
        return int(rest.partition(".")[0], 16) / 1e6 if run == self.run else None


def place_of(url: str, dialect: ProductDialect) -> Place:
    """Where a URL leads."""
    parts = urlsplit(url)
    secure = parts.scheme in ("https", "wss")
    port = parts.port or (443 if secure else 80)
    return Place(port=port, pid=0, dialect=dialect, host=parts.hostname or "", secure=secure)


def now() -> float:
    """The clock of everything that is due."""
    return time.perf_counter()
