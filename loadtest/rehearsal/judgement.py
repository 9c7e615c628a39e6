"""The checker on a rehearsal: devices' histories beside the log itself, or the log as read anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from loadtest.checker import Verdict, check
from loadtest.faults.recorded import all_documents
from loadtest.history import Page, Record, Shown, StoredConversation, StoredMessage, now, read
from loadtest.rehearsal.venue import Venue
from loadtest.stored import stored

Members = Mapping[str, tuple[str, ...]]


def judge(histories: Iterable[Path], venue: Venue, members: Members) -> Verdict:
    """The verdict; `members` are the people of all conversations of the run.

    Where MongoDB can be reached the log is what it holds, else what was read anew at the end
    through another node.
    """
    records = list(read(histories))
    if venue.mongo_url is not None and venue.database is not None:
        log: Iterable[Record] = stored(all_documents(venue.mongo_url, venue.database))
        log = (each for each in log if each.conversation in members)  # others use it as well
    else:
        log = as_read(records, members)
    return check([*records, *log])


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
