"""The database's documents become records without loss of what the rules compare."""

from __future__ import annotations

from typing import Any

from loadtest.history import StoredChange, StoredConversation, StoredMessage, digest
from loadtest.stored import COLLECTIONS, stored

DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    "conversations": [{"_id": "c", "members": ["lin", "mei"], "head": {"seq": 1, "mod": 2}}],
    "memberships": [
        {"_id": {"c": "c", "u": "mei"}, "conversation": "c", "user": "mei", "read": 1},
        {"_id": {"c": "c", "u": "lin"}, "conversation": "c", "user": "lin", "read": 0},
    ],
    "messages": [
        {
            "_id": {"c": "c", "s": 1}, "sender": "mei", "client_id": "m1", "kind": "text",
            "body": {"text": "b"}, "at": 5, "edits": 1, "mod": 2, "edited_at": 6,
            "reactions": [{"reaction": "👍", "users": ["lin"]}],
        }
    ],
    "changes": [
        {"_id": {"c": "c", "m": 1}, "type": "edit", "seq": 1, "by": "mei", "body": {"text": "b"}},
        {
            "_id": {"c": "c", "m": 2}, "type": "react", "seq": 1, "by": "lin", "reaction": "👍",
            "on": True,
        },
    ],
}  # fmt: skip


def test_every_collection_is_told() -> None:
    assert set(COLLECTIONS) == set(DOCUMENTS)
    kinds = [type(record) for record in stored(DOCUMENTS)]
    assert kinds == [StoredConversation, StoredMessage, StoredChange, StoredChange]


def test_a_conversation_comes_with_its_read_positions() -> None:
    record = next(iter(stored(DOCUMENTS)))
    assert isinstance(record, StoredConversation)
    assert (record.seq, record.mod, record.reads) == (1, 2, {"mei": 1, "lin": 0})


def test_a_message_comes_with_what_changed_it() -> None:
    message = next(r for r in stored(DOCUMENTS) if isinstance(r, StoredMessage)).message
    assert (message.seq, message.edits, message.mod) == (1, 1, 2)
    assert message.reactions == {"👍": ("lin",)}
    assert message.body == digest({"text": "b"})
