"""Decides about bursts that are due, and hands notifications to the providers."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

import structlog
from msgspec import Struct, structs

from chatserver import metrics
from chatserver.domain.push.burst import (
    Burst,
    Decision,
    Result,
    backoff_ms,
    handed_after,
)
from chatserver.domain.push.ladder import Ladder
from chatserver.domain.push.notification import Address, Notification, Outcome, ProviderKind
from chatserver.domain.push.policy import Limits, Verdict, Why, decide
from chatserver.errors import Unavailable
from chatserver.services.notifying.outlook import PHONE, Known, Outlook
from chatserver.services.notifying.wording import Notifications, Wording
from chatserver.store.pushes import Record
from chatserver.store.stores import Stores

LEASE_MS = 30_000
PATIENCE_S = 25.0  # for one burst; less than the lease, so that nobody else has it meanwhile

Outcomes = Sequence[tuple[str, Address, Outcome]]

log = structlog.get_logger()


class Carrier(Protocol):
    """Takes notifications to devices."""

    @property
    def kinds(self) -> Collection[ProviderKind]:
        """Which addresses it can use."""

    @property
    def ladder(self) -> Ladder:
        """The ways to people who do not read, one after the other."""

    async def send(self, address: Address, notification: Notification) -> Outcome:
        """Hand one over; whatever goes wrong is an outcome."""


class Way(Struct, frozen=True):
    """How notifications are decided upon: the operator's limits, and what the time is (ms)."""

    limits: Limits
    clock: Callable[[], int]


class Dispatch:
    """Claims what is due, decides with what is known then, sends, and writes down what came of it.

    A process that ends in between leaves its bursts to the others, once its lease is over; what it
    had handed over and not noted is handed over once more, under the same id.
    """

    def __init__(
        self, stores: Stores, outlook: Outlook, wording: Wording, carrier: Carrier, way: Way
    ) -> None:
        self._stores = stores
        self._outlook = outlook
        self._wording = wording
        self._carrier = carrier
        self._way = way

    async def claim(self, limit: int) -> list[Burst]:
        """Some of what is due.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        return await self._stores.pushes.claim(self._way.clock(), LEASE_MS, limit)

    async def settle(self, bursts: Sequence[Burst]) -> None:
        """Decide about these and do it; what fails is due again when the lease is over."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        try:
            async with asyncio.timeout_at(deadline):
                known = await self._outlook.of(bursts)
        except (Unavailable, TimeoutError):
            log.warning("MongoDB does not answer; notifications wait")
            return
        async with asyncio.TaskGroup() as tasks:
            for each in known:
                tasks.create_task(self._settle_one(each, deadline), name="a notification")

    async def _settle_one(self, known: Known, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                record = await self._decided_somehow(known)
                await self._stores.pushes.record(record, self._way.clock())
        except (Unavailable, TimeoutError):
            log.warning("a notification waits for the end of its lease")
        else:
            decision = record.decision
            metrics.push_decided.labels(decision.action, decision.why).inc()

    async def _decided_somehow(self, known: Known) -> Record:
        """The decision; what meets a defect of ours is put off, so that it holds up nothing else
        and does not come for ever."""
        try:
            return await self._decided(known)
        except (Unavailable, TimeoutError):
            raise
        except Exception:
            log.exception("a notification failed")
        burst, now_ms = known.burst, self._way.clock()
        if now_ms >= self._expires_at(known):
            return self._record(known, burst.dropped(), Verdict("drop", "failed"), None)
        until = now_ms + backoff_ms(burst.attempts, random.random())  # noqa: S311 - spreads load
        verdict = Verdict("wait", "failed", until)
        return self._record(known, burst.postponed(), verdict, until)

    async def _decided(self, known: Known) -> Record:
        known, closing = await self._closed(known)
        if not known.has_step:
            return self._with_closing(self._nothing_left(known), closing)
        verdict = decide(known.facts, self._way.limits, self._way.clock())
        if verdict.turn == "send":
            record = await self._sent(known)
        else:
            record = self._not_sent(known, verdict)
        return self._with_closing(record, closing)

    async def _closed(self, known: Known) -> tuple[Known, Outcomes]:
        """Take away what devices show of messages that were read, and mend what they show of ones
        that were recalled."""
        burst = known.burst
        read = set(burst.closed(known.read))
        touched = read | set(burst.outdated)
        targets = {each.device: each.address for each in known.addressed if each.device in touched}
        outcomes: Outcomes = ()
        is_left = False
        if targets and self._way.clock() < self._expires_at(known):
            outcomes, is_left = await self._mended(known, targets, read)
        touched -= {device for device, _, outcome in outcomes if outcome.state == "later"}
        gone = touched & read if is_left else touched
        handed = tuple(
            structs.replace(each, mended=burst.stale) if each.device in touched else each
            for each in burst.handed
            if each.device not in gone
        )
        return structs.replace(known, burst=structs.replace(burst, handed=handed)), outcomes

    async def _mended(
        self, known: Known, targets: Mapping[str, Address], read: Collection[str]
    ) -> tuple[Outcomes, bool]:
        """What came of it, and whether the devices beside those that `read` it show the rest."""
        expires_at, stale = self._expires_at(known), known.burst.stale
        seen = await self._wording.view(known)
        is_left = bool(seen.count and self._wording.has_words(known))
        id_ = _id(known, f"close {known.read} {stale}")
        closing = self._wording.closing(known, seen, id_, expires_at)
        mending = self._wording.mending(known, seen, _id(known, f"mend {stale}"), expires_at)
        closed = {device: at for device, at in targets.items() if device in read or not is_left}
        mended = {device: at for device, at in targets.items() if device not in closed}
        outcomes = (
            *await self._send(known, closed, closing),
            *await self._send(known, mended, mending),
        )
        return outcomes, is_left

    def _nothing_left(self, known: Known) -> Record:
        """The ladder has no step for this, or all are taken."""
        burst = known.burst
        why: Why = "no_device" if burst.is_fresh else "sent"
        if known.read >= burst.last:
            why = "read"
        after = structs.replace(burst, told=burst.last)
        return self._record(known, after, Verdict("drop", why), None)

    def _not_sent(self, known: Known, verdict: Verdict) -> Record:
        burst = known.burst
        if verdict.turn == "wait":
            ends_at = burst.at + self._way.limits.lifetime_ms
            return self._record(known, burst, verdict, min(verdict.until, ends_at))
        if verdict.turn == "skip":
            after = burst.skipped(known.steps)
            if after.step < len(known.steps):
                return self._record(known, after, verdict, after.step_at)
        return self._record(known, burst.dropped(), verdict, None)

    async def _sent(self, known: Known) -> Record:
        seen = await self._wording.view(known)
        if not seen.count:  # it was read while this was decided
            return self._record(known, known.burst, Verdict("wait", "read"), self._way.clock())
        todo = {device: known.targets[device] for device in known.burst.unhanded(known.targets)}
        expires_at = self._expires_at(known)
        id_ = _id(known, known.channel)
        notifications = self._wording.showing(known, seen, id_, expires_at)
        outcomes = await self._send(known, todo, notifications)
        return self._after_sending(known, outcomes)

    def _after_sending(self, known: Known, outcomes: Outcomes) -> Record:
        now_ms, burst = self._way.clock(), known.burst
        handed = handed_after(burst, ((device, each) for device, _, each in outcomes))
        burst = structs.replace(burst, handed=handed)
        late = [each for _, _, each in outcomes if each.state == "later"]
        decision = self._decision(known, Verdict("send", "sent"))
        decision = structs.replace(
            decision,
            channel=known.channel,
            id=_id(known, known.channel),
            results=_results(outcomes),
        )
        if late:
            due = now_ms + _pause_ms(burst, late)
            return Record(before=known.burst, after=burst.postponed(), decision=decision, due=due)
        if any(each.state == "sent" for _, _, each in outcomes):
            metrics.push_delay.observe(max(0, now_ms - burst.since) / 1000)
            metrics.push_late.observe(max(0, now_ms - burst.due) / 1000)
        after = burst.climbed(known.steps, known.kind, now_ms)
        due_or_not = after.step_at if after.has_step(known.steps) else None
        return Record(before=known.burst, after=after, decision=decision, due=due_or_not)

    async def _send(
        self, known: Known, targets: Mapping[str, Address], notifications: Notifications
    ) -> Outcomes:
        """Hand over to all at once; addresses that are dead are removed."""

        async def send(device: str, address: Address) -> tuple[str, Address, Outcome]:
            outcome = await self._carrier.send(address, notifications(address))
            metrics.pushed.labels(address.provider, outcome.state).inc()
            if outcome.state == "dead" and device != PHONE:
                user = known.burst.user
                await self._stores.devices.forget_address(user, device, address.token)
            return device, address, outcome

        return await asyncio.gather(*(send(*target) for target in targets.items()))

    def _with_closing(self, record: Record, closing: Outcomes) -> Record:
        """The record, with what was taken away from devices, or is to be later."""
        if not closing:
            return record
        decision, after, due = record.decision, record.after, record.due
        late = [outcome for _, _, outcome in closing if outcome.state == "later"]
        if late:
            after = after.postponed()
            again = self._way.clock() + _pause_ms(record.before, late)
            due = again if due is None else min(due, again)
        decision = structs.replace(
            decision,
            action="close" if decision.action == "drop" else decision.action,
            results=(*_results(closing), *decision.results),
        )
        return structs.replace(record, decision=decision, after=after, due=due)

    def _record(self, known: Known, after: Burst, verdict: Verdict, due: int | None) -> Record:
        return Record(
            before=known.burst, after=after, decision=self._decision(known, verdict), due=due
        )

    def _decision(self, known: Known, verdict: Verdict) -> Decision:
        burst = known.burst
        first = max(burst.first, known.read + 1)
        return Decision(
            at=self._way.clock(),
            first=min(first, burst.last),
            last=burst.last,
            action=verdict.turn,
            why=verdict.why,
            until=verdict.until,
        )

    def _expires_at(self, known: Known) -> int:
        return known.burst.at + self._way.limits.lifetime_ms


def _results(outcomes: Outcomes) -> tuple[Result, ...]:
    return tuple(
        Result(
            device=device,
            provider=address.provider,
            state=outcome.state,
            reason=outcome.reason,
            receipt=outcome.receipt,
        )
        for device, address, outcome in outcomes
    )


def _pause_ms(burst: Burst, late: Iterable[Outcome]) -> int:
    """How long to wait where providers asked for patience."""
    wanted = max((each.retry_after_ms or 0 for each in late), default=0)
    return max(wanted, backoff_ms(burst.attempts, random.random()))  # noqa: S311 - spreads load


def _id(known: Known, what: str) -> str:
    """The id of a notification: the same when it has to be handed over once more."""
    burst = known.burst
    text = f"{burst.user}\0{burst.conversation}\0{burst.last}\0{what}"
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
