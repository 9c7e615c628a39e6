"""The judge: every rule on a history, and a verdict that says what was broken.

It reads no files and no network: it is given records and looks at nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from msgspec import Struct

from loadtest import log_rules, view_rules
from loadtest.evidence import Evidence
from loadtest.history import Record

Rule = Callable[[Evidence], Iterable[str]]

SHOWN_PER_RULE = 20  # breaches reported of one rule; a thousand would say no more


def something_was_proved(evidence: Evidence) -> Iterator[str]:
    """A history without an acknowledged message, a log and a device's last view proves nothing."""
    if not any(evidence.acknowledged("message.send")):
        yield "no message was ever acknowledged"
    if not evidence.conversations:
        yield "what the database holds was not recorded"
    if not evidence.finals():
        yield "no device told what it shows at the end"


RULES: tuple[Rule, ...] = (
    something_was_proved,
    log_rules.acknowledged_is_stored,
    log_rules.acknowledged_change_is_stored,
    log_rules.a_message_is_stored_once,
    log_rules.a_retry_gets_the_first_answer,
    log_rules.numbers_have_no_holes,
    log_rules.sending_order_is_kept,
    log_rules.nothing_comes_from_nowhere,
    log_rules.refused_is_not_stored,
    view_rules.what_was_shown_stays,
    view_rules.shown_is_stored,
    view_rules.nothing_appears_below,
    view_rules.cursors_only_rise,
    view_rules.cursors_agree,
    view_rules.devices_converge,
    view_rules.a_device_has_no_holes,
    view_rules.nobody_sees_others,
)


class Violation(Struct, frozen=True):
    """A promise that was broken: the rule's name and what happened, in words."""

    rule: str
    what: str


class Verdict(Struct, frozen=True):
    """The outcome of a check: the breaches, and how much was looked at."""

    violations: tuple[Violation, ...]
    looked_at: dict[str, int]

    @property
    def ok(self) -> bool:
        """Whether no promise was broken."""
        return not self.violations

    @property
    def broken(self) -> frozenset[str]:
        """The names of the rules that were broken."""
        return frozenset(violation.rule for violation in self.violations)

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {what}" for what, count in self.looked_at.items())
        lines = [f"{v.rule}: {v.what}" for v in self.violations] or ["no promise was broken"]
        return "\n".join((f"looked at {counts}", *lines))


def check(records: Iterable[Record]) -> Verdict:
    """Judge a history by every rule."""
    evidence = Evidence(records)
    return Verdict(
        violations=tuple(
            Violation(rule.__name__, what)
            for rule in RULES
            for what in islice(rule(evidence), SHOWN_PER_RULE)
        ),
        looked_at=_counts(evidence),
    )


def _counts(evidence: Evidence) -> dict[str, int]:
    return {
        "calls": len(evidence.attempts),
        "acknowledged messages": sum(1 for _ in evidence.acknowledged("message.send")),
        "stored messages": sum(map(len, evidence.log.values())),
        "stored changes": sum(map(len, evidence.changes.values())),
        "showings": sum(1 for _ in evidence.sights()),
        "last views": len(evidence.finals()),
    }
