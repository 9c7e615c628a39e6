"""A burst: what somebody has not read in one conversation, and how far they were told of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct, structs

from chatserver.domain.push.ladder import Channel, Step
from chatserver.domain.push.notification import MessageClass, Outcome, ProviderKind

URGENCY: tuple[MessageClass, ...] = ("marketing", "chat", "service", "critical")
"""The classes, the least urgent first."""
BACKOFF_MS = 2_000  # before the first repetition, twice as long before the second, …
BACKOFF_MAX_MS = 900_000

Action = Literal["send", "wait", "skip", "drop", "close"]


class Special(Struct, frozen=True):
    """A message that is not just chat: `seq` is its number."""

    seq: int
    kind: MessageClass


class Handed(Struct, frozen=True):
    """A provider took a notification for a device, or will never take it: it speaks of messages up
    to `seq`; `shown` is whether there is anything to take away again. It knows of messages that
    were recalled up to `mended` (ms)."""

    device: str
    seq: int
    shown: bool = True
    mended: int = 0


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a provider made of one notification for one device."""

    device: str
    provider: ProviderKind
    state: str
    reason: str = ""
    receipt: str = ""


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was decided about messages `first` to `last`, when (ms) and why. `until` is how long it
    waits, `id` the notification that went out by `channel`, `opened_at` when it was tapped."""

    at: int
    first: int
    last: int
    action: Action
    why: str
    until: int = 0
    channel: Channel | None = None
    id: str = ""
    results: tuple[Result, ...] = ()
    opened_at: int = 0


class Burst(Struct, frozen=True, kw_only=True):
    """What somebody has not read in one conversation. Times are ms since 1970 UTC.

    Messages `first` to `last` came, the first of which nobody was told at `since`, the last at
    `at`. For those up to `told` the first step of the ladder was taken, the last time at
    `pushed_at` (0: never); `step` is the next one, due at `step_at`, of the ladder for `kind`.
    `special` are those messages among them that are not just chat, `handed` what the devices got,
    and `attempts` how often the providers asked for patience since. At `stale` (0: never) a message
    was recalled that a device may show. At `due` somebody has to look at it, or had to before it
    was claimed (0: nobody has).
    """

    user: str
    conversation: str
    first: int
    last: int
    since: int
    at: int
    told: int = 0
    pushed_at: int = 0
    step: int = 0
    step_at: int = 0
    kind: MessageClass = "chat"
    special: tuple[Special, ...] = ()
    handed: tuple[Handed, ...] = ()
    attempts: int = 0
    stale: int = 0
    due: int = 0
    lease: str = ""

    @property
    def is_fresh(self) -> bool:
        """Whether there are messages for which no step was taken yet."""
        return self.last > self.told

    @property
    def next_step(self) -> int:
        """The step to take: new messages begin at the first one."""
        return 0 if self.is_fresh else self.step

    def has_step(self, steps: Sequence[Step]) -> bool:
        """Whether there is a step to take; of messages that were dropped there is none."""
        return bool(steps) if self.is_fresh else 0 < self.step < len(steps)

    def seen(self, read: int) -> Burst:
        """The burst once its reader has come up to `read`: with all read that was told of, another
        one begins."""
        return self.over() if 0 < self.told <= read else self

    def over(self) -> Burst:
        """The next message begins another burst."""
        return structs.replace(self, pushed_at=0, step=0, step_at=0, kind="chat", attempts=0)

    def dropped(self) -> Burst:
        """The burst once it was decided that nobody is told of it."""
        return structs.replace(self.over(), told=self.last)

    def due_at(self, steps: Sequence[Step]) -> int:
        """When the next step is due, by the ladder alone."""
        return self.since + steps[0].after_s * 1000 if self.is_fresh else self.step_at

    def climbed(self, steps: Sequence[Step], kind: MessageClass, now_ms: int) -> Burst:
        """The burst after its next step was taken, at `now_ms`."""
        taken = self.next_step
        is_higher = URGENCY.index(kind) > URGENCY.index(self.kind)
        after = structs.replace(self, told=self.last, kind=kind, attempts=0)
        if taken == 0:
            after = structs.replace(after, pushed_at=now_ms)
        if taken == 0 and self.step > 0 and not is_higher:
            return after  # the further steps were taken, or are under way
        return structs.replace(after, step=taken + 1, step_at=now_ms + _pause_ms(steps, taken))

    def skipped(self, steps: Sequence[Step]) -> Burst:
        """The burst with its next step left out: the one after it keeps its time."""
        taken = self.next_step
        return structs.replace(
            self,
            told=self.last,
            step=taken + 1,
            step_at=self.due_at(steps) + _pause_ms(steps, taken),
        )

    def postponed(self) -> Burst:
        """The burst after providers asked for patience."""
        return structs.replace(self, attempts=self.attempts + 1)

    def unhanded(self, devices: Iterable[str]) -> list[str]:
        """Those devices that have not got a notification of the last message yet."""
        got = {each.device: each.seq for each in self.handed}
        return [device for device in devices if got.get(device, 0) < self.last]

    @property
    def outdated(self) -> tuple[str, ...]:
        """The devices that may show a message that was recalled since."""
        return tuple(each.device for each in self.handed if each.shown and each.mended < self.stale)

    def closed(self, read: int) -> tuple[str, ...]:
        """The devices that show what was read up to there."""
        return tuple(each.device for each in self.handed if each.shown and each.seq <= read)


def most_urgent(kinds: Iterable[MessageClass]) -> MessageClass:
    """The most urgent of some classes; that of chat where there are none."""
    return max(kinds, key=URGENCY.index, default="chat")


def backoff_ms(attempts: int, spread: float) -> int:
    """How long to wait after so many attempts that came too early; `spread` from 0 to 1 keeps
    those that wait from coming back together."""
    longest: int = min(BACKOFF_MAX_MS, BACKOFF_MS << min(attempts, 20))
    return longest // 2 + int(spread * (longest // 2))


def handed_after(burst: Burst, outcomes: Iterable[tuple[str, Outcome]]) -> tuple[Handed, ...]:
    """What the devices have after these outcomes; one that said later has what it had."""
    handed = {each.device: each for each in burst.handed}
    for device, outcome in outcomes:
        if outcome.state == "dead":
            handed.pop(device, None)
        elif outcome.state != "later":
            shown = outcome.state == "sent" or (device in handed and handed[device].shown)
            handed[device] = Handed(device, burst.last, shown, burst.stale)
    return tuple(handed.values())


def _pause_ms(steps: Sequence[Step], taken: int) -> int:
    """How long after a step the next one comes; 0 where there is none."""
    if taken + 1 >= len(steps):
        return 0
    return (steps[taken + 1].after_s - steps[taken].after_s) * 1000
