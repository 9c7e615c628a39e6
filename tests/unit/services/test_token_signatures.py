"""A token counts only with the signature of a known key, made as that key makes them."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from chatserver.config import Settings
from chatserver.errors import Unauthorized
from chatserver.services.auth import Verifier
from tests.unit.services.tokens import (
    ALGORITHMS,
    EC,
    ED,
    NOW,
    RSA,
    SECRET,
    SETTINGS,
    b64,
    claims,
    signed,
    signed_by,
)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_kind_of_key_works(verifier: Verifier, algorithm: str) -> None:
    assert verifier.verify(signed_by(algorithm, algorithm), NOW).user == "mei"


@pytest.mark.parametrize(
    ("algorithm", "kid"),
    [(algorithm, kid) for algorithm in ALGORITHMS for kid in ALGORITHMS if algorithm != kid],
)
def test_a_key_takes_only_its_own_algorithm(verifier: Verifier, algorithm: str, kid: str) -> None:
    with pytest.raises(Unauthorized):
        verifier.verify(signed_by(algorithm, kid), NOW)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_stronger_algorithm_of_the_same_secret_is_refused(
    plain: Verifier, algorithm: str
) -> None:
    token = jwt.api_jws.encode(json.dumps(claims()).encode(), SECRET * 3, algorithm)
    with pytest.raises(Unauthorized):
        plain.verify(token, NOW)


@pytest.mark.parametrize("key", [ED, EC, RSA])
@pytest.mark.parametrize("kid", [None, "EdDSA", "ES256", "RS256"])
@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
def test_a_public_key_is_no_secret(
    verifier: Verifier, key: Any, kid: str | None, encoding: serialization.Encoding
) -> None:
    public = key.public_key().public_bytes(
        encoding, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = b64(json.dumps({"alg": "HS256", **({"kid": kid} if kid else {})}).encode())
    signing_input = f"{header}.{b64(json.dumps(claims()).encode())}"
    token = f"{signing_input}.{b64(hmac.digest(public, signing_input.encode(), 'sha256'))}"
    with pytest.raises(Unauthorized):
        verifier.verify(token, NOW)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 7, ["HS256"], {}])
@pytest.mark.parametrize("signature", ["", "e30"])
def test_an_unsigned_token_is_refused(plain: Verifier, algorithm: Any, signature: str) -> None:
    header = b64(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
    with pytest.raises(Unauthorized):
        plain.verify(f"{header}.{b64(json.dumps(claims()).encode())}.{signature}", NOW)


@pytest.mark.parametrize(
    "kid", ["unknown", "", "../../../../dev/null", "/etc/passwd", "' or 1=1", "\0", "k" * 2000]
)
def test_an_unknown_kid_is_refused(verifier: Verifier, kid: str) -> None:
    with pytest.raises(Unauthorized):
        verifier.verify(signed(kid=kid), NOW)


@pytest.mark.parametrize("kid", [None, 7, 1.5, True, [], ["RS256"], {"a": 1}])
def test_a_kid_that_is_no_text_is_refused(verifier: Verifier, kid: Any) -> None:
    header = b64(json.dumps({"alg": "HS256", "kid": kid}).encode())
    with pytest.raises(Unauthorized):
        verifier.verify(f"{header}.{b64(json.dumps(claims()).encode())}.AAAA", NOW)


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": False}, {"crit": ["b64"], "b64": False}],
)
def test_critical_extensions_are_refused(plain: Verifier, header: dict[str, Any]) -> None:
    head = b64(json.dumps({"alg": "HS256", **header}).encode())
    signing_input = f"{head}.{b64(json.dumps(claims()).encode())}"
    signature = hmac.digest(SECRET.encode(), signing_input.encode(), "sha256")
    token = f"{signing_input}.{b64(signature)}"
    with pytest.raises(Unauthorized):
        plain.verify(token, NOW)


def test_a_token_has_one_spelling(plain: Verifier) -> None:
    token = signed()
    header, payload, signature = token.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = last[last.index(signature[-1]) ^ 1]
    spellings = [
        f"{token}=", f"{token}==", f"{header}.{payload}=.{signature}", f" {token}", f"{token}\n",
        f"{header}.{payload}.{signature[:-1]}{twin}", f"{header}=.{payload}.{signature}",
        token.replace("-", "+").replace("_", "/") + "+", f"{token}.", f".{token}", f"{token}.e30",
        f"{header}.{payload}", "", ".", "..", "...", "é.é.é",
    ]  # fmt: skip
    for spelling in spellings:
        with pytest.raises(Unauthorized):
            plain.verify(spelling, NOW)


def test_a_long_token_is_refused_unread(plain: Verifier) -> None:
    fits = signed(claims(padding="x" * 2500))
    assert len(fits) <= 4096
    assert plain.verify(fits, NOW).user == "mei"
    with pytest.raises(Unauthorized, match="too long"):
        plain.verify(signed(claims(padding="x" * 4096)), NOW)


@pytest.mark.parametrize("token", [None, 7, b"a.b.c", ["a.b.c"], {}])
def test_what_is_no_text_is_refused(plain: Verifier, token: Any) -> None:
    with pytest.raises(Unauthorized):
        plain.verify(token, NOW)


@given(st.text(max_size=200) | st.text("eyJ0.-_=", max_size=60))
def test_garbage_is_refused(token: str) -> None:
    with pytest.raises(Unauthorized):
        Verifier(SETTINGS).verify(token, NOW)


@given(st.binary(max_size=80), st.binary(max_size=200), st.binary(max_size=40))
def test_well_formed_garbage_is_refused(header: bytes, payload: bytes, signature: bytes) -> None:
    with pytest.raises(Unauthorized):
        Verifier(SETTINGS).verify(f"{b64(header)}.{b64(payload)}.{b64(signature)}", NOW)


def test_only_a_token_that_was_good_expires(plain: Verifier) -> None:
    header, payload, _ = signed().split(".")
    with pytest.raises(Unauthorized):
        plain.verify(f"{header}.{payload}.{b64(b'x' * 32)}", NOW + 10**9)


def test_without_a_secret_a_token_without_a_kid_is_refused(keys_file: Path) -> None:
    with pytest.raises(Unauthorized):
        Verifier(Settings(jwt_keys_file=str(keys_file))).verify(signed(), NOW)
