"""What a signed token has to say to be let in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain.person import Identity
from chatserver.errors import TokenExpired, Unauthorized
from chatserver.services.auth import Verifier
from tests.unit.services.tokens import (
    NOW,
    SETTINGS,
    b64,
    claims,
    signed,
)


def test_a_good_token_tells_who_it_is(plain: Verifier) -> None:
    token = signed(claims(name="陈小美", shop="s1"))
    assert plain.verify(token, NOW) == Identity(
        user="mei", role="customer", token_id="t1", issued_at=NOW, expires_at=NOW + 3_600_000,
        name="陈小美", shop="s1",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["sub", "role", "iss", "aud", "iat", "exp", "jti", "typ"])
def test_a_missing_claim_is_named(plain: Verifier, name: str) -> None:
    with pytest.raises(Unauthorized, match=rf"{name} is missing$"):
        plain.verify(signed(claims(**{name: None})), NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("sub", bad) for bad in ("", "a b", "a\0", "a\n", "u" * 129, 7, True, [], {})],
        *[("role", bad) for bad in ("", "king", "Customer", 7, [], ["admin"])],
        *[("iss", bad) for bad in ("", "else", 7, ["chatserver"])],
        *[("aud", bad) for bad in ("", "else", 7, [], ["else"], [7], "chatserver ")],
        *[
            (name, bad)
            for name in ("exp", "iat")
            for bad in ("1790003600", -1, 10**11 * 3, 10**30, True, [], {}, "", "NaN")
        ],
        *[("jti", bad) for bad in ("", "a b", "j" * 129, 7, [])],
        *[("typ", bad) for bad in ("", "refresh", "Access", 7)],
        *[("nbf", bad) for bad in ("1", -1, NOW // 1000 + 60)],
        *[("name", bad) for bad in ("a\nb", "n" * 129, 7, {"$gt": ""})],
        *[("shop", bad) for bad in ("s\0", "s" * 129, 7)],
    ],
)
def test_a_wrong_claim_is_refused(plain: Verifier, name: str, value: Any) -> None:
    with pytest.raises(Unauthorized):
        plain.verify(signed(claims(**{name: value})), NOW)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 3000, "1e99"])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_odd_numbers_are_refused(plain: Verifier, name: str, number: str) -> None:
    text = json.dumps({**claims(), name: 0}).replace(f'"{name}": 0', f'"{name}": {number}')
    with pytest.raises(Unauthorized):
        plain.verify(signed(text.encode()), NOW)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"{}", b"[]", b"null", b'"mei"', b"{", b"\xff\xfe", b'{"sub": "\\ud800"}',
        b"[" * 2500, b'{"x":' * 450, b'{"x":' + b"[" * 2500,
    ],
)  # fmt: skip
def test_a_payload_that_is_no_set_of_claims_is_refused(plain: Verifier, payload: bytes) -> None:
    with pytest.raises(Unauthorized):
        plain.verify(signed(payload), NOW)


@pytest.mark.parametrize("header", [b"", b"{}", b"[]", b"7", b"[" * 2900, b'{"a":' * 500, b"\xff"])
def test_a_header_that_is_none_is_refused(plain: Verifier, header: bytes) -> None:
    with pytest.raises(Unauthorized):
        plain.verify(f"{b64(header)}.{b64(json.dumps(claims()).encode())}.AAAA", NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*claims(), "nbf", "name", "shop"]), JSON))
def test_signed_garbage_is_let_in_or_refused_but_never_breaks(changed: dict[str, Any]) -> None:
    token = signed(json.dumps({**claims(), **changed}).encode())
    try:
        identity = Verifier(SETTINGS).verify(token, NOW)
    except (Unauthorized, TokenExpired):
        return
    assert 0 < len(identity.user) <= 128


def test_fractions_of_a_second_count(plain: Verifier) -> None:
    identity = plain.verify(signed(claims(iat=NOW / 1000 + 0.25, exp=NOW / 1000 + 9.5)), NOW + 250)
    assert (identity.issued_at, identity.expires_at) == (NOW + 250, NOW + 9500)


def test_several_audiences_may_be_named(plain: Verifier) -> None:
    assert plain.verify(signed(claims(aud=["else", "chatserver"])), NOW)


def test_empty_name_and_shop_are_none(plain: Verifier) -> None:
    identity = plain.verify(signed(claims(name="", shop="")), NOW)
    assert (identity.name, identity.shop) == (None, None)


def test_a_refusal_repeats_nothing_of_the_token(plain: Verifier) -> None:
    for changed in ({"sub": "canary canary"}, {"role": "canary"}, {"exp": "canary"}):
        with pytest.raises(Unauthorized) as refusal:
            plain.verify(signed(claims(**changed)), NOW)
        assert "canary" not in str(refusal.value.to_wire())
