"""Message encryption for Web Push, RFC 8291, in the content coding aes128gcm, RFC 8188.

With `cryptography` itself: the libraries for this come as source packages without types, and what
they add to it is this page. The tests hold it against the RFC's own example.
"""

from __future__ import annotations

import base64
import binascii
import os
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chatserver.config import SettingsError

RECORD_BYTES = 4096  # a push service need not take more, RFC 8030 section 7.2
CONTENT_MAX = RECORD_BYTES - 86 - 16 - 1  # without header, tag and the delimiter of the last record
_LAST = b"\x02"


class WrongKeys(Exception):
    """The keys of a subscription are none."""


def encrypt(
    content: bytes,
    p256dh: str,
    auth: str,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """Content that only the browser with these keys can read, for at most `CONTENT_MAX` bytes.

    `salt` and `sender` are made anew each time; tests give those of the RFC.

    Raises:
        WrongKeys: they are no keys.
    """
    sender = sender or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    try:
        receiver = _decode(p256dh)
        shared = sender.exchange(ec.ECDH(), _point(receiver))
        secret = _decode(auth)
    except (ValueError, binascii.Error):
        raise WrongKeys from None
    own = _raw(sender.public_key())
    ikm = _hkdf(shared, secret, b"WebPush: info\x00" + receiver + own, 32)
    key = _hkdf(ikm, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _hkdf(ikm, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + struct.pack("!IB", RECORD_BYTES, len(own)) + own
    return header + AESGCM(key).encrypt(nonce, content + _LAST, None)


def new_private_key() -> str:
    """A key of the curve P-256, as PEM: what a server proves itself with to push services."""
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_key(pem: str) -> str:
    """The public part of such a key, as browsers want it: the point, uncompressed, in base64url.

    Raises:
        SettingsError: it is no such key.
    """
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        raise SettingsError("that is no private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise SettingsError("the key must be of the curve P-256")
    return base64.urlsafe_b64encode(_raw(key.public_key())).rstrip(b"=").decode()


def _point(raw: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)


def _raw(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _decode(text: str) -> bytes:
    stripped = text.rstrip("=")
    return base64.urlsafe_b64decode(stripped + "=" * (-len(stripped) % 4))
