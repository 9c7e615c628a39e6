"""Tokens and keys for the tests, good ones but for what a test changes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from chatserver.config import Settings

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


def signed_by(algorithm: str, kid: str, payload: Any = None) -> str:
    """A token signed by one of `ALGORITHMS`, which claims to be of the key `kid`."""
    body = json.dumps(payload or claims()).encode()
    return jwt.api_jws.encode(body, ALGORITHMS[algorithm], algorithm, {"kid": kid})
