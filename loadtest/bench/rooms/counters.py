"""What the databases count themselves: commands, publications, processor time."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from pymongo import MongoClient
from redis import Redis

# what asks or changes something; greetings and the like are left out
_MONGO = (
    "aggregate", "commitTransaction", "count", "delete", "distinct", "find", "findAndModify",
    "getMore", "insert", "update",
)  # fmt: skip
# as nodes send them; what a script does inside counts as well with Redis, and not here
_SENT = ("eval", "evalsha", "ping", "ssubscribe", "subscribe", "sunsubscribe", "unsubscribe")
_PUBLISHED = ("publish", "spublish")


class Asked:
    """How many commands a MongoDB was sent."""

    def __init__(self, url: str) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(url)

    def __enter__(self) -> Asked:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def count(self) -> int:
        """Commands since it started; those inside a batch count as one."""
        counted = self._client.admin.command("serverStatus")["metrics"]["commands"]
        return sum(int(counted[name]["total"]) for name in _MONGO if name in counted)


class Told(Struct, frozen=True):
    """What a Redis did since it started, or in a stretch of time."""

    commands: float
    publications: float
    used_s: float  # of the processor

    def less(self, other: Told, times: float = 1) -> Told:
        """What is left without so many times the other."""
        return Told(
            self.commands - times * other.commands,
            self.publications - times * other.publications,
            self.used_s - times * other.used_s,
        )


class Telling:
    """What a Redis says of itself."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url)

    def __enter__(self) -> Telling:
        return self

    def __exit__(self, *_: object) -> None:
        self._redis.close()

    def read(self) -> Told:
        """All of it until now."""
        said: dict[str, Any] = self._redis.info("commandstats", "cpu")
        return Told(
            sum(_calls(said, name) for name in _SENT),
            sum(_calls(said, name) for name in _PUBLISHED),
            float(said["used_cpu_user"]) + float(said["used_cpu_sys"]),
        )


def _calls(said: dict[str, Any], command: str) -> int:
    return int(said.get(f"cmdstat_{command}", {"calls": 0})["calls"])
