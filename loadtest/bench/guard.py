"""What must hold after every run, however fast it was: the log is dense and complete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chatserver.store.database import Database

_NUMBERS = [
    {
        "$group": {
            "_id": "$_id.c",
            "count": {"$sum": 1},
            "last": {"$max": "$_id.s"},
            "sum": {"$sum": "$_id.s"},
        }
    }
]


class Broken(Exception):
    """The log does not hold what senders were told."""


class Told:
    """The numbers that senders were given."""

    def __init__(self) -> None:
        self._numbers: dict[str, list[int]] = {}

    def note(self, conversation: str, numbers: list[int]) -> None:
        """One sender's numbers, in the order in which the sender sent.

        Raises:
            Broken: a message overtook an earlier one.
        """
        if numbers != sorted(numbers):
            raise Broken(f"{conversation}: a sender's messages changed places: {numbers}")
        self._numbers.setdefault(conversation, []).extend(numbers)

    async def check(self, database: Database) -> None:
        """Compare with the log and, once they were flushed, the heads written behind it.

        Raises:
            Broken: a number is missing, given twice, or stored without its sender being told.
        """
        stored = {row["_id"]: row for row in await database.aggregate("messages", _NUMBERS)}
        heads = await database.collection("conversations").find({}, {"head": 1}).to_list(None)
        last = {row["_id"]: row["head"]["seq"] for row in heads}
        wrong = sorted(_wrong(self._numbers, stored, last))
        if wrong:
            raise Broken("; ".join(wrong[:5]) + f" ({len(wrong)} conversations in all)")


def _wrong(
    told: Mapping[str, list[int]],
    stored: Mapping[str, Mapping[str, Any]],
    heads: Mapping[str, int],
) -> Iterable[str]:
    for conversation in told.keys() | stored.keys():
        numbers = told.get(conversation, [])
        count = len(numbers)
        row = stored.get(conversation, {"count": 0, "last": 0, "sum": 0})
        if sorted(numbers) != list(range(1, count + 1)):
            yield f"{conversation}: senders were told numbers with holes or twice"
        elif (row["count"], row["last"], row["sum"]) != (count, count, count * (count + 1) // 2):
            yield f"{conversation}: {count} acknowledged, {row['count']} stored up to {row['last']}"
        elif heads.get(conversation) != count:
            yield f"{conversation}: {count} stored, the head says {heads.get(conversation)}"
