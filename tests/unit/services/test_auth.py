from __future__ import annotations

import base64
import hmac
import json
import os
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from chatserver.config import Settings, SettingsError
from chatserver.domain.person import Identity, Person
from chatserver.errors import TokenExpired, Unauthorized
from chatserver.services.auth import Verifier, mint
from chatserver.services.auth.keys import Keys

NOW = 1_790_000_000_000
SECRET = "the secret of one shop, long enough"
SETTINGS = Settings(jwt_key=SECRET)
ED = ed25519.Ed25519PrivateKey.generate()
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ALGORITHMS: dict[str, Any] = {"EdDSA": ED, "ES256": EC, "RS256": RSA, "HS256": b"h" * 32}


def claims(**changed: Any) -> dict[str, Any]:
    """Good claims, but for what is changed; None leaves a claim out."""
    good = {
        "sub": "mei", "role": "customer", "iss": "chatserver", "aud": "chatserver",
        "iat": NOW // 1000, "exp": NOW // 1000 + 3600, "jti": "t1", "typ": "access",
    }  # fmt: skip
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def signed(payload: Any = None, **header: Any) -> str:
    body = payload if isinstance(payload, bytes) else json.dumps(payload or claims()).encode()
    return jwt.api_jws.encode(body, SECRET.encode(), headers=header or None)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(algorithm: str, kid: str, **more: Any) -> dict[str, Any]:
    key = ALGORITHMS[algorithm]
    public = key if isinstance(key, bytes) else key.public_key()
    described = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
    return {**described, "kid": kid, "alg": algorithm, **more}


def write_keys(file: Path, *keys: dict[str, Any]) -> None:
    file.write_text(json.dumps({"keys": keys}))


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    write_keys(file, *(jwk(algorithm, algorithm) for algorithm in ALGORITHMS))
    return file


@pytest.fixture
def verifier(keys_file: Path) -> Verifier:
    return Verifier(Settings(jwt_key=SECRET, jwt_keys_file=str(keys_file)))


@pytest.fixture(scope="module")
def plain() -> Verifier:
    return Verifier(SETTINGS)


def test_a_good_token_tells_who_it_is(plain: Verifier) -> None:
    token = signed(claims(name="陈小美", shop="s1"))
    assert plain.verify(token, NOW) == Identity(
        user="mei", role="customer", token_id="t1", issued_at=NOW, expires_at=NOW + 3_600_000,
        name="陈小美", shop="s1",
    )  # fmt: skip


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_kind_of_key_works(verifier: Verifier, algorithm: str) -> None:
    body = json.dumps(claims()).encode()
    token = jwt.api_jws.encode(body, ALGORITHMS[algorithm], algorithm, {"kid": algorithm})
    assert verifier.verify(token, NOW).user == "mei"


@pytest.mark.parametrize(
    ("algorithm", "kid"),
    [(algorithm, kid) for algorithm in ALGORITHMS for kid in ALGORITHMS if algorithm != kid],
)
def test_a_key_takes_only_its_own_algorithm(verifier: Verifier, algorithm: str, kid: str) -> None:
    body = json.dumps(claims()).encode()
    token = jwt.api_jws.encode(body, ALGORITHMS[algorithm], algorithm, {"kid": kid})
    with pytest.raises(Unauthorized):
        verifier.verify(token, NOW)


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


@pytest.mark.parametrize("after_ms", [0, 3_599_999, 3_601_999])
def test_a_token_counts_until_its_end_and_the_leeway(plain: Verifier, after_ms: int) -> None:
    assert plain.verify(signed(), NOW + after_ms).user == "mei"


def test_afterwards_it_has_expired(plain: Verifier) -> None:
    with pytest.raises(TokenExpired):
        plain.verify(signed(), NOW + 3_602_000)


def test_only_a_token_that_was_good_expires(plain: Verifier) -> None:
    header, payload, _ = signed().split(".")
    with pytest.raises(Unauthorized):
        plain.verify(f"{header}.{payload}.{b64(b'x' * 32)}", NOW + 10**9)


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
    token = jwt.api_jws.encode(json.dumps(claims()).encode(), RSA, "RS256", {"kid": "k"})
    assert verifier.verify(token, NOW).user == "mei"


def test_without_a_secret_a_token_without_a_kid_is_refused(keys_file: Path) -> None:
    with pytest.raises(Unauthorized):
        Verifier(Settings(jwt_keys_file=str(keys_file))).verify(signed(), NOW)


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
