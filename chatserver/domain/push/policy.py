"""Whether somebody is notified now, later or not at all: one table of rules, asked in its order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from chatserver.domain.membership import Mode
from chatserver.domain.person import Front
from chatserver.domain.push.ladder import Channel
from chatserver.domain.push.notification import MessageClass
from chatserver.domain.push.prefs import DEFAULTS, Prefs, Quiet

Why = Literal[
    "left", "own", "read", "recalled", "expired", "no_device", "channel_off", "muted",
    "not_mentioned", "paused", "quiet_hours", "grace", "next_step", "gathering", "in_foreground",
    "desktop_open", "sent", "failed",
]  # fmt: skip
"""Why it was decided so; operators see these words, and they stay the same."""
Turn = Literal["send", "wait", "skip", "drop"]

LOOK_MIN_MS = 10_000  # between two looks whether somebody put the app away
LOOK_MAX_MS = 600_000


class Limits(Struct, frozen=True, kw_only=True):
    """What an operator can turn, in ms: how long an open desk app holds notifications back, how
    long messages gather after one, and when they are too old for any."""

    hold_ms: int = 60_000
    gather_ms: int = 30_000
    lifetime_ms: int = 86_400_000


class Facts(Struct, frozen=True, kw_only=True):
    """All that a decision is made from, as it is at that moment. Times are ms since 1970 UTC.

    It is about the messages of which the person was not told yet, or about all unread ones where a
    further step of the ladder follows. `kind` is the most urgent of them, `since` when the first
    and `newest` when the last was stored. `step_at` is when this step is due, `is_first` whether it
    is the first one; by `channel` it goes. `front` None is not known.
    """

    since: int
    newest: int
    step_at: int
    kind: MessageClass = "chat"
    is_member: bool = True
    is_own: bool = False
    is_read: bool = False
    is_gone: bool = False
    is_mentioned: bool = False
    mode: Mode = "all"
    prefs: Prefs = DEFAULTS
    front: Front | None = "offline"
    channel: Channel = "push"
    has_address: bool = True
    is_first: bool = True
    pushed_at: int = 0


class Verdict(Struct, frozen=True):
    """Notify now, decide again at `until`, leave this step of the ladder out, or drop it all."""

    turn: Turn
    why: Why
    until: int = 0


class Rule(Struct, frozen=True):
    """One reason not to notify now.

    `holds` says whether: a rule that waits gives until when, 0 where it does not hold. Critical
    messages pass the rules that do not `bind` them. `says` is for people.
    """

    why: Why
    turn: Turn
    binds: bool
    holds: Callable[[Facts, Limits, int], bool | int]
    says: str


def decide(facts: Facts, limits: Limits, now_ms: int) -> Verdict:
    """What the first rule that holds says; to send where none does."""
    for rule in RULES:
        if rule.binds or facts.kind != "critical":
            found = rule.holds(facts, limits, now_ms)
            if rule.turn == "wait" and found > now_ms:
                return Verdict("wait", rule.why, int(found))
            if rule.turn != "wait" and found:
                return Verdict(rule.turn, rule.why)
    return Verdict("send", "sent")


def quiet_until(quiet: Quiet, now_ms: int) -> int:
    """When the quiet hours end that it is in now, in ms since 1970 UTC; 0 outside of them.

    They end when a clock on the wall there first shows it, also on days with 23 or 25 hours.
    """
    zone = _zone(quiet.zone)
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    local = now.astimezone(zone)
    if not _is_quiet(quiet, local):
        return 0
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    ends = [
        (midnight + timedelta(days=days, minutes=quiet.to_minute)).replace(tzinfo=zone, fold=fold)
        for days in (0, 1, 2)
        for fold in (0, 1)
    ]
    return min(
        round(end.timestamp() * 1000)
        for end in ends
        if end.timestamp() > now.timestamp() and not _is_quiet(quiet, _shown(end, zone))
    )


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall shows then: not every time of day comes every day."""
    return moment.astimezone(UTC).astimezone(zone)


def _is_quiet(quiet: Quiet, local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    if quiet.from_minute <= quiet.to_minute:
        return quiet.from_minute <= minute < quiet.to_minute
    return minute >= quiet.from_minute or minute < quiet.to_minute


@lru_cache(maxsize=1000)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _is_off(facts: Facts, _limits: Limits, _now: int) -> bool:
    """A critical message may come as a notification, but to nobody's phone bill."""
    is_allowed: bool = getattr(facts.prefs.channels, facts.channel)
    return not is_allowed and not (facts.kind == "critical" and facts.channel == "push")


def _quiet(facts: Facts, _limits: Limits, now_ms: int) -> int:
    quiet = facts.prefs.quiet
    return 0 if quiet is None else quiet_until(quiet, now_ms)


def _gathering(facts: Facts, limits: Limits, _now: int) -> int:
    return facts.pushed_at + limits.gather_ms if facts.is_first and facts.pushed_at else 0


def _in_foreground(facts: Facts, _limits: Limits, now_ms: int) -> int:
    if facts.front != "handheld":
        return 0
    pause_ms = (now_ms - facts.since) // 2  # whoever has seen it for long can wait a while longer
    return now_ms + min(max(pause_ms, LOOK_MIN_MS), LOOK_MAX_MS)


def _desktop_open(facts: Facts, limits: Limits, now_ms: int) -> int:
    is_held = facts.front == "desktop" and facts.prefs.desktop == "hold"
    return min(facts.since + limits.hold_ms, now_ms + LOOK_MIN_MS) if is_held else 0


RULES: tuple[Rule, ...] = (
    Rule("left", "drop", True, lambda f, _, __: not f.is_member,
         "the person is no member any more, or came after it"),
    Rule("own", "drop", True, lambda f, _, __: f.is_own,
         "the person wrote it"),
    Rule("read", "drop", True, lambda f, _, __: f.is_read,
         "it was read, on any device; what shows it is closed"),
    Rule("recalled", "drop", True, lambda f, _, __: f.is_gone,
         "all of it was recalled, or the person deleted it"),
    Rule("expired", "drop", True, lambda f, limits, now: now >= f.newest + limits.lifetime_ms,
         "its last message is older than `push_lifetime_ms`"),
    Rule("no_device", "skip", True, lambda f, _, __: not f.has_address,
         "the person has no address for this channel, or the server no provider for it"),
    Rule("channel_off", "skip", True, _is_off,
         "the person switched the channel off; critical ones still go by `push`"),
    Rule("muted", "drop", False, lambda f, _, __: f.mode == "none",
         "the mode of the conversation is `none`"),
    Rule("not_mentioned", "drop", False,
         lambda f, _, __: f.mode == "mentions" and not f.is_mentioned,
         "the mode is `mentions`, and nobody mentions the person"),
    Rule("paused", "wait", False, lambda f, _, __: f.prefs.paused_until or 0,
         "until `paused_until`"),
    Rule("quiet_hours", "wait", False, _quiet,
         "until the person's quiet hours end, by the clock of their zone; then one for all"),
    Rule("grace", "wait", True, lambda f, _, __: f.step_at if f.is_first else 0,
         "until the first step of the ladder is due: a phone that reconnects gets it by socket"),
    Rule("next_step", "wait", True, lambda f, _, __: 0 if f.is_first else f.step_at,
         "until the next step of the ladder is due"),
    Rule("gathering", "wait", False, _gathering,
         "until `push_gather_ms` after the last notification of the conversation"),
    Rule("in_foreground", "wait", False, _in_foreground,
         "the app is in front on a handheld: looked at again, after longer each time"),
    Rule("desktop_open", "wait", False, _desktop_open,
         "an app is open at a desk alone and the person chose `hold`: looked at again every 10 s, "
         "until `push_hold_ms`"),
)  # fmt: skip


_OTHERS = {
    "sent": "none of these holds: it is handed to the providers",
    "failed": "a defect of the server, which is in the worker's log; tried again later",
}
SAYS: dict[str, str] = {**{rule.why: rule.says for rule in RULES}, **_OTHERS}
"""What each why means, for people."""


def markdown() -> str:
    """The rules as a table, for the documentation."""
    turns = {"drop": "dropped", "wait": "waits", "skip": "next step"}
    rows = (
        f"| `{rule.why}` | {turns[rule.turn]} | {'yes' if rule.binds else 'no'} | {rule.says} |"
        for rule in RULES
    )
    head = ("| why | what happens | also critical | when |", "|---|---|---|---|")
    last = f"| `sent` | sent | yes | {_OTHERS['sent']} |"
    return "\n".join((*head, *rows, last))
