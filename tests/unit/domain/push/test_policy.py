"""Who is notified: the table of rules, row by row, and what holds whatever else is so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

import chatserver
from chatserver.domain.push.notification import MessageClass
from chatserver.domain.push.policy import (
    LOOK_MIN_MS,
    RULES,
    Facts,
    Limits,
    decide,
    markdown,
    quiet_until,
)
from chatserver.domain.push.prefs import Channels, Prefs, Quiet

NOW = 1_900_000_000_000
LIMITS = Limits()
ALL_DAY = Quiet(0, 1439, "UTC")
HOUR = 3_600_000
NO_PUSH = Channels(push=False, wechat=False, sms=False)


def facts(**changed: Any) -> Facts:
    """Somebody away who is to be told now, but for what is said."""
    return structs.replace(
        Facts(since=NOW - 6000, newest=NOW - 6000, step_at=NOW - 1000), **changed
    )


def prefs(**changed: Any) -> Prefs:
    return Prefs(**changed)


TABLE: list[tuple[dict[str, Any], str, str, str]] = [
    # what is so                                            chat     critical  why
    ({}, "send", "send", "sent"),
    ({"front": None}, "send", "send", "sent"),
    ({"front": "away"}, "send", "send", "sent"),
    ({"mode": "silent"}, "send", "send", "sent"),
    ({"mode": "mentions", "is_mentioned": True}, "send", "send", "sent"),
    ({"front": "desktop", "prefs": prefs(desktop="also")}, "send", "send", "sent"),
    ({"is_member": False}, "drop", "drop", "left"),
    ({"is_own": True}, "drop", "drop", "own"),
    ({"is_read": True}, "drop", "drop", "read"),
    ({"is_gone": True}, "drop", "drop", "recalled"),
    ({"newest": NOW - 24 * HOUR}, "drop", "drop", "expired"),
    ({"has_address": False}, "skip", "skip", "no_device"),
    ({"prefs": prefs(channels=NO_PUSH)}, "skip", "send", "channel_off"),
    ({"prefs": prefs(channels=NO_PUSH), "channel": "sms"}, "skip", "skip", "channel_off"),
    ({"mode": "none", "is_mentioned": True}, "drop", "send", "muted"),
    ({"mode": "mentions"}, "drop", "send", "not_mentioned"),
    ({"prefs": prefs(paused_until=NOW + 5)}, "wait", "send", "paused"),
    ({"prefs": prefs(quiet=ALL_DAY)}, "wait", "send", "quiet_hours"),
    ({"step_at": NOW + 5}, "wait", "wait", "grace"),
    ({"step_at": NOW + 5, "is_first": False}, "wait", "wait", "next_step"),
    ({"pushed_at": NOW - 29_999}, "wait", "send", "gathering"),
    ({"pushed_at": NOW - 30_000}, "send", "send", "sent"),
    ({"pushed_at": NOW - 29_999, "is_first": False}, "send", "send", "sent"),
    ({"front": "handheld"}, "wait", "send", "in_foreground"),
    ({"front": "desktop"}, "wait", "send", "desktop_open"),
    ({"front": "desktop", "since": NOW - 60_000}, "send", "send", "sent"),
]


@pytest.mark.parametrize("kind", ["chat", "critical", "service", "marketing"])
@pytest.mark.parametrize(("so", "chat", "critical", "why"), TABLE)
def test_every_row_of_the_table(
    so: dict[str, Any], chat: str, critical: str, why: str, kind: MessageClass
) -> None:
    verdict = decide(facts(kind=kind, **so), LIMITS, NOW)
    turn = critical if kind == "critical" else chat
    assert (verdict.turn, verdict.why) == (turn, "sent" if turn == "send" else why)
    assert (verdict.until > NOW) is (turn == "wait")


def test_the_table_has_a_row_for_every_rule() -> None:
    assert {why for *_, why in TABLE} == {rule.why for rule in RULES} | {"sent"}


def test_the_documentation_has_the_rules_as_they_are() -> None:
    page = Path(chatserver.__file__).parent / "PUSH.md"
    assert markdown() in page.read_text(encoding="utf-8")


ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]
minutes = st.integers(0, 1439)
quiets = st.builds(Quiet, minutes, minutes, st.sampled_from(ZONES)).filter(
    lambda quiet: quiet.from_minute != quiet.to_minute
)
moments = st.integers(1_700_000_000_000, 1_800_000_000_000)
everything = st.builds(
    Facts,
    since=st.integers(NOW - 48 * HOUR, NOW),
    newest=st.integers(NOW - 48 * HOUR, NOW),
    step_at=st.integers(NOW - HOUR, NOW + HOUR),
    kind=st.sampled_from(["chat", "service", "critical", "marketing"]),
    mode=st.sampled_from(["all", "mentions", "silent", "none"]),
    prefs=st.builds(
        Prefs,
        quiet=st.none() | quiets,
        paused_until=st.none() | st.integers(NOW - HOUR, NOW + HOUR),
        desktop=st.sampled_from(["hold", "also"]),
        channels=st.builds(Channels, push=st.booleans(), wechat=st.booleans(), sms=st.booleans()),
    ),
    front=st.sampled_from([None, "handheld", "desktop", "away", "offline"]),
    channel=st.sampled_from(["push", "wechat", "sms"]),
    pushed_at=st.integers(NOW - HOUR, NOW),
    **{
        name: st.booleans()
        for name in ("is_member", "is_own", "is_read", "is_gone", "is_mentioned", "has_address",
                     "is_first")
    },
)  # fmt: skip


@given(everything)
def test_nothing_is_sent_of_what_was_read_or_recalled_or_to_who_left(known: Facts) -> None:
    if decide(known, LIMITS, NOW).turn == "send":
        assert known.is_member
        assert not known.is_read
        assert not known.is_gone
        assert known.has_address


def test_an_app_at_a_desk_that_closes_holds_nothing_back_any_longer() -> None:
    held = Facts(since=NOW, newest=NOW, step_at=NOW, front="desktop")
    looked_at_again = decide(held, LIMITS, NOW).until
    assert looked_at_again == NOW + LOOK_MIN_MS
    assert decide(structs.replace(held, front="offline"), LIMITS, looked_at_again).turn == "send"
    assert decide(held, LIMITS, NOW + LIMITS.hold_ms).turn == "send"


@given(everything)
def test_critical_is_sent_whatever_anybody_wishes(known: Facts) -> None:
    so = structs.replace(
        known, kind="critical", is_member=True, is_own=False, is_read=False, is_gone=False,
        newest=NOW, has_address=True, step_at=NOW, channel="push",
    )  # fmt: skip
    assert decide(so, LIMITS, NOW).turn == "send"


@given(everything)
def test_others_are_sent_in_no_quiet_hour_and_in_no_pause(known: Facts) -> None:
    if known.kind != "critical" and decide(known, LIMITS, NOW).turn == "send":
        assert not known.prefs.quiet or not quiet_until(known.prefs.quiet, NOW)
        assert (known.prefs.paused_until or 0) <= NOW


@given(everything)
def test_whoever_waits_is_looked_at_again_later(known: Facts) -> None:
    verdict = decide(known, LIMITS, NOW)
    assert verdict.until > NOW if verdict.turn == "wait" else verdict.until == 0


def shown(now_ms: int, zone: str) -> int:
    """The minute of the day that a clock shows there."""
    local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    return local.hour * 60 + local.minute


@given(quiets, moments)
def test_quiet_hours_end_within_a_day_when_they_are_over_by_the_clock(
    quiet: Quiet, now_ms: int
) -> None:
    until = quiet_until(quiet, now_ms)
    minute, from_, to = shown(now_ms, quiet.zone), quiet.from_minute, quiet.to_minute
    is_quiet = from_ <= minute < to if from_ < to else minute >= from_ or minute < to
    assert bool(until) is is_quiet
    if until:
        assert now_ms < until <= now_ms + 49 * HOUR
        assert quiet_until(quiet, until) == 0


@pytest.mark.parametrize(
    ("zone", "now", "end"),
    [
        ("Asia/Shanghai", "2026-03-29T23:00+08:00", "2026-03-30T08:00+08:00"),
        # the night has 7 hours there, and the next one in autumn 9
        ("Europe/Berlin", "2026-03-28T23:00+01:00", "2026-03-29T08:00+02:00"),
        ("Europe/Berlin", "2026-10-24T23:00+02:00", "2026-10-25T08:00+01:00"),
        ("Europe/Berlin", "2026-10-25T02:30+01:00", "2026-10-25T08:00+01:00"),
    ],
)
def test_a_night_ends_when_the_clock_on_the_wall_says_so(zone: str, now: str, end: str) -> None:
    at, until = (round(datetime.fromisoformat(each).timestamp() * 1000) for each in (now, end))
    assert quiet_until(Quiet(22 * 60, 8 * 60, zone), at) == until
