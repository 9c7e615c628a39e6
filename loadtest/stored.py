"""The database's documents as records of a history.

Written from the document shapes alone, without the server's own code, so that a mistake there
cannot hide itself here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from loadtest.history import (
    Record,
    StoredChange,
    StoredConversation,
    StoredMessage,
    digest,
    now,
    shown,
)

Document = Mapping[str, Any]
COLLECTIONS = ("conversations", "memberships", "messages", "changes")


def stored(collections: Mapping[str, Iterable[Document]]) -> Iterator[Record]:
    """Everything that `COLLECTIONS` hold; read them when the server has nothing left to write."""
    reads: dict[str, dict[str, int]] = {}
    for document in collections["memberships"]:
        reads.setdefault(document["conversation"], {})[document["user"]] = int(document["read"])
    for document in collections["conversations"]:
        yield _conversation(document, reads.get(document["_id"], {}))
    for document in collections["messages"]:
        yield _message(document)
    for document in collections["changes"]:
        yield _change(document)


def _conversation(document: Document, reads: dict[str, int]) -> StoredConversation:
    """The two of a direct conversation stand in it; whoever was in a room has a membership."""
    return StoredConversation(
        at=now(),
        conversation=document["_id"],
        members=tuple(document.get("members") or sorted(reads)),
        seq=int(document["head"]["seq"]),
        mod=int(document["head"]["mod"]),
        reads=reads,
    )


def _message(document: Document) -> StoredMessage:
    reactions = {row["reaction"]: row["users"] for row in document.get("reactions", ())}
    message = {**document, "seq": document["_id"]["s"], "reactions": reactions}
    return StoredMessage(at=now(), conversation=document["_id"]["c"], message=shown(message))


def _change(document: Document) -> StoredChange:
    return StoredChange(
        at=now(),
        conversation=document["_id"]["c"],
        mod=int(document["_id"]["m"]),
        change=document["type"],
        seq=int(document["seq"]),
        by=document["by"],
        body=digest(document["body"]) if "body" in document else "",
        reaction=document.get("reaction", ""),
        on=document.get("on", True),
    )
