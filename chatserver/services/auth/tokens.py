"""Reading tokens and making them.

PyJWT's algorithms check signatures, each once; form, claims and times are checked here, against
the caller's clock.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import Annotated, Any, Literal

import jwt
import msgspec
from msgspec import Meta, Struct

from chatserver.config import Settings, SettingsError
from chatserver.domain.person import Identity, Person, Role, UserId
from chatserver.errors import TokenExpired, Unauthorized
from chatserver.services.auth.keys import Keys, secret_key
from chatserver.services.auth.proofs import Proof, Proofs

TOKEN_BYTES_MAX = 4096
HEADERS_REMEMBERED = 256

_UP_TO_YEAR_9999 = Meta(ge=0, le=253_402_300_799)
Seconds = Annotated[int, _UP_TO_YEAR_9999] | Annotated[float, _UP_TO_YEAR_9999]
Text = Annotated[str, Meta(max_length=128, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
TokenId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x20\x7f]+\Z")]

_jws = jwt.PyJWS()


class _Claims(Struct, frozen=True, kw_only=True, omit_defaults=True):
    sub: UserId
    role: Role
    iss: str
    aud: str | list[str]
    iat: Seconds
    exp: Seconds
    jti: TokenId
    typ: Literal["access"]
    nbf: Seconds | None = None
    name: Text | None = None
    shop: Text | None = None


class Verifier:
    """Tells from a token who its bearer is."""

    def __init__(self, settings: Settings) -> None:
        """Read the keys.

        Raises:
            SettingsError: there are none, or they cannot be used.
        """
        self._keys = Keys(settings.jwt_key, settings.jwt_keys_file)
        self._proofs = Proofs()
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._leeway = settings.jwt_leeway_ms
        self.lifetime_max_ms = settings.jwt_lifetime_max_ms

    def verify(self, token: str, now: int) -> Identity:
        """The identity that a token proves at `now` (milliseconds since 1970 UTC).

        Raises:
            Unauthorized: it proves nothing.
            TokenExpired: it did, but its time is over.
        """
        if not isinstance(token, str) or len(token) > TOKEN_BYTES_MAX:
            raise Unauthorized("The token is missing or too long")
        proof = self._proofs.get(token)
        if proof is None or not self._keys.holds(proof.key, now):
            proof = self._prove(token, now)
            self._proofs.put(token, proof)
        self._check_times(proof, now)
        return proof.identity

    def _prove(self, token: str, now: int) -> Proof:
        if token.count(".") != 2:
            raise Unauthorized("The token is not a JWT")
        key, payload = _key_and_payload(token, self._keys, now)
        claims = _claims(payload)
        self._check_parties(claims)
        return Proof(
            key=key,
            identity=_identity(claims),
            issued=claims.iat * 1000,
            begins=max(claims.iat, claims.nbf or 0) * 1000,
            expires=claims.exp * 1000,
        )

    def _check_parties(self, claims: _Claims) -> None:
        if claims.iss != self._issuer:
            raise Unauthorized("The token's iss is not the one this server expects")
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if self._audience not in audience:
            raise Unauthorized("The token's aud is not the one this server expects")

    def _check_times(self, proof: Proof, now: int) -> None:
        if proof.begins > now + self._leeway:
            raise Unauthorized("The token is not valid yet")
        if not 0 < proof.expires - proof.issued <= self.lifetime_max_ms:
            raise Unauthorized("The token is valid for longer than this server accepts")
        if proof.expires <= now - self._leeway:
            raise TokenExpired


def mint(
    settings: Settings, person: Person, *, ttl_s: int, now_ms: int, token_id: str | None = None
) -> str:
    """A token for a person, signed with the configured secret; an empty name is left out.

    Raises:
        SettingsError: there is no secret, or the server would not take such a token.
    """
    if not settings.jwt_key:
        raise SettingsError("CHAT_JWT_KEY is not set, so no token can be made")
    if not 0 < ttl_s * 1000 <= settings.jwt_lifetime_max_ms:
        raise SettingsError("The server would refuse a token that lives as long as this")
    issued = now_ms // 1000
    claims = {
        "sub": person.user, "role": person.role, "iss": settings.jwt_issuer,
        "aud": settings.jwt_audience, "iat": issued, "exp": issued + ttl_s,
        "jti": token_id or secrets.token_urlsafe(12), "typ": "access",
        "name": person.name or None, "shop": person.shop,
    }  # fmt: skip
    try:
        payload = msgspec.json.encode(msgspec.convert(claims, _Claims))
    except msgspec.ValidationError as error:
        raise SettingsError(f"The server would refuse this token: {_blame(error)}") from None
    return jwt.api_jws.encode(payload, secret_key(settings.jwt_key))


def _key_and_payload(token: str, keys: Keys, now: int) -> tuple[jwt.PyJWK, bytes]:
    """What the token carries, once its signature fits; the header only chooses the key."""
    try:
        header = _header(token.partition(".")[0])
        key = keys.find(header.get("kid"), now)
        return key, _signed_payload(token, header.get("alg"), key)
    except (jwt.PyJWTError, ValueError) as error:
        raise Unauthorized("The token's form or signature is wrong") from error


def _signed_payload(token: str, algorithm: object, key: jwt.PyJWK) -> bytes:
    signed, _, signature = token.rpartition(".")
    if algorithm != key.algorithm_name:  # the key decides, whatever the token says
        raise jwt.InvalidAlgorithmError
    if not key.Algorithm.verify(signed.encode(), key.key, _bytes_of(signature)):
        raise jwt.InvalidSignatureError
    return _bytes_of(signed.partition(".")[2])


@lru_cache(HEADERS_REMEMBERED)
def _header(segment: str) -> dict[str, Any]:
    """A token's header: the same one for all that an issuer signs with one key.

    Raises:
        ValueError, jwt.PyJWTError: it is none, or asks for an extension.
    """
    _bytes_of(segment)
    header = _jws.get_unverified_header(segment + "..")
    if "crit" in header or "b64" in header:
        raise ValueError("Extensions of the header are not known here")
    return header


def _bytes_of(segment: str) -> bytes:
    """What a segment stands for.

    Raises:
        ValueError: it is not base64, or spelled in another way than the usual one: with padding,
            blanks, characters of the other alphabet, or bits that mean nothing.
    """
    content = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if urlsafe_b64encode(content).rstrip(b"=") != segment.encode():
        raise ValueError("Not the one spelling")
    return content


def _claims(payload: bytes) -> _Claims:
    try:
        return msgspec.json.decode(payload, type=_Claims)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unauthorized(f"The token's claims are wrong: {_blame(error)}") from None


def _blame(error: Exception) -> str:
    """Which claim it is, without repeating what it says."""
    reason, _, path = str(error).partition(" - at `$.")
    if "missing required field" in reason:
        return f"{reason.split('`')[1]} is missing"
    return f"{path.rstrip('`')} is not usable" if path else "this is not a set of claims"


def _identity(claims: _Claims) -> Identity:
    return Identity(
        user=claims.sub,
        role=claims.role,
        token_id=claims.jti,
        issued_at=int(claims.iat * 1000),
        expires_at=int(claims.exp * 1000),
        name=claims.name or None,
        shop=claims.shop or None,
    )
