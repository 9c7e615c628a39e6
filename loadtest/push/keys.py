"""Keys as the services hold them, and what only a browser can read."""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chatserver.domain.push.notification import WebKeys


def public(pem: str) -> ec.EllipticCurvePublicKey:
    """The public half of a private key."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101
    return key.public_key()


def point(raw: bytes) -> ec.EllipticCurvePublicKey:
    """The public key of an uncompressed point."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)


def encoded(raw: bytes) -> str:
    """Base64url without its padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of base64url, with or without its padding."""
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


class Browser:
    """A subscription's secret side."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)
        self._point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    @property
    def keys(self) -> WebKeys:
        """What `PushSubscription.toJSON()` gives."""
        return WebKeys(p256dh=encoded(self._point), auth=encoded(self._auth))

    def decrypt(self, body: bytes) -> bytes:
        """What was sent, by RFC 8188 and 8291.

        Raises:
            cryptography.exceptions.InvalidTag: it was not for this browser.
        """
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self._key.exchange(ec.ECDH(), point(sender))
        ikm = _hkdf(shared, self._auth, b"WebPush: info\x00" + self._point + sender, 32)
        key = _hkdf(ikm, salt, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _hkdf(ikm, salt, b"Content-Encoding: nonce\x00", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        content, last, _padding = padded.rpartition(b"\x02")
        if last != b"\x02":
            raise ValueError("the last record has no delimiter")
        return content


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
