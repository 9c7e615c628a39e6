"""What is measured, part by part: the columns of each table."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Part(Struct, frozen=True, kw_only=True):
    """One table. Costs are of one delivery, message or call.

    Behind × stands the ratio of the `compared` quantities to those of the case `beside`.
    """

    name: str
    title: str
    quantities: tuple[str, ...]
    compared: tuple[str, ...] = ()
    beside: str = ""


SERVER = "server µs"
DATA = "databases µs"
ASKED = "MongoDB commands"
P50, P99 = "p50 ms", "p99 ms"

PARTS: Mapping[str, Part] = {
    part.name: part
    for part in (
        Part(
            name="room",
            title="A room of {members:,}",
            quantities=("deliveries/s", SERVER),
            compared=("deliveries/s", SERVER),
            beside="one node",
        ),
        Part(
            name="nodes",
            title="{pairs} pairs at different nodes, {pace:.0f} messages a second",
            quantities=(SERVER, "Redis commands", "publications", "Redis µs", P99, "at rest, %"),
            compared=(SERVER, "Redis commands", "publications", "Redis µs"),
            beside="two nodes",
        ),
        Part(
            name="sync",
            title="sync of a person with {directs} direct conversations and {rooms} rooms",
            quantities=(P50, P99, ASKED, SERVER),
        ),
        Part(
            name="storm",
            title="{storm:,} people sync at once",
            quantities=("all answered, s", P50, P99, ASKED, SERVER, "refusals"),
        ),
        Part(
            name="marks",
            title="{members:,} members of a room mark a notice as read at once",
            quantities=("all answered, s", P50, P99, ASKED, SERVER, DATA),
        ),
        Part(
            name="reading",
            title="Reading with {history} messages in each conversation, and {times} times as many",
            quantities=(P50, P99, ASKED, SERVER),
            compared=(P50, P99, ASKED, SERVER),
            beside="the short history",
        ),
    )
}
