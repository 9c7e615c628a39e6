"""The index of words beside a test: a worker that keeps it, and waiting until it is up to date."""

from __future__ import annotations

import asyncio
from typing import Any

from chatserver.domain.search import tokens
from chatserver.store.messages import from_document
from chatserver.worker import followers

PATIENCE_S = 60.0


def work(node: Any) -> list[asyncio.Task[Any]]:
    """Let a node's process be a worker as well; its tasks, to be cancelled where it dies."""
    return [node.tasks.spawn("follower", each.run()) for each in followers(node.kept)]


async def indexed(node: Any) -> None:
    """Wait until every message is found by its words of now, and the index was read through."""
    async with asyncio.timeout(PATIENCE_S):
        while not await is_indexed(node):  # noqa: ASYNC110 - a database sets no event
            await asyncio.sleep(0.02)


async def is_indexed(node: Any) -> bool:
    """Whether the side that is searched has what the messages say."""
    database, state = node.kept.database, await node.kept.search.state()
    entries = {
        (each["_id"]["c"], each["_id"]["s"]): set(each["t"])
        for each in await database.collection(state.current).find().to_list(None)
    }
    messages = map(from_document, await database.collection("messages").find().to_list(None))
    wanted = {(m.conversation, m.seq): tokens(m) for m in messages if m.kind != "system"}
    return entries == wanted and await database.collection("followers").count_documents({}) > 0


async def hits(device: Any, query: str = "", **fields: Any) -> list[Any]:
    """Every hit of a search, page after page."""
    found: list[Any] = []
    page = await device.call("search.messages", {"query": query, **fields})
    while True:
        found += page["hits"]
        if page["cursor"] is None:
            return found
        fields["cursor"] = page["cursor"]
        page = await device.call("search.messages", {"query": query, **fields})


async def said(device: Any, query: str = "", **fields: Any) -> list[str]:
    """What the messages say that a search finds, the latest first."""
    return [hit["text"] for hit in await hits(device, query, **fields)]


async def names(device: Any, query: str) -> list[str]:
    """The people whom a search finds."""
    people = (await device.call("search.people", {"query": query}))["people"]
    return [each["user"] for each in people]
