"""What people may be shown of the log: the same to all, for ever, and only what is theirs.

Each rule looks at the evidence and names every breach; its docstring is the promise.
"""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Iterator

from loadtest.evidence import Evidence
from loadtest.history import Final, SawChange, Shown, StoredChange


def what_was_shown_stays(evidence: Evidence) -> Iterator[str]:
    """R4: a number shows the same message to everybody for ever; only changes change it."""
    first: dict[tuple[str, int], Shown] = {}
    same_mod: dict[tuple[str, int, int], Shown] = {}
    for sight in evidence.sights():
        message, name = sight.message, sight.conversation
        place = f"message {message.seq} of {name}, shown to {sight.user} by {sight.where},"
        if first.setdefault((name, message.seq), message).identity != message.identity:
            yield f"{place} is not the one that was shown under this number before"
        elif same_mod.setdefault((name, message.seq, message.mod), message) != message:
            yield f"{place} looks different from before without a change"


def shown_is_stored(evidence: Evidence) -> Iterator[str]:
    """R4: whatever a client was shown is in the log in the end."""
    for sight in evidence.sights():
        found = evidence.by_number.get((sight.conversation, sight.message.seq))
        if found is None or found.identity != sight.message.identity:
            yield (
                f"message {sight.message.seq} of {sight.conversation}, shown to {sight.user} "
                f"by {sight.where}, is not the one in the log"
            )
    for seen in evidence.change_events():
        changes = evidence.changes[seen.conversation]
        if not any(_same_change(seen, change) for change in changes[seen.mod - 1 : seen.mod]):
            yield f"change {seen.mod} of {seen.conversation}, told to {seen.user}, is not stored so"


def nothing_appears_below(evidence: Evidence) -> Iterator[str]:
    """R4: history read after somebody saw number n holds everything up to n."""
    seen = _Highest(evidence)
    for page in evidence.pages():
        numbers = [message.seq for message in page.messages]
        known = seen.before(page.began, page.conversation)
        upto = max(known, numbers[-1] if numbers else 0) if page.upto is None else page.upto
        upto = min(upto, max(known, numbers[-1] if numbers else 0))
        missing = sorted(set(range(page.above + 1, upto + 1)) - set(numbers))
        where = f"history of {page.conversation} read by {page.user} through {page.via}"
        if missing:
            yield f"{where} lacks {missing[:5]} below {upto}, which was there before"
        if numbers != sorted(set(numbers)):
            yield f"{where} is not in ascending order"


def cursors_only_rise(evidence: Evidence) -> Iterator[str]:
    """R7: a read position never goes back in answers, and no event tells more than is stored.

    An event may come late: two nodes tell of two marks of one person in any order.
    """
    yield from _answers_that_went_back(evidence)
    for event in evidence.read_events():
        if event.seq > _read(evidence, event.conversation, event.member):
            yield (
                f"{event.device} of {event.user} was told that {event.member} has read "
                f"{event.seq} in {event.conversation}, which is not stored"
            )


def _answers_that_went_back(evidence: Evidence) -> Iterator[str]:
    told: defaultdict[tuple[str, str], int] = defaultdict(int)
    least: dict[int, int] = {}
    marks = list(enumerate(evidence.acknowledged("read.mark")))
    calls = [(attempt.invoke.at, number, attempt, None) for number, (attempt, _) in marks]
    answers = [(ok.at, number, attempt, ok) for number, (attempt, ok) in marks]
    for _, number, attempt, ok in sorted([*calls, *answers], key=lambda step: step[0]):
        call = attempt.invoke
        if ok is None:
            least[number] = max(call.seq, told[call.user, call.conversation])
            continue
        if ok.read < least[number]:
            yield f"{call.user} had read {least[number]} and was told {ok.read}"
        told[call.user, call.conversation] = max(ok.read, told[call.user, call.conversation])


def cursors_agree(evidence: Evidence) -> Iterator[str]:
    """R7: at the end every device shows the read positions that the database holds."""
    for final in evidence.finals():
        stored = evidence.conversations.get(final.conversation)
        expected = _moved((stored.reads if stored else {}) or {})
        if final.reads is not None and _moved(final.reads) != expected:
            yield f"{_owner(final)} shows read positions {final.reads}, stored are {expected}"
    for attempt, ok in evidence.acknowledged("read.mark"):
        if _read(evidence, attempt.invoke.conversation, attempt.invoke.user) < ok.read:
            yield f"{attempt.invoke.user}'s read mark {ok.read} was acknowledged but is not stored"


def devices_converge(evidence: Evidence) -> Iterator[str]:
    """R5: at the end every device shows what the database holds, changes and unread included."""
    for final in evidence.finals():
        mod = len(evidence.changes[final.conversation])
        unread = _unread(evidence, final.conversation, final.user)
        for shown in final.messages:
            if shown != evidence.by_number.get((final.conversation, shown.seq)):
                yield f"{_owner(final)} shows message {shown.seq} other than it is stored"
        if final.mod not in (None, mod):
            yield f"{_owner(final)} is at change {final.mod} of {mod}"
        if final.unread not in (None, unread):
            yield f"{_owner(final)} shows {final.unread} unread where {unread} are"


def a_device_has_no_holes(evidence: Evidence) -> Iterator[str]:
    """R3 and R5: at the end a device shows every number up to the last, each once."""
    for final in evidence.finals():
        numbers = [message.seq for message in final.messages]
        expected = list(range(final.above + 1, len(evidence.log[final.conversation]) + 1))
        if numbers != expected:
            odd = sorted(set(expected) ^ set(numbers)) or "their order"
            yield f"{_owner(final)} does not show 1 … {len(expected) + final.above}: {odd}"


def nobody_sees_others(evidence: Evidence) -> Iterator[str]:
    """R6: nobody is told anything about a conversation of others."""
    for user, name in sorted(set(evidence.glimpses())):
        stored = evidence.conversations.get(name)
        if stored is None or user not in stored.members:
            yield f"{user} is no member of {name} and was told about it"


def _same_change(seen: SawChange, stored: StoredChange) -> bool:
    return (seen.mod, seen.change, seen.seq, seen.by) == (
        stored.mod,
        stored.change,
        stored.seq,
        stored.by,
    )


def _moved(reads: dict[str, int]) -> dict[str, int]:
    return {name: seq for name, seq in reads.items() if seq}


def _read(evidence: Evidence, conversation: str, user: str) -> float:
    """How far a member has read as stored; without a bound where nobody looked that up."""
    stored = evidence.conversations.get(conversation)
    if stored is not None and stored.reads is None:
        return math.inf
    return stored.reads.get(user, 0) if stored is not None and stored.reads else 0


def _unread(evidence: Evidence, conversation: str, user: str) -> int:
    stored = evidence.conversations.get(conversation)
    read = stored.reads.get(user, 0) if stored and stored.reads else 0
    return sum(
        message.seq > read
        and message.sender != user
        and not message.recalled
        and message.kind != "void"
        for message in evidence.log[conversation]
    )


def _owner(final: Final) -> str:
    return f"{final.device} of {final.user} in {final.conversation}"


class _Highest:
    """The highest number anybody had seen of a conversation at a time; asked in order of time."""

    def __init__(self, evidence: Evidence) -> None:
        sights = [(s.at, s.conversation, s.message.seq) for s in evidence.sights()]
        acks = [
            (ok.at, attempt.invoke.conversation, ok.seq)
            for attempt, ok in evidence.acknowledged("message.send")
        ]
        self._steps: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for at, conversation, seq in sorted(sights + acks):
            steps = self._steps[conversation]
            if not steps or seq > steps[-1][1]:
                steps.append((at, seq))

    def before(self, at: int, conversation: str) -> int:
        """What had been seen before `at`."""
        steps = self._steps[conversation]
        index = bisect.bisect_left(steps, (at, 0))
        return steps[index - 1][1] if index else 0
