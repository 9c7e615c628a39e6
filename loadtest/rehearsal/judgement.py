"""The checker on a rehearsal: devices' histories beside the log itself, or the log as read anew."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from loadtest.checker import Verdict, check
from loadtest.faults.recorded import all_documents
from loadtest.history import Page, Record, Shown, StoredConversation, StoredMessage, now, read
from loadtest.rehearsal.venue import Venue
from loadtest.stored import stored

WRITTEN_WITHIN_S = 10.0
LOOK_EVERY_S = 0.2

Members = Mapping[str, tuple[str, ...]]


def judge(histories: Iterable[Path], venue: Venue, members: Members) -> Verdict:
    """The verdict; `members` are the people of all conversations of the run.

    Where MongoDB can be reached the log is what it holds, else what was read anew at the end
    through another node.
    """
    records = list(read(histories))
    if venue.mongo_url is not None and venue.database is not None:
        log: Iterable[Record] = stored(_written(venue.mongo_url, venue.database))
        log = (each for each in log if each.conversation in members)  # others use it as well
    else:
        log = as_read(records, members)
    return check([*records, *log])


def _written(mongo_url: str, database: str) -> dict[str, list[dict[str, Any]]]:
    """What the database holds once the heads, which are written behind, have caught up."""
    deadline = time.monotonic() + WRITTEN_WITHIN_S
    while True:
        documents = all_documents(mongo_url, database)
        counts = Counter(each["_id"]["c"] for each in documents["messages"])
        heads = {each["_id"]: each["head"]["seq"] for each in documents["conversations"]}
        if all(counts[name] == head for name, head in heads.items()):
            return documents
        if time.monotonic() > deadline:
            return documents  # the checker says what is wrong with them
        time.sleep(LOOK_EVERY_S)


def as_read(records: Iterable[Record], members: Members) -> Iterator[Record]:
    """The log as pages of history show it; the last page that has a message counts."""
    found: dict[str, dict[int, Shown]] = {name: {} for name in members}
    for record in records:
        if isinstance(record, Page) and record.conversation in found:
            found[record.conversation].update({each.seq: each for each in record.messages})
    for name, messages in found.items():
        last = max(messages, default=0)
        yield StoredConversation(
            at=now(), conversation=name, members=members[name], seq=last, mod=0, reads=None
        )
        for message in messages.values():
            yield StoredMessage(at=now(), conversation=name, message=message)
