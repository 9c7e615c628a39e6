"""Letting people in, and revoking what let them in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import structlog

from chatserver.domain.person import Identity
from chatserver.domain.revocation import Revocation, Revoked
from chatserver.errors import Unauthorized, Unavailable
from chatserver.services.auth.tokens import Verifier

if TYPE_CHECKING:  # whoever only makes a token need not wait for the database driver to load
    from chatserver.services.delivery import Delivery
    from chatserver.store.revocations import Revocations

POLL_S = 1.0
FORGET_MS = 60_000
KEEP_MS = 86_400_000
"""A revocation outlives its tokens by this, for clocks that differ or are set back."""

log = structlog.get_logger()


class Auth:
    """Lets people in who have a token that nobody revoked."""

    def __init__(self, verifier: Verifier, revocations: Revocations, delivery: Delivery) -> None:
        self._verifier = verifier
        self._store = revocations
        self._delivery = delivery
        self._revoked = Revoked()
        self._latest: datetime | None = None
        self._forgot_at = 0
        self._blind = False

    async def authenticate(self, token: str, now: int) -> Identity:
        """The identity behind a token, from memory alone.

        Raises:
            Unauthorized: the token is not valid, or was revoked.
            TokenExpired: its time is over.
        """
        identity = self._verifier.verify(token, now)
        self.refuse_revoked(identity)
        return identity

    def refuse_revoked(self, identity: Identity) -> None:
        """See that no revocation was learned since `authenticate`.

        To be asked again once the connection can be cut: a cut in between did not find it.

        Raises:
            Unauthorized: the token was revoked.
        """
        if self._revoked.refuses(identity):
            raise Unauthorized("The token was revoked")

    async def revoke_token(
        self, user: str, token_id: str, until_ms: int, reason: str = "revoked"
    ) -> None:
        """Refuse one token from now on and end its connections; `until_ms` is when it expires.

        Raises:
            Unavailable: not confirmed in time, so it may count or not; do it again.
        """
        await self.revoke([Revocation(user=user, token_id=token_id, until=until_ms, reason=reason)])

    async def revoke_person(self, user: str, before_ms: int, reason: str = "revoked") -> None:
        """Refuse all tokens issued to a person at or before a time and end their connections.

        Raises:
            Unavailable: not confirmed in time, so it may count or not; do it again.
        """
        until = before_ms + self._verifier.lifetime_max_ms
        await self.revoke([Revocation(user=user, issued_by=before_ms, until=until, reason=reason)])

    async def revoke(self, revocations: Sequence[Revocation]) -> None:
        """Store revocations, then end the connections they mean on every node.

        Raises:
            Unavailable: not confirmed in time, so they may count or not; do it again.
        """
        kept = [msgspec.structs.replace(one, until=one.until + KEEP_MS) for one in revocations]
        await self._store.add(kept)
        for revocation in self._revoked.news(kept):
            self._delivery.cut(revocation.cut())

    async def follow(self, clock: Callable[[], int]) -> None:
        """Learn for ever what other nodes revoked; it needs the database only, not the bus."""
        while True:
            await self._catch_up_or_note(clock())
            await asyncio.sleep(POLL_S)

    async def catch_up(self, now: int) -> None:
        """Learn what was revoked since the last time and end the connections here it means.

        Raises:
            Unavailable: the database does not answer.
        """
        stored = await self._store.since(self._latest, now)
        for revocation in self._revoked.news(revocation for _, revocation in stored):
            self._delivery.cut_here(revocation.cut())
        if stored:
            self._latest = max(at for at, _ in stored)
        if abs(now - self._forgot_at) >= FORGET_MS:
            self._forgot_at = now
            self._revoked.forget(now)

    async def _catch_up_or_note(self, now: int) -> None:
        try:
            await self.catch_up(now)
        except Unavailable:
            if not self._blind:
                log.warning("revocations cannot be read; those known so far still count")
            self._blind = True
        else:
            self._blind = False
