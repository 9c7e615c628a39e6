"""Whether all devices show what the database holds, by its numbers; the checker reads the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from loadtest.faults.recorded import RecordedDevice, Shelf

Documents = Mapping[str, list[dict[str, Any]]]


class Held(Struct, frozen=True):
    """How far a conversation's two logs go, and its members' read positions."""

    seq: int
    mod: int
    reads: dict[str, int]


def all_alike(devices: Iterable[RecordedDevice], documents: Documents) -> bool:
    """Whether each device is connected and shows all of its person's conversations to their end."""
    stored = _stored(documents)
    members = {each["_id"]: each["members"] for each in documents["conversations"]}
    for device in devices:
        own = {name: held for name, held in stored.items() if device.user in members[name]}
        if not device.connected or own != _shown(device.shelves):
            return False
    return True


def _stored(documents: Documents) -> dict[str, Held]:
    seqs = Counter(each["_id"]["c"] for each in documents["messages"])
    mods = Counter(each["_id"]["c"] for each in documents["changes"])
    reads: dict[str, dict[str, int]] = {each["_id"]: {} for each in documents["conversations"]}
    for each in documents["memberships"]:
        if each["read"]:
            reads[each["conversation"]][each["user"]] = int(each["read"])
    return {name: Held(seqs[name], mods[name], read) for name, read in reads.items()}


def _shown(shelves: Mapping[str, Shelf]) -> dict[str, Held]:
    return {
        name: Held(shelf.seq, shelf.mod, {user: seq for user, seq in shelf.reads.items() if seq})
        for name, shelf in shelves.items()
    }
