"""What nodes tell clients of the push file; they send nothing, and load none of what does."""

from __future__ import annotations

from msgspec import Struct

from chatserver.config import Settings
from chatserver.domain.push.notification import PROVIDERS, ProviderKind
from chatserver.providers.push.config import Web, read
from chatserver.providers.push.encryption import public_key


class Offer(Struct, frozen=True):
    """What people can be notified by; `web_key` is what browsers subscribe with, if they can, and
    `allow_private` whether their push services may be on this machine or nearby."""

    kinds: tuple[ProviderKind, ...] = ()
    web_key: str = ""
    allow_private: bool = False


def offered(settings: Settings) -> Offer:
    """What the push file offers; reads no secret but the key for browsers.

    Raises:
        SettingsError: the file, or that key, cannot be used.
    """
    if not settings.push_file:
        return Offer()
    file = read(settings.push_file)
    known = {each.kind for each in file.provider}
    browsers = [each for each in file.provider if isinstance(each, Web)]
    return Offer(
        kinds=tuple(kind for kind in PROVIDERS if kind in known),
        web_key=public_key(browsers[0].key.read()) if browsers else "",
        allow_private=any(each.allow_private for each in browsers),
    )
