"""What a run gives: figures for each second, for all of it, and the verdict."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from loadtest.rehearsal.figures import Waits
from loadtest.swarm.failed import Failed


class Span(Struct, frozen=True):
    """A stage or a fault, in seconds since the beginning."""

    name: str
    begin: float
    end: float


class Looked(Struct, frozen=True, kw_only=True):
    """What the servers say of a second, as far as they can be reached; cores and MB."""

    server_cpu: float | None = None
    server_mb: float | None = None
    lag_ms: float | None = None  # mean of the nodes' event loops
    batch: float | None = None  # messages stored in one write, mean
    data_cpu: float | None = None  # MongoDB and Valkey
    mongo_commands: float | None = None
    redis_commands: float | None = None


class Second(Struct, frozen=True, kw_only=True):
    """What happened in one second (or a little more)."""

    at: float
    lasted: float
    online: int
    counts: dict[str, int]
    waits: dict[str, Waits]
    load_cpu: float  # of the busiest load process, of one core
    looked: Looked

    def rate(self, name: str) -> float:
        """How often per second something happened."""
        return self.counts.get(name, 0) / self.lasted


class Judged(Struct, frozen=True):
    """The verdict as it is kept."""

    ok: bool
    looked_at: dict[str, int]
    violations: tuple[str, ...]


class Report(Struct, frozen=True, kw_only=True):
    """All of a run."""

    title: str
    about: str
    machine: str
    began: str
    clients: int
    processes: int
    own_servers: bool
    settings: dict[str, str] = {}  # of own servers, beside the product's
    stages: tuple[Span, ...]
    faults: tuple[Span, ...]
    seconds: tuple[Second, ...]
    counts: dict[str, int]
    waits: dict[str, Waits]
    settled_s: float | None  # from the last word to all devices alike; None: not in time
    notes: tuple[str, ...]
    judged: Judged

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return self.judged.ok and self.settled_s is not None


def write(report: Report, file: Path) -> None:
    """Keep a report as JSON."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def read(file: Path) -> Report:
    """A report that was kept.

    Raises:
        Failed: the file is none.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError) as error:
        raise Failed(f"{file} is no report of a rehearsal: {error}") from None
