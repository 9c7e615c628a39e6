"""Signed proofs of who we are: for Google's and Apple's servers, and for those of browsers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

from chatserver.config import SettingsError


class Signer:
    """A private key that signs JSON Web Tokens by one algorithm."""

    def __init__(self, pem: str, algorithm: str, headers: Mapping[str, str] | None = None) -> None:
        """Read the key, once.

        Raises:
            SettingsError: it is none of that algorithm; what it says is not repeated.
        """
        try:
            known = jwt.get_algorithm_by_name(algorithm)
            self._key = known.prepare_key(pem)
            jwt.encode({}, self._key, algorithm)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            raise SettingsError(f"that is no private key for {algorithm}") from None
        self._algorithm = algorithm
        self._headers = dict(headers or {})

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token that says this."""
        return jwt.encode(dict(claims), self._key, self._algorithm, headers=self._headers)
