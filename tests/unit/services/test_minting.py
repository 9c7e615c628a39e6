"""The server's own tokens are such as it would take."""

from __future__ import annotations

import pytest

from chatserver.config import Settings, SettingsError
from chatserver.domain.person import Identity, Person
from chatserver.services.auth import Verifier, mint
from tests.unit.services.tokens import (
    NOW,
    SETTINGS,
)


def test_a_minted_token_is_taken(plain: Verifier) -> None:
    person = Person(user="lin", name="林顾问", role="consultant", shop="s1")
    token = mint(SETTINGS, person, ttl_s=60, now_ms=NOW + 999, token_id="t9")
    assert plain.verify(token, NOW) == Identity(
        user="lin", role="consultant", token_id="t9", issued_at=NOW, expires_at=NOW + 60_000,
        name="林顾问", shop="s1",
    )  # fmt: skip


def test_minted_tokens_differ() -> None:
    person = Person(user="lin", name="", role="bot")
    assert len({mint(SETTINGS, person, ttl_s=60, now_ms=NOW) for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("settings", "user", "ttl_s", "complaint"),
    [
        (Settings(), "lin", 60, "CHAT_JWT_KEY is not set"),
        (Settings(jwt_key="short"), "lin", 60, "32 or more"),
        (SETTINGS, "l in", 60, "sub is not usable"),
        (SETTINGS, "lin", 0, "lives as long"),
        (SETTINGS, "lin", 10**9, "lives as long"),
    ],
)
def test_no_token_is_minted_that_would_be_refused(
    settings: Settings, user: str, ttl_s: int, complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        mint(settings, Person(user=user, name="", role="bot"), ttl_s=ttl_s, now_ms=NOW)
