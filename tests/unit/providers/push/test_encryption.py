"""The examples of the RFCs, to the byte."""

from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chatserver.config import SettingsError
from chatserver.providers.push import encryption
from chatserver.providers.push.encryption import WrongKeys, encrypt, new_private_key, public_key
from chatserver.providers.push.signing import Signer
from loadtest.push.keys import Browser, decoded, encoded, point

# RFC 8291, section 5 and appendix A
PLAIN = b"When I grow up, I want to be a watermelon"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
# RFC 8292, section 2.4
TOKEN = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2"
    "guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwd"
    "XNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2"
    "rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA"
)
KEY = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
CLAIMS = {"aud": "https://push.example.net", "exp": 1453523768, "sub": "mailto:push@example.com"}


def sender() -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(decoded(SENDER), "big")
    return ec.derive_private_key(number, ec.SECP256R1())


def test_the_example_of_rfc_8291_comes_out_to_the_byte() -> None:
    assert encoded(encrypt(PLAIN, RECEIVER, AUTH, decoded(SALT), sender())) == BODY


def test_the_proof_of_rfc_8292_is_read_as_our_own_proofs_are() -> None:
    pem = new_private_key()
    ours = Signer(pem, "ES256").sign(CLAIMS)
    for token, key in ((TOKEN, KEY), (ours, public_key(pem))):
        said = jwt.decode(
            token,
            point(decoded(key)),
            algorithms=["ES256"],
            audience=CLAIMS["aud"],
            options={"verify_exp": False},
        )
        assert said == CLAIMS
        assert jwt.get_unverified_header(token) == {"typ": "JWT", "alg": "ES256"}


def test_only_the_browser_reads_it_and_the_longest_fits_a_record() -> None:
    browser = Browser()
    content = b"x" * encryption.CONTENT_MAX
    body = encrypt(content, browser.keys.p256dh, browser.keys.auth)
    assert len(body) == encryption.RECORD_BYTES
    assert browser.decrypt(body) == content
    assert content not in body
    assert encrypt(content, browser.keys.p256dh, browser.keys.auth) != body


@pytest.mark.parametrize("p256dh", ["", "AAAA", "!!", RECEIVER[:-4], "B" + "A" * 86])
def test_keys_that_are_none_are_told_from_others(p256dh: str) -> None:
    with pytest.raises(WrongKeys):
        encrypt(PLAIN, p256dh, AUTH)


def test_a_key_that_is_none_is_refused_without_repeating_it() -> None:
    for make in (public_key, lambda pem: Signer(pem, "ES256"), lambda pem: Signer(pem, "RS256")):
        with pytest.raises(SettingsError) as refusal:
            make("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----")
        assert "secret" not in str(refusal.value)
