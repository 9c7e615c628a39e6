"""The keys that sign tokens."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import jwt
import msgspec
import structlog

from chatserver.config import SettingsError
from chatserver.errors import Unauthorized

SECRET_BYTES_MIN = 32
FILE_CHECK_MS = 1000
ALGORITHM = {"oct": "HS256", "OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}
_PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})

log = structlog.get_logger()


class Keys:
    """The keys that may have signed a token, each with the one algorithm it is for.

    The secret is the key without a `kid`; those of the file are found by their `kid`, in memory.
    The file is read again when it changed; while its new content is bad the old keys stay.
    """

    def __init__(self, secret: str, file: str) -> None:
        """Take the secret (may be empty) and read the JWKS file (may be empty).

        Raises:
            SettingsError: neither is there, or one of them cannot be used.
        """
        self._secret = secret_key(secret) if secret else None
        self._file = Path(file) if file else None
        self._by_kid = _read_keys(self._file) if self._file else {}
        self._version = _version(self._file)
        self._checked_at = 0
        if self._secret is None and self._file is None:
            raise SettingsError("CHAT_JWT_KEY is not set, so no token could be checked")

    def find(self, kid: str | None, now: int) -> jwt.PyJWK:
        """The key of this id, or without one the secret.

        Raises:
            Unauthorized: there is none.
        """
        key = self._secret if kid is None else self._of_file(kid, now)
        if key is None:
            raise Unauthorized("The token was signed with a key that this server does not know")
        return key

    def holds(self, key: jwt.PyJWK, now: int) -> bool:
        """Whether a key that was found before is still one of these."""
        known = self._secret if key.key_id is None else self._of_file(key.key_id, now)
        return known is key

    def _of_file(self, kid: str, now: int) -> jwt.PyJWK | None:
        if abs(now - self._checked_at) >= FILE_CHECK_MS:
            self._checked_at = now
            self._reread()
        return self._by_kid.get(kid)

    def _reread(self) -> None:
        version = _version(self._file)
        if self._file is None or version == self._version:
            return
        self._version = version
        try:
            self._by_kid = _read_keys(self._file)
        except SettingsError as error:
            log.error("the key file is not usable, the old keys stay", reason=str(error))
        else:
            log.info("keys read again", kids=sorted(self._by_kid))


def secret_key(secret: str) -> jwt.PyJWK:
    """The HS256 key behind the setting `jwt_key`.

    Raises:
        SettingsError: it is too short, or no secret at all.
    """
    raw = secret.encode()
    if len(raw) < SECRET_BYTES_MIN:
        raise SettingsError(
            f"CHAT_JWT_KEY has {len(raw)} bytes, it needs {SECRET_BYTES_MIN} or more"
        )
    encoded = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    key = jwt.PyJWK({"kty": "oct", "k": encoded}, "HS256")
    try:
        key.Algorithm.prepare_key(key.key)
    except jwt.InvalidKeyError:  # a public key is known to everybody
        raise SettingsError("CHAT_JWT_KEY is a public key, it must be a secret") from None
    return key


def _version(file: Path | None) -> tuple[int, ...]:
    """Changes whenever the file does; () while it cannot be seen."""
    try:
        seen = file.stat() if file else None
    except OSError:
        seen = None
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino) if seen else ()


def _read_keys(file: Path) -> dict[str, jwt.PyJWK]:
    try:
        content = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        listed = msgspec.convert(content.get("keys"), list[dict[str, Any]])
    except OSError as error:
        raise SettingsError(f"cannot read the key file {file}: {error.strerror}") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise SettingsError(f"{file} is not a JWKS file: {error}") from None
    keys: dict[str, jwt.PyJWK] = {}
    for position, member in enumerate(listed):
        kid = member.get("kid")
        if not isinstance(kid, str) or not kid or kid in keys:
            raise SettingsError(f"key {position} of {file} needs a kid that no other key has")
        keys[kid] = _read_key(member, f"key {kid!r} of {file}")
    if not keys:
        raise SettingsError(f"{file} holds no keys")
    return keys


def _read_key(member: dict[str, Any], which: str) -> jwt.PyJWK:
    kind = member.get("kty")
    algorithm = ALGORITHM.get(kind) if isinstance(kind, str) else None
    if algorithm is None or member.get("alg", algorithm) != algorithm:
        pairs = ", ".join(f"{kty} for {alg}" for kty, alg in ALGORITHM.items())
        raise SettingsError(f"{which} has a kty and alg that are not taken; these are: {pairs}")
    if member.get("use", "sig") != "sig":
        raise SettingsError(f"{which} is not for signatures")
    public = member if kind == "oct" else _without_private_parts(member)
    try:
        key = jwt.PyJWK(public, algorithm)
        # here and not at every signature
        prepared = key.Algorithm.prepare_key(key.key)
        weakness = key.Algorithm.check_key_length(prepared) or _wrong_curve(key)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        raise SettingsError(f"{which} cannot be read") from None
    if weakness:
        raise SettingsError(f"{which}: {weakness}")
    return key


def _without_private_parts(member: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in member.items() if name not in _PRIVATE_PARTS}


def _wrong_curve(key: jwt.PyJWK) -> str:
    """EdDSA and ES256 each go with one curve; the JWK may name another of the same type."""
    curve = {"EdDSA": "Ed25519", "ES256": "P-256"}.get(key.algorithm_name)
    named = key._jwk_data.get("crv")
    return "" if curve in (None, named) else f"the curve must be {curve}"
