"""When a good token counts."""

from __future__ import annotations

import pytest

from chatserver.errors import TokenExpired, Unauthorized
from chatserver.services.auth import Verifier
from tests.unit.services.tokens import (
    NOW,
    SETTINGS,
    claims,
    signed,
)


@pytest.mark.parametrize("after_ms", [0, 3_599_999, 3_601_999])
def test_a_token_counts_until_its_end_and_the_leeway(plain: Verifier, after_ms: int) -> None:
    assert plain.verify(signed(), NOW + after_ms).user == "mei"


def test_afterwards_it_has_expired(plain: Verifier) -> None:
    with pytest.raises(TokenExpired):
        plain.verify(signed(), NOW + 3_602_000)


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_token_of_the_future_waits(plain: Verifier, name: str) -> None:
    assert plain.verify(signed(claims(**{name: NOW // 1000 + 2})), NOW)
    with pytest.raises(Unauthorized):
        plain.verify(signed(claims(**{name: NOW // 1000 + 3})), NOW)


def test_a_token_must_not_live_too_long(plain: Verifier) -> None:
    longest = SETTINGS.jwt_lifetime_max_ms // 1000
    assert plain.verify(signed(claims(exp=NOW // 1000 + longest)), NOW)
    with pytest.raises(Unauthorized, match="longer"):
        plain.verify(signed(claims(exp=NOW // 1000 + longest + 1)), NOW)
