"""What a history tells in figures, and the table of several plays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from msgspec import Struct

from loadtest.evidence import Evidence
from loadtest.history import Info, Record

NS_PER_S = 1e9


class Figures(Struct, frozen=True):
    """Of messages: how many were begun, and what became of the calls that sent them."""

    messages: int
    acknowledged: int
    unknown: int  # calls nobody answered, or answered with 'unknown'
    retried: int  # messages sent more than once
    longest_gap_s: float  # in which nobody's message was acknowledged


def figures_of(records: Iterable[Record], until: float = math.inf) -> Figures:
    """Count; gaps are looked for up to the time (of `history.now`) when people fell silent."""
    evidence = Evidence(records)
    sends = evidence.sends()
    acknowledged = list(evidence.acknowledged("message.send"))
    times = sorted(ok.at for _, ok in acknowledged if ok.at <= until)
    gaps = [(later - earlier) / NS_PER_S for earlier, later in pairwise(times)]
    return Figures(
        messages=len(sends),
        acknowledged=len({attempt.key for attempt, _ in acknowledged}),
        unknown=sum(
            isinstance(attempt.outcome, Info) for attempts in sends.values() for attempt in attempts
        ),
        retried=sum(len(attempts) > 1 for attempts in sends.values()),
        longest_gap_s=max(gaps, default=0.0),
    )
