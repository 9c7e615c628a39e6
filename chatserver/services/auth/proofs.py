"""Signatures that were found good, so that a client that comes back costs no second look."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import jwt
from msgspec import Struct

from chatserver.domain.person import Identity

REMEMBERED = 50_000  # tokens, of at most 1 KB each in memory


class Proof(Struct, frozen=True, gc=False):
    """What a token says and which key signed it: true for as long as the key is one of ours.

    Times are milliseconds since 1970 UTC, exactly as the token has them. Whether they fit the
    present moment, and whether the token was revoked, is another question each time.
    """

    key: jwt.PyJWK
    identity: Identity
    issued: float
    begins: float
    expires: float


class Proofs:
    """The proofs used last, by the hash of their token: the tokens themselves are not kept."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._proofs: OrderedDict[bytes, Proof] = OrderedDict()

    def get(self, token: str) -> Proof | None:
        """The proof remembered for a token."""
        mark = _mark(token)
        proof = self._proofs.get(mark)
        if proof is not None:
            self._proofs.move_to_end(mark)
        return proof

    def put(self, token: str, proof: Proof) -> None:
        """Remember the proof for a token; beyond the limit the one longest unused is forgotten."""
        mark = _mark(token)
        self._proofs[mark] = proof
        self._proofs.move_to_end(mark)
        if len(self._proofs) > self._remembered:
            self._proofs.popitem(last=False)


def _mark(token: str) -> bytes:
    # a token has no character that cannot be encoded; what has one is none, nor is its mark
    return hashlib.blake2b(token.encode(errors="replace"), digest_size=32).digest()
