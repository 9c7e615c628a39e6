"""A history, arranged the way the checker's rules ask for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec import Struct

from loadtest.history import (
    Fail,
    Final,
    Info,
    Invoke,
    Ok,
    Page,
    Record,
    Saw,
    SawChange,
    SawRead,
    Shown,
    StoredChange,
    StoredConversation,
    StoredMessage,
)

T = TypeVar("T")
MessageKey = tuple[str, str, str]  # conversation, sender, client_id
Outcome = Ok | Fail | Info

CHANGES = {"message.edit": "edit", "message.recall": "recall", "message.react": "react"}


class Attempt(Struct, frozen=True):
    """One call and what became of it; a call whose end nobody recorded is unknown."""

    invoke: Invoke
    outcome: Outcome

    @property
    def key(self) -> MessageKey:
        """The message this attempt to send is about."""
        return (self.invoke.conversation, self.invoke.user, self.invoke.client_id)


class Sight(Struct, frozen=True):
    """Somebody was shown a message, at a time."""

    conversation: str
    user: str
    at: int
    where: str
    message: Shown


class Evidence:
    """All records of a rehearsal, by what they are about."""

    def __init__(self, records: Iterable[Record]) -> None:
        """Sort the records; their order in the files does not matter."""
        self.records = sorted(records, key=lambda record: record.at)
        self.attempts = list(_attempts(self.records))
        self.conversations = {
            record.conversation: record
            for record in self.records
            if isinstance(record, StoredConversation)
        }
        self.log = _by_conversation(
            (record.conversation, record.message)
            for record in self.records
            if isinstance(record, StoredMessage)
        )
        self.changes = _by_conversation(
            (record.conversation, record)
            for record in self.records
            if isinstance(record, StoredChange)
        )
        for log in self.log.values():
            log.sort(key=lambda message: message.seq)
        for changes in self.changes.values():
            changes.sort(key=lambda change: change.mod)
        self.by_number = {
            (name, message.seq): message for name, log in self.log.items() for message in log
        }
        self.edits = self._edits()

    def finals(self) -> list[Final]:
        """The devices' views at the end."""
        return [record for record in self.records if isinstance(record, Final)]

    def pages(self) -> list[Page]:
        """The pieces of history that were read, in order of time."""
        return [record for record in self.records if isinstance(record, Page)]

    def read_events(self) -> list[SawRead]:
        """What devices were told of read positions, in order of time."""
        return [record for record in self.records if isinstance(record, SawRead)]

    def calls(self, *names: str) -> Iterator[Attempt]:
        """The attempts at these calls, in the order they were made."""
        return (attempt for attempt in self.attempts if attempt.invoke.name in names)

    def acknowledged(self, *names: str) -> Iterator[tuple[Attempt, Ok]]:
        """The attempts at these calls that were acknowledged, with the acknowledgement."""
        for attempt in self.calls(*names):
            if isinstance(attempt.outcome, Ok):
                yield attempt, attempt.outcome

    def change_events(self) -> list[SawChange]:
        """What devices were told of changes, in order of time."""
        return [record for record in self.records if isinstance(record, SawChange)]

    def sends(self) -> dict[MessageKey, list[Attempt]]:
        """For every message the attempts to send it."""
        messages: dict[MessageKey, list[Attempt]] = defaultdict(list)
        for attempt in self.calls("message.send"):
            messages[attempt.key].append(attempt)
        return messages

    def sights(self) -> Iterator[Sight]:
        """Every showing of a message to a client, in order of time."""
        for record in self.records:
            if isinstance(record, Saw):
                yield Sight(
                    record.conversation, record.user, record.at, "a live event", record.message
                )
            elif isinstance(record, Page | Final):
                where = f"history by {record.via}" if isinstance(record, Page) else "its last view"
                for message in record.messages:
                    yield Sight(record.conversation, record.user, record.at, where, message)

    def glimpses(self) -> Iterator[tuple[str, str]]:
        """Who was told anything about which conversation: (user, conversation)."""
        for record in self.records:
            if isinstance(record, Saw | SawChange | SawRead | Final) or (
                isinstance(record, Page) and record.messages
            ):
                yield record.user, record.conversation

    def _edits(self) -> dict[tuple[str, int], set[str]]:
        """The bodies that somebody may have put in the place of a message's first one."""
        bodies: dict[tuple[str, int], set[str]] = defaultdict(set)
        for attempt in self.calls("message.edit"):
            if not isinstance(attempt.outcome, Fail):
                bodies[attempt.invoke.conversation, attempt.invoke.seq].add(attempt.invoke.body)
        return bodies


def _by_conversation(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    lists: dict[str, list[T]] = defaultdict(list)
    for conversation, item in pairs:
        lists[conversation].append(item)
    return lists


def _attempts(records: Iterable[Record]) -> Iterator[Attempt]:
    invokes: list[Invoke] = []
    outcomes: dict[str, Outcome] = {}
    for record in records:
        if isinstance(record, Invoke):
            invokes.append(record)
        elif isinstance(record, Ok | Fail | Info):
            outcomes[record.id] = record
    for invoke in invokes:
        forgotten = Info(at=invoke.at, id=invoke.id, reason="lost")
        yield Attempt(invoke, outcomes.get(invoke.id, forgotten))
