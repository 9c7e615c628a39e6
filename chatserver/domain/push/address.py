"""Which addresses a device may name for its notifications."""

from __future__ import annotations

import re

from yarl import URL

from chatserver.domain.links import check_public
from chatserver.domain.push.notification import Address
from chatserver.errors import Invalid

_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")
_APPLE = re.compile(r"([0-9A-Fa-f]{2}){32,128}\Z")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_address(address: Address, *, allow_private: bool = False) -> None:
    """See that an address is one of its provider's form.

    A phone number is none of a device: people tell theirs themselves. Where a browser's address
    leads is looked at again when something is sent there; `allow_private` lets it be on this
    machine, which is for development.

    Raises:
        Invalid: with the path of the bad field.
    """
    if address.provider == "sms":
        raise Invalid("A phone number is set with push.set", path="push.provider")
    if address.provider == "web":
        _check_browser(address, allow_private)
    elif address.keys is not None:
        raise Invalid("Only browsers have keys", path="push.keys")
    elif not _VISIBLE.match(address.token):
        raise Invalid("A token is visible ASCII", path="push.token")
    elif address.provider == "apns" and not _APPLE.match(address.token):
        raise Invalid("A token of Apple's is written in hexadecimal digits", path="push.token")


def _check_browser(address: Address, allow_private: bool) -> None:
    if address.keys is None:
        raise Invalid("A browser's address has keys", path="push.keys")
    if not (allow_private and _is_here(address.token)):
        check_public(address.token, "push.token")


def _is_here(text: str) -> bool:
    if not _VISIBLE.match(text):
        return False
    try:
        url = URL(text)
    except ValueError:
        return False
    return url.scheme in {"http", "https"} and url.host in _LOOPBACK
