"""`bench search` on the command line."""

from __future__ import annotations

from pathlib import Path

import msgspec
import uvloop

from loadtest.bench.figures import show
from loadtest.bench.node import mongo as mongo_at
from loadtest.bench.search import run, table


def search(
    *,
    messages: int = 1_000_000,
    conversations: int = 500,
    searches: int = 200,
    mongo: str | None = None,
    json: Path | None = None,
    markdown: Path | None = None,
) -> None:
    """How fast messages are indexed and found, and what the index takes up.

    Parameters
    ----------
    messages
        How many there are.
    conversations
        In how many conversations they are.
    searches
        How often each kind of search is made.
    mongo
        URL of a replica set to use; by default one of its own is started.
    json
        File for the figures.
    markdown
        File with the markers between which the tables go.
    """
    plan = run.Plan(
        messages=messages,
        conversations=conversations,
        searches=searches,
        followed=min(run.FOLLOWED_MAX, messages),
    )
    with mongo_at(mongo) as url:
        report = uvloop.run(run.run(url, plan))
    show(table.terminal(report))
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    if markdown is not None:
        table.write_into(markdown, report)
