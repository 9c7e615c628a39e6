"""Which keys are taken, and how they are exchanged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chatserver.config import Settings, SettingsError
from chatserver.domain.person import Person
from chatserver.errors import Unauthorized
from chatserver.services.auth import Verifier, mint
from chatserver.services.auth.keys import Keys
from tests.unit.services.tokens import (
    ALGORITHMS,
    EC,
    ED,
    NOW,
    RSA,
    b64,
    jwk,
    signed_by,
    write_keys,
)


@pytest.mark.parametrize("secret", ["", "short", "x" * 31])
def test_a_weak_or_missing_secret_is_refused_at_start(secret: str) -> None:
    with pytest.raises(SettingsError, match="CHAT_JWT_KEY"):
        Keys(secret, "")


@pytest.mark.parametrize("key", [ED, EC, RSA])
def test_a_public_key_as_secret_is_refused_at_start(key: Any) -> None:
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(SettingsError, match="CHAT_JWT_KEY is a public key"):
        Keys(pem.decode(), "")


def test_a_secret_may_be_of_any_letters() -> None:
    settings = Settings(jwt_key="密" * 11)
    token = mint(settings, Person(user="mei", name="", role="bot"), ttl_s=60, now_ms=NOW)
    assert Verifier(settings).verify(token, NOW).user == "mei"


PUBLIC = RSA.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
WEAK_RSA = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    "member",
    [
        {}, {"kty": "RSA"}, {"kty": "oct", "k": "AAAA"}, {"kty": "oct"}, {"kty": ["oct"]},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed448", "x": "AA"},
        jwk("RS256", "k", alg="RS512"), jwk("RS256", "k", alg="HS256"),
        jwk("HS256", "k", alg="none"),
        jwk("ES256", "k", use="enc"), jwk("EdDSA", "k", x="!"), jwk("ES256", "k", x=7),
        {"kty": "oct", "k": b64(PUBLIC)},
        jwt.get_algorithm_by_name("RS256").to_jwk(WEAK_RSA.public_key(), as_dict=True),
        jwt.get_algorithm_by_name("ES384").to_jwk(
            ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True
        ),
    ],
)  # fmt: skip
def test_an_unusable_key_is_named_at_start(tmp_path: Path, member: dict[str, Any]) -> None:
    file = tmp_path / "keys.json"
    write_keys(file, {**member, "kid": "odd one"})
    with pytest.raises(SettingsError, match="odd one"):
        Keys("", str(file))


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"keys": 7}', '{"keys": []}', '{"keys": [7]}', '{"keys": [{"kid": 7}]}',
     "[" * 5000, '{"keys": [{"kty": "oct"}]}'],
)  # fmt: skip
def test_a_file_that_holds_no_keys_is_refused_at_start(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(SettingsError, match=r"keys\.json"):
        Keys("", str(file))


def test_a_missing_file_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        Keys("", str(tmp_path / "none.json"))


def test_two_keys_of_one_kid_are_refused(tmp_path: Path) -> None:
    write_keys(tmp_path / "keys.json", jwk("EdDSA", "same"), jwk("ES256", "same"))
    with pytest.raises(SettingsError, match="no other key"):
        Keys("", str(tmp_path / "keys.json"))


def test_the_algorithm_follows_from_the_type_of_the_key(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    write_keys(file, *({**jwk(name, name), "alg": name} for name in ALGORITHMS))
    bare = json.loads(file.read_text())
    for member in bare["keys"]:
        del member["alg"]
    file.write_text(json.dumps(bare))
    keys = Keys("", str(file))
    assert [keys.find(name, NOW).algorithm_name for name in ALGORITHMS] == list(ALGORITHMS)


def test_a_private_key_in_the_file_serves_as_its_public_half(tmp_path: Path) -> None:
    private = jwt.get_algorithm_by_name("RS256").to_jwk(RSA, as_dict=True)
    write_keys(tmp_path / "keys.json", {**private, "kid": "k"})
    verifier = Verifier(Settings(jwt_keys_file=str(tmp_path / "keys.json")))
    assert verifier.verify(signed_by("RS256", "k"), NOW).user == "mei"


def test_keys_are_exchanged_while_running(keys_file: Path) -> None:
    keys = Keys("", str(keys_file))
    write_keys(keys_file, jwk("EdDSA", "new"))
    assert keys.find("new", NOW).algorithm_name == "EdDSA"
    with pytest.raises(Unauthorized):
        keys.find("RS256", NOW)


def test_the_file_is_looked_at_once_a_second(keys_file: Path) -> None:
    keys = Keys("", str(keys_file))
    keys.find("RS256", NOW)
    write_keys(keys_file, jwk("EdDSA", "new"))
    with pytest.raises(Unauthorized):
        keys.find("new", NOW + 999)
    assert keys.find("new", NOW + 1000)


def test_bad_new_content_keeps_the_old_keys(keys_file: Path) -> None:
    keys = Keys("", str(keys_file))
    keys_file.write_text("{")
    assert keys.find("RS256", NOW)
    os.remove(keys_file)
    assert keys.find("RS256", NOW + 1000)
    write_keys(keys_file, jwk("EdDSA", "new"))
    assert keys.find("new", NOW + 2000)
