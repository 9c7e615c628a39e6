"""A token's signature is checked once, and remembering that lets nobody in who would not be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import example, given
from hypothesis import strategies as st

from chatserver.config import Settings
from chatserver.domain.person import Identity
from chatserver.errors import ChatError, Unauthorized
from chatserver.services.auth import Verifier, tokens
from chatserver.services.auth.keys import FILE_CHECK_MS
from chatserver.services.auth.proofs import Proof, Proofs
from tests.unit.services.tokens import (
    ALGORITHMS,
    NOW,
    SETTINGS,
    b64,
    claims,
    jwk,
    signed,
    signed_by,
    write_keys,
)

SECOND = 1000


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signature was checked."""
    seen: list[str] = []
    check = tokens._signed_payload

    def note(token: str, *arguments: Any) -> Any:
        seen.append(token)
        return check(token, *arguments)

    monkeypatch.setattr(tokens, "_signed_payload", note)
    return seen


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_that_comes_again_is_not_checked_again(
    verifier: Verifier, checked: list[str], algorithm: str
) -> None:
    token = signed_by(algorithm, algorithm)
    first = verifier.verify(token, NOW)
    copy = "".join(list(token))  # as it comes with the next connection
    assert verifier.verify(copy, NOW + SECOND) == first
    assert checked == [token]


def outcome(verifier: Verifier, token: str, now: int) -> object:
    try:
        return verifier.verify(token, now)
    except ChatError as refusal:
        return type(refusal), str(refusal)


def day(minutes: float) -> float:
    return NOW / 1000 + 60 * minutes


DAYS = {
    "usual": signed(),
    "begins later": signed(claims(nbf=day(10), exp=day(20))),
    "issued later": signed(claims(iat=day(10), exp=day(20))),
    "of fractions": signed(claims(iat=day(1) + 0.0005, exp=day(2) + 0.9995)),
    "lives too long": signed(claims(exp=NOW // 1000 + SETTINGS.jwt_lifetime_max_ms // 1000 + 1)),
    "ends before it begins": signed(claims(exp=NOW // 1000 - 1)),
    "nobody's": signed(claims(sub="")),
    "another shop's": signed(claims(iss="else")),
}
EDGES = [round(day(minutes) * 1000) for minutes in (0, 1, 2, 10, 20, 60)]
MOMENTS = st.builds(
    lambda edge, leeway, step: edge + leeway + step,
    st.sampled_from(EDGES),
    st.sampled_from([-2000, 0, 2000]),
    st.integers(-2, 2),
) | st.integers(NOW - 400 * 86_400_000, NOW + 400 * 86_400_000)


@given(st.lists(st.tuples(st.sampled_from(sorted(DAYS)), MOMENTS), min_size=2, max_size=12))
@example([("usual", NOW), ("usual", NOW + 3_602_000), ("usual", NOW), ("usual", NOW - 2001)])
def test_whatever_the_clock_does_it_answers_as_if_it_remembered_nothing(
    uses: list[tuple[str, int]],
) -> None:
    """The clock may jump forwards and backwards between the uses."""
    remembering = Verifier(SETTINGS)
    for name, now in uses:
        fresh = outcome(Verifier(SETTINGS), DAYS[name], now)
        assert outcome(remembering, DAYS[name], now) == fresh


def test_another_signature_under_the_same_claims_is_refused(plain: Verifier) -> None:
    token = signed()
    assert plain.verify(token, NOW)
    header, payload, _ = token.split(".")
    with pytest.raises(Unauthorized):
        plain.verify(f"{header}.{payload}.{b64(b'x' * 32)}", NOW)


def test_what_was_refused_is_refused_again(plain: Verifier, checked: list[str]) -> None:
    forged = jwt.api_jws.encode(json.dumps(claims()).encode(), "another secret, long enough too!")
    for _ in range(2):
        with pytest.raises(Unauthorized):
            plain.verify(forged, NOW)
    assert checked == [forged, forged]


def test_a_key_that_is_gone_takes_its_tokens_with_it(verifier: Verifier, keys_file: Path) -> None:
    token = signed_by("RS256", "RS256")
    assert verifier.verify(token, NOW)
    write_keys(keys_file, jwk("EdDSA", "EdDSA"))
    with pytest.raises(Unauthorized):
        verifier.verify(token, NOW + FILE_CHECK_MS)


def test_another_key_under_the_same_kid_takes_no_tokens_of_the_first(
    verifier: Verifier, keys_file: Path
) -> None:
    token = signed_by("EdDSA", "EdDSA")
    assert verifier.verify(token, NOW)
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    described = jwt.get_algorithm_by_name("EdDSA").to_jwk(other, as_dict=True)
    write_keys(keys_file, {**described, "kid": "EdDSA", "alg": "EdDSA"})
    with pytest.raises(Unauthorized):
        verifier.verify(token, NOW + FILE_CHECK_MS)


def test_a_key_that_comes_back_is_asked_anew(
    verifier: Verifier, keys_file: Path, checked: list[str]
) -> None:
    token = signed_by("EdDSA", "EdDSA")
    there = keys_file.read_text()
    assert verifier.verify(token, NOW)
    write_keys(keys_file, jwk("RS256", "RS256"))
    with pytest.raises(Unauthorized):
        verifier.verify(token, NOW + FILE_CHECK_MS)
    keys_file.write_text(there)
    assert verifier.verify(token, NOW + 2 * FILE_CHECK_MS)
    assert checked == [token, token]


def test_the_file_of_keys_is_looked_at_though_no_signature_is(
    keys_file: Path, checked: list[str]
) -> None:
    """With a clock set back, too."""
    verifier = Verifier(Settings(jwt_keys_file=str(keys_file)))
    token = signed_by("ES256", "ES256", claims(iat=NOW // 1000 - 3600))
    assert verifier.verify(token, NOW)
    write_keys(keys_file, jwk("RS256", "RS256"))
    with pytest.raises(Unauthorized):
        verifier.verify(token, NOW - FILE_CHECK_MS)
    assert checked == [token]


def proof(user: str) -> Proof:
    identity = Identity(user=user, role="bot", token_id="t", issued_at=0, expires_at=1)
    return Proof(key=jwt.PyJWK(jwk("HS256", "k")), identity=identity, issued=0, begins=0, expires=1)


def test_the_one_longest_unused_is_forgotten_first() -> None:
    proofs = Proofs(remembered=2)
    a, b, c = (proof(user) for user in "abc")
    proofs.put("token of a", a)
    proofs.put("token of b", b)
    assert proofs.get("token of a") is a
    proofs.put("token of c", c)
    found = [proofs.get(f"token of {user}") for user in "abc"]
    assert found == [a, None, c]


def test_no_token_is_kept(plain: Verifier) -> None:
    """Memory may end up in a file; what it holds must not open the door."""
    token = signed()
    plain.verify(token, NOW)
    kept = plain._proofs._proofs
    assert len(kept) == 1
    assert token not in repr(kept)
    assert token.split(".")[2] not in repr(kept)
