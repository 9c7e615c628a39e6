"""MongoDB asked by nobody but a loop: what durable messages are held against."""

from __future__ import annotations

import time

from chatserver import clock
from chatserver.domain.message import Draft
from chatserver.store.messages import to_document
from loadtest.bench.append import BARE
from loadtest.bench.contestants import Inserts, draft_of
from loadtest.bench.figures import percentile
from loadtest.bench.node import node

DATABASE = "bench_bare"


class Bare:
    """Plain inserts, confirmed by the majority and the journal."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def inserts_per_s(self, messages: int) -> float:
        """A loop of `insert_many` with 500 documents each."""
        async with node(self._url, DATABASE, "motor") as kept:
            inserts = Inserts(BARE, [kept], plain=True)
            await kept.database.collection("plain").delete_many({})
            await inserts.get_ready(messages)
            began = time.perf_counter()
            await inserts.run()
            took_s = time.perf_counter() - began
            await inserts.check()
        return messages / took_s

    async def insert_p99_ms(self, messages: int) -> float:
        """One document after the other, nothing else going on."""
        async with node(self._url, DATABASE, "motor") as kept:
            collection = kept.database.collection("single")
            took = []
            for number in range(messages):
                document = _document(draft_of("bare", "user"), number)
                began = time.perf_counter()
                await collection.insert_one(document)
                took.append(1000 * (time.perf_counter() - began))
        return percentile(took, 0.99)


def _document(draft: Draft, number: int) -> dict[str, object]:
    document = to_document(draft, number, clock.now_ms(), b"d" * 16)
    document["place"] = document.pop("_id")  # the driver gives one
    return document
