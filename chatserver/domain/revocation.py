"""Tokens that are no longer taken although they have not expired."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from chatserver.domain.device import Cut
from chatserver.domain.person import Identity


class Revocation(Struct, frozen=True, kw_only=True):
    """One token of a person, or all that were issued to them at or before a time.

    Exactly one of `token_id` and `issued_by` is set. Times are milliseconds since 1970 UTC; after
    `until` the tokens have expired by themselves and the revocation can be forgotten.
    """

    user: str
    until: int
    reason: str
    token_id: str | None = None
    issued_by: int | None = None

    def cut(self) -> Cut:
        """The connections that it ends."""
        return Cut(
            user=self.user, token_id=self.token_id, issued_by=self.issued_by, reason=self.reason
        )


class Revoked:
    """All revocations that still matter, for look-ups at every connect."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], int] = {}
        self._people: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._tokens) + len(self._people)

    def learn(self, revocation: Revocation) -> bool:
        """Take a revocation in; whether it says anything that was not known."""
        if revocation.issued_by is not None:
            return self._learn_person(revocation.user, revocation.issued_by, revocation.until)
        key = (revocation.user, revocation.token_id or "")
        known = key in self._tokens
        self._tokens[key] = max(revocation.until, self._tokens.get(key, 0))
        return not known

    def refuses(self, identity: Identity) -> bool:
        """Whether this token was revoked.

        `iat` counts whole seconds, so a token of the second of the revocation is refused as well.
        """
        issued_by, _ = self._people.get(identity.user, (-1, 0))
        return identity.issued_at <= issued_by or (identity.user, identity.token_id) in self._tokens

    def forget(self, now: int) -> None:
        """Drop what has expired by `now`."""
        self._tokens = {key: until for key, until in self._tokens.items() if until > now}
        self._people = {user: entry for user, entry in self._people.items() if entry[1] > now}

    def news(self, revocations: Iterable[Revocation]) -> list[Revocation]:
        """Take many in; those that said anything new."""
        return [revocation for revocation in revocations if self.learn(revocation)]

    def _learn_person(self, user: str, issued_by: int, until: int) -> bool:
        known_by, known_until = self._people.get(user, (-1, 0))
        self._people[user] = (max(issued_by, known_by), max(until, known_until))
        return issued_by > known_by
