"""What the log itself must be: everything acknowledged, once, in order, and nothing else.

Each rule looks at the evidence and names every breach; its docstring is the promise.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from loadtest.evidence import CHANGES, Attempt, Evidence, MessageKey
from loadtest.history import Fail, Info, Invoke, Ok, Shown, StoredChange


def acknowledged_is_stored(evidence: Evidence) -> Iterator[str]:
    """R1: an acknowledged message is in the log, under its number, by its sender, as sent."""
    for attempt, ok in evidence.acknowledged("message.send"):
        invoke = attempt.invoke
        place = f"message {ok.seq} of {invoke.conversation}, acknowledged to {invoke.user}"
        found = evidence.by_number.get((invoke.conversation, ok.seq))
        if found is None:
            yield f"{place}, is not in the log"
        elif (found.sender, found.client_id) != (invoke.user, invoke.client_id):
            yield f"{place}, is {found.sender}'s {found.client_id} in the log"
        elif ok.time and found.at and ok.time != found.at:
            yield f"{place}, has another time in the log"
        elif not _as_sent(evidence, invoke, found):
            yield f"{place}, has another body in the log"


def acknowledged_change_is_stored(evidence: Evidence) -> Iterator[str]:
    """R1 for edits, recalls and reactions: what was acknowledged is so by then in the log."""
    of_message: dict[tuple[str, int], list[StoredChange]] = defaultdict(list)
    for conversation, changes in evidence.changes.items():
        for change in changes:
            of_message[conversation, change.seq].append(change)
    for attempt, ok in evidence.acknowledged(*CHANGES):
        invoke = attempt.invoke
        place = (invoke.conversation, invoke.seq)
        earlier = [change for change in of_message[place] if change.mod <= ok.mod]
        if not _ASKED[invoke.name](evidence, invoke, earlier):
            yield (
                f"the {CHANGES[invoke.name]} of message {invoke.seq} of {invoke.conversation} by "
                f"{invoke.user}, acknowledged as change {ok.mod}, is not in the log"
            )


def a_message_is_stored_once(evidence: Evidence) -> Iterator[str]:
    """R2: one client_id of one sender is in a conversation's log at most once."""
    for conversation, log in evidence.log.items():
        names = Counter((message.sender, message.client_id) for message in log if _sent(message))
        for (sender, client_id), count in names.items():
            if count > 1:
                yield f"{sender}'s {client_id} is {count} times in {conversation}"


def a_retry_gets_the_first_answer(evidence: Evidence) -> Iterator[str]:
    """R2: all acknowledgements of one message name the same number, one at most as the first."""
    for (conversation, sender, client_id), attempts in evidence.sends().items():
        oks = [(attempt, attempt.outcome) for attempt in attempts]
        acks = [(attempt, ok) for attempt, ok in oks if isinstance(ok, Ok)]
        name = f"{sender}'s {client_id} in {conversation}"
        if len({ok.seq for _, ok in acks}) > 1:
            yield f"{name} was acknowledged as {sorted({ok.seq for _, ok in acks})}"
        if sum(not ok.duplicate for _, ok in acks) > 1:
            yield f"{name} was acknowledged as new more than once"
        if len({attempt.invoke.body for attempt, _ in acks}) > 1:
            yield f"{name} was acknowledged with two different bodies"


def numbers_have_no_holes(evidence: Evidence) -> Iterator[str]:
    """R3: a conversation's messages are numbered 1, 2, 3, … and so are its changes."""
    for name, stored in evidence.conversations.items():
        messages = [message.seq for message in evidence.log[name]]
        changes = [change.mod for change in evidence.changes[name]]
        yield from _not_dense(f"messages of {name}", messages)
        yield from _not_dense(f"changes of {name}", changes)
        if (stored.seq, stored.mod) != (len(messages), len(changes)):
            yield (
                f"the head of {name} says {stored.seq} messages and {stored.mod} changes, "
                f"its logs hold {len(messages)} and {len(changes)}"
            )


def sending_order_is_kept(evidence: Evidence) -> Iterator[str]:
    """R8: what one device sends one after another gets numbers in that order."""
    devices: dict[tuple[str, str, str], list[_Sent]] = defaultdict(list)
    for key, attempts in evidence.sends().items():
        numbers = [attempt.outcome.seq for attempt in attempts if isinstance(attempt.outcome, Ok)]
        if numbers:
            invoke = attempts[0].invoke
            devices[key[0], invoke.user, invoke.device].append(_Sent(key, numbers[0], attempts))
    for (conversation, user, device), sent in devices.items():
        for earlier, later in _inversions(sent):
            yield (
                f"{device} of {user} sent {earlier.key[2]} before {later.key[2]} to "
                f"{conversation}, and they got numbers {earlier.seq} and {later.seq}"
            )


def nothing_comes_from_nowhere(evidence: Evidence) -> Iterator[str]:
    """R6: every message in the log was sent by its sender, with this body or a later edit."""
    sends = evidence.sends()
    for name, log in evidence.log.items():
        for message in log:
            attempts = sends.get((name, message.sender, message.client_id), [])
            if _sent(message) and not any(
                _as_sent(evidence, attempt.invoke, message) for attempt in attempts
            ):
                yield f"message {message.seq} of {name} is not what {message.sender} sent"


def refused_is_not_stored(evidence: Evidence) -> Iterator[str]:
    """A message of which every attempt was refused is not in the log, and no change either."""
    stored = {
        (name, message.sender, message.client_id)
        for name, log in evidence.log.items()
        for message in log
    }
    for key, attempts in evidence.sends().items():
        if key in stored and all(isinstance(attempt.outcome, Fail) for attempt in attempts):
            yield f"{key[1]}'s {key[2]} was refused, and is in {key[0]}"


def _sent(message: Shown) -> bool:
    """Whether a person sent it; the server fills unused numbers with `void`."""
    return message.kind not in ("void", "system")


def _as_sent(evidence: Evidence, invoke: Invoke, message: Shown) -> bool:
    if message.recalled or message.body == invoke.body:
        return True
    return message.edits > 0 and message.body in evidence.edits[invoke.conversation, message.seq]


def _edited(evidence: Evidence, invoke: Invoke, changes: list[StoredChange]) -> bool:
    """Asking for the text that a message has anyway makes no change."""
    edits = [
        c.body for c in changes if (c.change, c.seq, c.by) == ("edit", invoke.seq, invoke.user)
    ]
    return invoke.body in edits or any(
        (attempt.invoke.conversation, ok.seq, attempt.invoke.body)
        == (invoke.conversation, invoke.seq, invoke.body)
        for attempt, ok in evidence.acknowledged("message.send")
    )


def _recalled(_evidence: Evidence, invoke: Invoke, changes: list[StoredChange]) -> bool:
    return any((c.change, c.seq, c.by) == ("recall", invoke.seq, invoke.user) for c in changes)


def _reacted(_evidence: Evidence, invoke: Invoke, changes: list[StoredChange]) -> bool:
    """The last word about a reaction of somebody to a message is what was asked for."""
    words = [
        change.on
        for change in changes
        if (change.seq, change.by, change.reaction) == (invoke.seq, invoke.user, invoke.reaction)
        and change.change == "react"
    ]
    return (words[-1] if words else False) == invoke.on


_ASKED = {"message.edit": _edited, "message.recall": _recalled, "message.react": _reacted}


def _not_dense(what: str, numbers: Sequence[int]) -> Iterator[str]:
    if numbers != list(range(1, len(numbers) + 1)):
        jumps = [later for earlier, later in pairwise((0, *numbers)) if later != earlier + 1]
        yield f"the {what} are not 1 … {len(numbers)}: there is a jump at {jumps[:5]}"


class _Sent:
    """A message of a device with the number it got and the attempts to send it."""

    def __init__(self, key: MessageKey, seq: int, attempts: list[Attempt]) -> None:
        self.key = key
        self.seq = seq
        self.attempts = attempts

    def leads(self, other: _Sent) -> bool:
        """Whether every attempt at the other was made after this one had safely gone first."""
        return all(
            any(_went_first(mine, theirs) for mine in self.attempts) for theirs in other.attempts
        )


def _went_first(mine: Attempt, theirs: Attempt) -> bool:
    """A connection's calls are handled in order, unless the first of two was turned away.

    A call that was lost together with its connection was handled before what came after it on
    that connection, if that was handled; one answered with 'unknown' says nothing.
    """
    if mine.invoke.at >= theirs.invoke.at:
        return False
    if isinstance(mine.outcome, Ok):
        same = mine.invoke.connection == theirs.invoke.connection
        return same or mine.outcome.at < theirs.invoke.at
    lost = isinstance(mine.outcome, Info) and mine.outcome.reason == "lost"
    return lost and mine.invoke.connection == theirs.invoke.connection


def _inversions(sent: list[_Sent]) -> Iterator[tuple[_Sent, _Sent]]:
    """Pairs of which the first had to get the lower number, and did not."""
    highest = 0
    for index, later in enumerate(sent):
        if later.seq < highest:
            for earlier in sent[:index]:
                if earlier.seq > later.seq and earlier.leads(later):
                    yield earlier, later
        highest = max(highest, later.seq)
