"""A handshake as it came: the little of HTTP that an engine and its application look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import parse_qs


class Request:
    """Method, path, query, headers and peer; only the bytes are kept, and read when asked."""

    __slots__ = ("_head", "peer", "target")

    def __init__(self, target: str, head: bytes, peer: str) -> None:
        """`target` is path and query as sent; `head` the header lines, `peer` the address."""
        self.target = target
        self._head = head
        self.peer = peer

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.partition("?")[0]

    @property
    def query_string(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]

    def query(self) -> Mapping[str, str]:
        """The first value of each parameter."""
        return _query(self.query_string)

    def headers(self) -> Mapping[str, str]:
        """Values by lower-case name; lines of one name are one list, joined by commas."""
        values: dict[str, str] = {}
        for name, value in self._lines():
            values[name] = f"{values[name]}, {value}" if name in values else value
        return values

    def header(self, name: str) -> str | None:
        """One header's value."""
        name = name.lower()
        # most are asked for where they are absent
        return self.headers().get(name) if name.encode() in self._head.lower() else None

    def _lines(self) -> Iterator[tuple[str, str]]:
        for line in self._head.decode("latin-1").split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                yield name.lower(), value.strip(" \t")


@lru_cache(256)  # most clients ask with the same few
def _query(text: str) -> Mapping[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}
