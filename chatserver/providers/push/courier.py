"""Takes notifications to one vendor: through its gate, with credentials that are good."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from chatserver import clock
from chatserver.domain.push.notification import Address, Notification, Outcome, ProviderKind
from chatserver.logs import once_in
from chatserver.providers.push.base import (
    Request,
    Vendor,
    Verdict,
    Withheld,
    failing,
    refused,
    sent,
)
from chatserver.providers.push.gate import Gates
from chatserver.providers.push.poster import NOT_PUBLIC, Poster, Unreachable

SAID_EVERY_S = 60

log = structlog.get_logger()


class Courier:
    """A provider made of a vendor's protocol, connections and gates."""

    def __init__(
        self,
        vendor: Vendor,
        poster: Poster,
        gates: Gates,
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        """`now_ms` gives ms since 1970 UTC; the poster is closed with this."""
        self._vendor = vendor
        self._poster = poster
        self._gates = gates
        self._now_ms = now_ms

    @property
    def kind(self) -> ProviderKind:
        """Which addresses it is for."""
        return self._vendor.kind

    async def send(self, address: Address, notification: Notification) -> Outcome:
        """Hand over a notification; whatever the vendor or the network does is an outcome."""
        if notification.expires_at <= self._now_ms():
            return Outcome(state="refused", reason="expired")
        gate = self._gates.of(self._vendor.lane(address))
        async with gate.place() as turned_away:
            if turned_away is not None:
                return turned_away
            verdict = await self._hand_over(address, notification)
            outcome = gate.settle(verdict)
        self._say(verdict)
        return outcome

    async def prove(self) -> Verdict | None:
        """Whether the vendor's token server grants a token; None where there is none to ask."""
        try:
            return sent() if await self._vendor.prove() else None
        except Withheld as withheld:
            return withheld.verdict

    async def close(self) -> None:
        """Let go of all connections."""
        await self._poster.close()

    async def _hand_over(self, address: Address, notification: Notification) -> Verdict:
        """Ask; once more with new credentials where those were refused."""
        request, verdict = await self._ask(address, notification)
        if verdict.finding == "unauthorized" and request is not None and request.credential:
            self._vendor.forget(request.credential)
            _, verdict = await self._ask(address, notification)
        return verdict

    async def _ask(
        self, address: Address, notification: Notification
    ) -> tuple[Request | None, Verdict]:
        try:
            request = await self._vendor.request(address, notification, self._now_ms())
            if isinstance(request, Verdict):
                return None, request
            answer = await self._poster.post(request)
        except Withheld as withheld:
            return None, withheld.verdict
        except Unreachable as unreachable:
            return None, _unreachable(unreachable)
        return request, self._vendor.verdict(answer, self._now_ms())

    def _say(self, verdict: Verdict) -> None:
        if not verdict.blames_vendor and verdict.finding != "busy":
            return
        if once_in(SAID_EVERY_S, f"push {self.kind} {verdict.finding}"):
            log.warning(
                "a carrier of notifications does not take them",
                provider=self.kind,
                finding=verdict.finding,
                reason=verdict.reason,
            )


def _unreachable(error: Unreachable) -> Verdict:
    """Whose fault it is that no answer came."""
    return refused(NOT_PUBLIC) if error.reason == NOT_PUBLIC else failing(error.reason)
